/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROGRAM_ENVIRONMENT_H
#define NACRE_PROGRAM_ENVIRONMENT_H

#include "specs/spec.h"

/* Makes process.env a list for execve(2): each name once, the last value wins. HOME is taken from
 * /etc/passwd of the container if it is missing or empty. *RET_ENVP: in ARENA, NULL-terminated. */
int program_environment(struct arena *arena, const struct oci_process *process, char ***ret_envp,
	struct nacre_error *err);

#endif
