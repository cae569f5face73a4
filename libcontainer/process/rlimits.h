/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RLIMITS_H
#define NACRE_RLIMITS_H

#include <sys/types.h>

#include "specs/spec.h"

/* LIMITS[I] of process.rlimits by prlimit(2) on PID (0: the caller). Names as RLIMIT_NOFILE. */
int rlimits_apply(pid_t pid, const struct oci_rlimit *limits, size_t i, struct nacre_error *err);

/* Whether the caller may set limits of a process that has other ids than it has: prlimit(2),
 * CAP_SYS_RESOURCE. */
bool rlimits_may_limit_others(void);

/* Whether NAME is a limit of this kernel's headers. */
bool rlimit_known(const char *name);

/* What PROCESS has in the place of limits of a cgroup, as the end of "no limits": " but of ...", or
 * "". */
const char *rlimits_in_place_of_cgroup(const struct oci_process *process);

#endif
