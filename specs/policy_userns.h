/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_USERNS_H
#define NACRE_POLICY_USERNS_H

#include "specs/id_blocks.h"
#include "specs/policy.h"

/* What policy.c leaves to policy_userns.c. */

extern const struct struct_type policy_userns_type;

/* USERNS: NULL: none. */
int policy_userns_check(const struct policy_userns *userns, struct nacre_error *err);

/* Sets what RET_REQUEST, whose profile and required rules are settled, has of user namespaces.
 * ANNOTATION: the value of ANNOTATION_USERNS, or NULL. -EINVAL. */
int policy_userns_decide(const struct policy *policy, const struct policy_request *asked,
	const char *annotation, struct harden_request *ret_request, struct nacre_error *err);

/* The blocks of ids that containers get. POLICY: NULL: none. */
struct id_blocks_range policy_userns_blocks(const struct policy *policy);

#endif
