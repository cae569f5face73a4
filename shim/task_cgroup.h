/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TASK_CGROUP_H
#define NACRE_SHIM_TASK_CGROUP_H

#include <sys/types.h>

/* Opens the cgroup v2 directory of process PID, with O_PATH. Returns the fd or -errno. */
int task_cgroup_open(pid_t pid);

/* Opens likewise the cgroup that was made for PID, an exec. -ENOENT: it has none of its own. */
int task_cgroup_open_exec(pid_t pid);

/* Moves the caller into the cgroup v2 of this absolute path. Returns 0 or -errno. */
int task_cgroup_enter(const char *path);

/* Kills all processes in it. Takes -1. Returns 0 or -errno. */
int task_cgroup_kill(int cgroup_fd);

#endif
