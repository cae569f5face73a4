/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECORD_H
#define NACRE_RECORD_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/record/container.h"
#include "specs/state.h"

/* The record in a container's state directory, and what it names: the first process and the cgroup.
 */

/* Puts into the record of C its process, by pid and pidfd, and what tells that from a later one
 * with its pid; and, where the state directory outlives a boot, the boot. */
int record_identify(struct container *c, struct nacre_error *err);
/* The first of that. */
int record_identify_process(struct container *c, struct nacre_error *err);

/* Writes it, by rename. -E2BIG: record_load would not read it back. */
int record_save(int state_fd, const struct container_record *record, struct nacre_error *err);

/* *RET_RECORD: of ARENA, whichever version wrote it. Of an earlier boot its pid is PID_VOID and it
 * has no cgroup. For a container that is being created, or whose creation crashed: that of
 * state_load_note. LOCK_FD: of state_lock, or -1. */
int record_load(struct arena *arena, int root_fd, const char *id, int lock_fd,
	struct container_record **ret_record, struct nacre_error *err);

/* A pidfd of the container's first process. -ESRCH without text: it has ended, though its parent
 * may not have waited for it yet. */
int record_open_pidfd(const struct container_record *record, struct nacre_error *err);

/* Whether a process is stopped: by SIGSTOP, or by a tracer that has it. Returns 1, 0 or -errno. */
int record_process_is_stopped(pid_t pid, struct nacre_error *err);

/* The container's cgroup. -ENOENT without text: it is gone, or, of a unit of systemd that ended, it
 * is another unit's by now that has the same name. */
int record_open_cgroup(
	const struct container_record *record, struct cgroup *ret_cgroup, struct nacre_error *err);

#endif
