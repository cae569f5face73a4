/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_FILE_H
#define NACRE_POLICY_FILE_H

#include "specs/policy.h"

/* The administrator's policy. Its place is fixed: an option or variable for another place would
 * circumvent it. */
#define POLICY_DIRECTORY "/etc/nacre"

/* Reads policy.json in DIRECTORY. *RET_POLICY: from ARENA; NULL: there is no file. If the file is
 * not regular, or others than root could have written it, that is an error (-EPERM), and nothing
 * runs. */
int policy_load(struct arena *arena, const char *directory, struct policy **ret_policy,
	struct nacre_error *err);

#endif
