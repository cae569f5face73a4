/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STATE_H
#define NACRE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "specs/state.h"

/*
 * The state directory of a container, ROOT/ID (0700):
 *
 *   lock          locked (fcntl) by the command that works on the container; holds the path of its
 *                 cgroup from before that is made, or from when systemd has made it, and then the
 *                 unit, so that a crashed create can be cleaned up
 *   record        record.h: written once, by rename: by create when INIT is ready, by run before
 * that config.given  config.json as it was in the bundle config.json   tightened; what ran
 *   report.json   what the profile changed and why
 *   denials       with --trace-denials: denials.h
 *   egress        with names in rules of egress: relay_denials.h
 *   egress.socket where their relay takes other rules, if it does: egress_relay.h
 *   receipt       with --receipt: receipt_plan.h; goes when the receipt is written
 *   receipt.signed the receipt, until it is where it belongs
 *   execs         with a receipt: a byte for each process that exec was to run
 *   exit          with a receipt: the first process's exit status, once somebody has told it
 *   start         the pipe at which INIT waits for `start` (start_pipe.h); gone once it was told
 *   claimed       created late: made by the `start` that gives a process, before all else it does
 *   notify        with NOTIFY_SOCKET: the directory of the socket that sd_notify(3) calls arrive on
 *
 * Nothing that comes from a container is ever used as a name.
 */

/* Refuses what is no container ID: [A-Za-z0-9_+.-], not beginning with a dot ("invalid container ID
 * format"). */
int state_check_id(const char *id, struct nacre_error *err);

/* What lies in such directories is believed: hooks that stand there run with the rights of the
 * caller. So each must be the caller's own or root's, and nobody else may write to it (-EPERM).
 * MAY_SHARE: with a group; of root that would be a gift to all in it, and counts for others alone.
 */
int state_check_owner(int fd, const char *what, bool may_share, struct nacre_error *err);

/* Opens (and makes, 01700) the directory of all states. -EPERM: it is neither the caller's nor
 * root's, or others may write to it. */
int state_open_root(const char *path, bool make, struct nacre_error *err);

enum state_lock_flags {
	STATE_LOCK_EXPENDABLE = 1 << 0, /* this process may be killed if it does not let go */
	STATE_LOCK_FORCE = 1 << 1, /* kills a holder that may be, if it has not let go in 3 s */
	STATE_LOCK_MAKE = 1 << 2, /* state_make's */
	STATE_LOCK_TRY = 1 << 3, /* does not wait: -EBUSY */
};

/* Makes ROOT/ID of the record and locks it. The cgroup goes into the lock, unless it is not known
 * yet (NULL). -EEXIST: "container with given ID already exists". */
int state_make(int root_fd, const struct container_record *record, unsigned lock_flags,
	int *ret_state_fd, int *ret_lock_fd, struct nacre_error *err);

/* Fails in runc's words, which callers look for: "container does not exist". */
int state_none(const char *id, struct nacre_error *err);

/* Writes to the lock where the cgroup lies that was made only after it, and its unit. */
int state_note_cgroup(int lock_fd, const struct container_record *record, struct nacre_error *err);

/* Opens ROOT/ID. -ENOENT: "container does not exist". -EPERM: as state_open_root. */
int state_open(int root_fd, const char *id, struct nacre_error *err);

/* Locks it against other commands; waits at most 10 s for the holder to let go (-ETIMEDOUT names
 * its pid). The container may be gone by then: -ENOENT. The lock goes with the fd. */
int state_lock(
	int state_fd, const char *id, unsigned flags, int *ret_lock_fd, struct nacre_error *err);

/* Before a removal: removes what writes that were cut off have left. -ENOTEMPTY: the directory
 * holds what is none of nacre's, for --root may point anywhere. To be called with the lock. */
int state_tidy(int state_fd, const char *id, struct nacre_error *err);

/* Removes the record: from now on there is no container of which more could be done than to remove
 * the rest. */
int state_forget(int state_fd, const char *id, struct nacre_error *err);

/* Removes the directory and all of nacre's in it, the lock last. Already gone is success.
 * -ENOTEMPTY: something came into it since state_tidy. */
int state_remove(int root_fd, const char *id, int state_fd, struct nacre_error *err);

/* Makes the lock of a directory that has none, since a crash came before it was made or it was
 * lost: with it the container can be deleted. -ENOENT: the directory was removed meanwhile.
 * -ENOTEMPTY: it is none of nacre's. */
int state_make_lock(int state_fd, const char *id, struct nacre_error *err);

/* Makes "claimed". -EEXIST: it is there. */
int state_claim(int state_fd, struct nacre_error *err);
/* Whether it is there: 1, 0 or -errno. */
int state_is_claimed(int state_fd, struct nacre_error *err);

/* A file that the record will vouch for: plainly, since nobody looks before there is a record. */
int state_write(int state_fd, const char *name, const char *text, struct nacre_error *err);

/* A record with what the lock tells, where there is none or none that can be read: only id, owner,
 * cgroup and unit, and pid 0. LOCK_FD: of state_lock, or -1. *RET_RECORD: of ARENA. */
int state_load_note(struct arena *arena, int root_fd, const char *id, int lock_fd,
	struct container_record **ret_record, struct nacre_error *err);

/* The IDs of all containers, sorted. Heap; free with state_free_ids. */
int state_list_ids(int root_fd, char ***ret_ids, size_t *ret_n, struct nacre_error *err);
void state_free_ids(char **ids, size_t n);

#endif
