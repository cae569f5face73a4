/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_CGROUPS_H
#define NACRE_MOUNT_CGROUPS_H

#include <sys/types.h>

#include "specs/error.h"

/* Refuses (-EPERM) if a mount of the caller shows a cgroup outside of its own, writable: by writing
 * there a process can leave its cgroup, and with it the eBPF programs attached to that. Checks all
 * mounts that the kernel lists, however they were made. PROC_FD: a procfs in which the caller has a
 * "self". BELOW: 1 if the caller is one level below the cgroup that counts as its own, else 0. */
int mount_cgroups_check(int proc_fd, unsigned below, struct nacre_error *err);

/* Checks the mounts of PID in the same way. CGROUP, as the caller's /proc shows it, counts as its
 * own: PID may have left its cgroup already. The caller makes sure that PID is still the process
 * that is meant. */
int mount_cgroups_check_process(
	int proc_fd, pid_t pid, const char *cgroup, struct nacre_error *err);

#endif
