/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_POLICY_FILE_H
#define NACRE_POLICY_FILE_H

#include "specs/policy.h"

/* The administrator's file. Its place is fixed: an option or a variable that names another would be
 * a way around it. */
#define POLICY_DIRECTORY "/etc/nacre"

/* Reads policy.json in DIRECTORY. *RET_POLICY, of ARENA, is NULL if there is none. A file that
 * somebody else than root could have written, or that is no regular file, is an error (-EPERM):
 * nothing runs then. */
int policy_load(struct arena *arena, const char *directory, struct policy **ret_policy,
	struct nacre_error *err);

#endif
