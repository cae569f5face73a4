/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TASK_CGROUP_H
#define NACRE_SHIM_TASK_CGROUP_H

#include <sys/types.h>

/* The cgroup of cgroup v2 that process PID is in: a directory, O_PATH. Returns the fd or -errno. */
int task_cgroup_open(pid_t pid);

/* Likewise the one of its own that an exec, process PID, was started in. -ENOENT: it has none. */
int task_cgroup_open_exec(pid_t pid);

/* Kills all that is in it. Takes -1. Returns 0 or -errno. */
int task_cgroup_kill(int cgroup_fd);

#endif
