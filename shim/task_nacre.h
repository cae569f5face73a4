/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TASK_NACRE_H
#define NACRE_SHIM_TASK_NACRE_H

#include "shim/job.h"
#include "shim/task.h"
#include "specs/error.h"

/* Calls of libnacre that return at once, without waiting for a lock: nacre_kill and nacre_pids of a
 * handle (libcontainer/container.h). */

int task_kill(const struct container *container, int sig, bool all, struct nacre_error *err);
int task_pids(const struct container *container, pid_t **ret_pids, size_t *ret_n,
	struct nacre_error *err);

/* Calls that may wait for hooks, a lock or the kernel, for a process that does nothing else. On
 * failure TEXT is the reason. */

int task_start(const struct container *container, char text[static JOB_TEXT]);
/* Undoes a creation, or removes what a killed one has left, and unmounts the bundle's root. */
int task_undo_create(
	const char *root, const char *id, const char *bundle, char text[static JOB_TEXT]);

#endif
