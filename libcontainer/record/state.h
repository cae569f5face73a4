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
 *   lock          locked (fcntl(2)) by the command that works on the container. Holds the path of
 *                 its cgroup, written before the cgroup is made; if systemd makes it, written
 *                 after that, with the unit. So a crashed create can be cleaned up
 *   record        record.h. Written once, by rename: by create when INIT is ready, by run earlier
 *   config.given  config.json as it was in the bundle
 *   config.json   the hardened config, which ran
 *   report.json   what the profile changed and why
 *   denials       with --trace-denials: denials.h
 *   egress        with names in egress rules: relay_denials.h
 *   egress.socket where the relay takes new rules, if it does: egress_relay.h
 *   receipt       with --receipt: receipt_plan.h; removed when the receipt is written
 *   receipt.signed  the receipt, until it is at its destination
 *   execs         with a receipt: a byte per process that exec was to run
 *   exit          with a receipt: the first process's exit status, once somebody has reported it
 *   start         the pipe at which INIT waits for `start` (start_pipe.h); removed after that
 *   claimed       created late: the first thing that the `start` that gives a process makes
 *   notify        with NOTIFY_SOCKET: directory of the socket that receives sd_notify(3) messages
 *
 * No name in it ever comes from a container.
 */

/* Refuses an invalid container ID ("invalid container ID format"). Valid: [A-Za-z0-9_+.-], not
 * beginning with a dot. */
int state_check_id(const char *id, struct nacre_error *err);

/* Checks the owner and mode of a directory whose files nacre trusts: hooks in it run with the
 * caller's rights. It must belong to the caller or to root, and nobody else may write to it
 * (-EPERM). MAY_SHARE: a group may write to it too, but not if it belongs to root, since every
 * member of the group would get root's rights. */
int state_check_owner(int fd, const char *what, bool may_share, struct nacre_error *err);

/* Opens the directory of all states; MAKE: creates it (01700). -EPERM: it belongs neither to the
 * caller nor to root, or others may write to it. */
int state_open_root(const char *path, bool make, struct nacre_error *err);

enum state_lock_flags {
	STATE_LOCK_EXPENDABLE = 1 << 0, /* this process may be killed if it holds the lock too long
					 */
	STATE_LOCK_FORCE = 1 << 1, /* kills an expendable holder that keeps the lock for 3 s */
	STATE_LOCK_MAKE = 1 << 2, /* only for state_make: creates the file */
	STATE_LOCK_TRY = 1 << 3, /* does not wait: -EBUSY */
};

/* Creates ROOT/ID of the record and locks it. The cgroup's path is written to the lock unless it is
 * not known yet (NULL). -EEXIST: "container with given ID already exists". */
int state_make(int root_fd, const struct container_record *record, unsigned lock_flags,
	int *ret_state_fd, int *ret_lock_fd, struct nacre_error *err);

/* Fails with runc's text, which callers look for: "container does not exist". */
int state_none(const char *id, struct nacre_error *err);

/* Writes to the lock the path of a cgroup that was created after the lock, and its unit. */
int state_note_cgroup(int lock_fd, const struct container_record *record, struct nacre_error *err);

/* Opens ROOT/ID. -ENOENT: "container does not exist". -EPERM: as state_open_root. */
int state_open(int root_fd, const char *id, struct nacre_error *err);

/* Locks the container against other commands. Waits at most 10 s for the holder (-ETIMEDOUT; the
 * error has its pid). -ENOENT: the container was deleted meanwhile. The lock ends when the fd is
 * closed. */
int state_lock(
	int state_fd, const char *id, unsigned flags, int *ret_lock_fd, struct nacre_error *err);

/* Prepares a removal: removes leftovers of interrupted writes. -ENOTEMPTY: the directory holds
 * files that are not nacre's, since --root may name any directory. The caller holds the lock. */
int state_tidy(int state_fd, const char *id, struct nacre_error *err);

/* Removes the record: after that the container can only be deleted. */
int state_forget(int state_fd, const char *id, struct nacre_error *err);

/* Removes the directory with nacre's files in it, the lock last. -ENOENT is success. -ENOTEMPTY: a
 * file was added since state_tidy. */
int state_remove(int root_fd, const char *id, int state_fd, struct nacre_error *err);

/* Creates the lock of a directory without one, so that the container can be deleted: a crash came
 * before the lock was made, or it was lost. -ENOENT: the directory was removed meanwhile.
 * -ENOTEMPTY: it holds files that are not nacre's. */
int state_make_lock(int state_fd, const char *id, struct nacre_error *err);

/* Creates "claimed". -EEXIST: it exists. */
int state_claim(int state_fd, struct nacre_error *err);
/* Whether "claimed" exists: 1, 0 or -errno. */
int state_is_claimed(int state_fd, struct nacre_error *err);

/* Writes a file that the record refers to. It needs no rename: nobody reads it before the record
 * exists. */
int state_write(int state_fd, const char *name, const char *text, struct nacre_error *err);

/* In place of the fd of a lock: the lock is not opened. Closing any fd of the file would release
 * the lock that another thread of this process, or its caller, has on it (fcntl(2)). */
enum {
	STATE_LOCK_UNOPENED = -2,
};

/* Makes a record from the lock's content, when there is no readable record: only id, owner, cgroup
 * and unit, and pid 0. LOCK_FD: from state_lock; -1: the lock is opened; STATE_LOCK_UNOPENED:
 * cgroup and unit are left out. *RET_RECORD: from ARENA. */
int state_load_note(struct arena *arena, int root_fd, const char *id, int lock_fd,
	struct container_record **ret_record, struct nacre_error *err);

/* Lists the IDs of all containers, sorted. Heap; free with state_free_ids. */
int state_list_ids(int root_fd, char ***ret_ids, size_t *ret_n, struct nacre_error *err);
void state_free_ids(char **ids, size_t n);

#endif
