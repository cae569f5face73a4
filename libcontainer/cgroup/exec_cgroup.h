/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EXEC_CGROUP_H
#define NACRE_EXEC_CGROUP_H

#include "libcontainer/cgroup/cgroup.h"

/*
 * A cgroup for one process of a container and all that it starts, right below the container's
 * cgroup. What one `exec` started can then be killed as a whole, forks included, and nothing else
 * with it.
 *
 * No controller is enabled for it: the kernel enables none for the children of a cgroup with
 * processes, and the container's limits apply to both together. Its name is exec-PID.N, after the
 * command that made it.
 */

/* Makes it. First removes empty ones whose command has ended. */
int exec_cgroup_make(
	const struct cgroup *container, struct cgroup *ret_own, struct nacre_error *err);

/* Whether R, a result of exec_cgroup_make, means that no such cgroup is possible: the container's
 * cgroup.max.descendants or cgroup.max.depth forbid it (-EAGAIN), or the container's cgroup is not
 * delegated to the caller. Other errors may be temporary. */
bool exec_cgroup_is_forbidden(int r);

/* Removes it if it is empty. If a process in it runs on, it stays until the next exec_cgroup_make
 * or until the container is deleted. */
void exec_cgroup_leave(const struct cgroup *own);

/* Starts a watcher: a process in the caller's cgroup and a child of nobody. It kills and removes
 * OWN when this process or its parent ends, however they end, and exits itself with the last
 * process in OWN. PR_SET_PDEATHSIG does not suffice: a program can clear it, and it does not reach
 * grandchildren. To be called while OWN is empty. */
int exec_cgroup_watch(const struct cgroup *own, struct nacre_error *err);

#endif
