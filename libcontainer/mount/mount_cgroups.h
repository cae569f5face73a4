/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_CGROUPS_H
#define NACRE_MOUNT_CGROUPS_H

#include <sys/types.h>

#include "specs/error.h"

/* Whoever can write to a cgroup outside of its own can leave its own, and with it the programs that
 * hang there. Refuses (-EPERM) if the mounts of the caller show such a one, writable: by whatever
 * way they came, as the kernel lists them. PROC_FD: a procfs in which the caller has a "self".
 * BELOW: 1 if the caller is one level below the cgroup that counts as its own, else 0. */
int mount_cgroups_check(int proc_fd, unsigned below, struct nacre_error *err);

/* The same of the mounts of PID, which may have left its cgroup already: CGROUP, as the caller's
 * /proc shows it, counts as its own. The caller sees to it that PID is who is meant. */
int mount_cgroups_check_process(
	int proc_fd, pid_t pid, const char *cgroup, struct nacre_error *err);

#endif
