/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_EGRESS_H
#define NACRE_POLICY_EGRESS_H

#include "specs/policy.h"

/* What policy.c leaves to policy_egress.c. */

extern const struct struct_type policy_egress_type;

/* Whether the rules of EGRESS (NULL: none) can be read. */
int policy_egress_check(
	struct arena *arena, const struct policy_egress *egress, struct nacre_error *err);

/* Who says what of a container's rules. */
struct policy_egress_request {
	const struct oci_strings *asked; /* by the command line */
	const char *annotation; /* what policy_egress_find() found */
};

/* Whether policy_egress_find() reads the annotation KEY. */
bool policy_egress_has_key(const char *key);

/* Finds the annotation with a container's rules, *RET_VALUE, or NULL: that with the container's
 * name in its key, or else that of the whole pod. -EPERM if others of the pod are named alone,
 * -EINVAL if the container has no name that the key could have. */
int policy_egress_find(
	const struct oci_map *annotations, const char **ret_value, struct nacre_error *err);

/* Sets RET_REQUEST->egress, whose profile and grants are settled. -EPERM, -EINVAL. */
int policy_egress_decide(struct arena *arena, const struct policy *policy,
	const struct policy_egress_request *request, struct harden_request *ret_request,
	struct nacre_error *err);

#endif
