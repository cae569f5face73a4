/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIFT_H
#define NACRE_SHIFT_H

#include "libcontainer/life/life.h"
#include "specs/policy.h"

/* For the rule user-namespace, before harden(): checks whether CONFIG, with the absolute path
 * BUNDLE of its bundle, can have it. If so, claims a block of ids and maps the root. Sets first_id
 * and unmapped of REQUEST's host, or no_shift. Any other failure is an error. *RET_SHIFT: the
 * caller ends it with life_shift_done; it is empty if the rule does not apply. */
int shift_look(struct arena *arena, const struct oci_config *config, const char *bundle,
	const struct policy *policy, struct harden_request *request, struct life_shift *ret_shift,
	struct nacre_error *err);

#endif
