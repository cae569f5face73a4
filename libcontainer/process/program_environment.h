/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROGRAM_ENVIRONMENT_H
#define NACRE_PROGRAM_ENVIRONMENT_H

#include "specs/spec.h"

/* process.env as execve(2) takes it: each name once, the last one wins; HOME is filled in from
 * /etc/passwd of the container where it is missing or empty. *RET_ENVP: of ARENA, NULL-terminated.
 */
int program_environment(struct arena *arena, const struct oci_process *process, char ***ret_envp,
	struct nacre_error *err);

#endif
