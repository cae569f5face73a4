/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EXEC_CGROUP_H
#define NACRE_EXEC_CGROUP_H

#include "libcontainer/cgroup/cgroup.h"

/*
 * A cgroup for one process of a container and all that it starts, right below the container's: what
 * one `exec` started can then be killed as a whole, forks included, and nothing else with it.
 *
 * No controller is enabled for it, so the kernel's rule that a cgroup with processes hands no
 * controllers down stays kept, and the limits of the container hold for both together. It is called
 * exec-PID.N after the command that made it.
 */

/* Makes it, after removing those that are empty and whose command has ended. */
int exec_cgroup_make(
	const struct cgroup *container, struct cgroup *ret_own, struct nacre_error *err);

/* Whether R of exec_cgroup_make says that there may be none: the container's cgroup.max.descendants
 * or cgroup.max.depth forbid it (-EAGAIN), or it is not delegated to the caller. Anything else is
 * the error of a moment. */
bool exec_cgroup_is_forbidden(int r);

/* Removes it if it is empty; a process that goes on keeps it, up to the next exec_cgroup_make or
 * until the container is deleted. */
void exec_cgroup_leave(const struct cgroup *own);

/* Starts a watcher: a process of its own, in the caller's cgroup and a child of nobody, that kills
 * and removes OWN when this process or its parent ends, however they end, and that itself ends
 * with the last process in OWN. Not PR_SET_PDEATHSIG, which a program can clear and which reaches
 * no grandchildren. To be called while OWN is empty. */
int exec_cgroup_watch(const struct cgroup *own, struct nacre_error *err);

#endif
