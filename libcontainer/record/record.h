/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECORD_H
#define NACRE_RECORD_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/record/container.h"
#include "specs/state.h"

/* The record in a container's state directory, and the first process and the cgroup that it names.
 */

/* Writes into the record of C its process: pid, pidfd, and a property that distinguishes the
 * process from a later one with the same pid; also the boot, if the state directory survives a
 * reboot. */
int record_identify(struct container *c, struct nacre_error *err);
/* Writes only the process. */
int record_identify_process(struct container *c, struct nacre_error *err);

/* Writes the record, by rename. -E2BIG: record_load could not read it back. */
int record_save(int state_fd, const struct container_record *record, struct nacre_error *err);

/* Reads the record, whichever version wrote it. *RET_RECORD: from ARENA. In a record of an earlier
 * boot the pid is PID_VOID and there is no cgroup. While a container is being created, or if its
 * creation crashed, the record is that of state_load_note, LOCK_FD as there. */
int record_load(struct arena *arena, int root_fd, const char *id, int lock_fd,
	struct container_record **ret_record, struct nacre_error *err);

/* Opens a pidfd of the container's first process. -ESRCH without text: it has ended, even if its
 * parent has not waited for it yet. */
int record_open_pidfd(const struct container_record *record, struct nacre_error *err);

/* Whether a process is stopped, by SIGSTOP or by a tracer. Returns 1, 0 or -errno. */
int record_process_is_stopped(pid_t pid, struct nacre_error *err);

/* Opens the container's cgroup. -ENOENT without text: it is gone; or its systemd unit ended, and
 * another unit has the same cgroup by now. */
int record_open_cgroup(
	const struct container_record *record, struct cgroup *ret_cgroup, struct nacre_error *err);

#endif
