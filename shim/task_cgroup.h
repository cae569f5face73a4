/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TASK_CGROUP_H
#define NACRE_SHIM_TASK_CGROUP_H

#include <stddef.h>
#include <sys/types.h>

/* The cgroup of cgroup v2 that process PID is in: a directory, O_PATH. Returns the fd or -errno. */
int task_cgroup_open(pid_t pid);

/* A file of it, whole, NUL-terminated. Returns the length or -errno; -E2BIG: it is not whole. */
int task_cgroup_read(int cgroup_fd, const char *file, char *ret_text, size_t size);

#endif
