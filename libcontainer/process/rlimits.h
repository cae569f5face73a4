/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RLIMITS_H
#define NACRE_RLIMITS_H

#include <sys/types.h>

#include "specs/spec.h"

/* Applies LIMITS[I] of process.rlimits with prlimit(2) to PID (0: the caller). Names are as
 * RLIMIT_NOFILE. */
int rlimits_apply(pid_t pid, const struct oci_rlimit *limits, size_t i, struct nacre_error *err);

/* Returns whether the caller may set limits of a process with other ids: prlimit(2),
 * CAP_SYS_RESOURCE. */
bool rlimits_may_limit_others(void);

/* Returns whether NAME is a limit of this kernel's headers. */
bool rlimit_known(const char *name);

/* Names the rlimits of PROCESS that replace limits of a cgroup, as the end of the message "no
 * limits": " but of ...", or "". */
const char *rlimits_in_place_of_cgroup(const struct oci_process *process);

#endif
