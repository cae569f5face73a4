/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TASK_NACRE_H
#define NACRE_SHIM_TASK_NACRE_H

#include "shim/task.h"
#include "specs/error.h"

/* What libnacre does at once, none of whose calls here waits for a lock: as nacre_kill and
 * nacre_pids of a handle (libcontainer/container.h). */

int task_kill(const struct container *container, int sig, bool all, struct nacre_error *err);
int task_pids(const struct container *container, pid_t **ret_pids, size_t *ret_n,
	struct nacre_error *err);

#endif
