/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIFT_H
#define NACRE_SHIFT_H

#include "libcontainer/life/life.h"
#include "specs/policy.h"

/* For the rule user-namespace, before harden(): whether it can be had for CONFIG, whose bundle is
 * the absolute path BUNDLE, and if so a block of ids, claimed, and the root, mapped. Sets of
 * REQUEST's host first_id and unmapped, or no_shift. What goes wrong otherwise is an error.
 * *RET_SHIFT: the caller's, life_shift_done; nothing is in it where the rule does not hold. */
int shift_look(struct arena *arena, const struct oci_config *config, const char *bundle,
	const struct policy *policy, struct harden_request *request, struct life_shift *ret_shift,
	struct nacre_error *err);

#endif
