/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_STORE_H
#define NACRE_WORKSPACE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcontainer/workspace/place.h"
#include "specs/workspace_record.h"

/*
 * Workspaces on disk: /var/lib/nacre/workspaces/ID/N for root,
 * $XDG_STATE_HOME/nacre/workspaces/ID/N (~/.local/state) for others; N counts the workspaces of
 * container ID from 0. Directories have mode 0700 and belong to their caller. Below ID: lock (as a
 * container's: state.h). Below N:
 *
 *   workspace.json   workspace_record.h; without it, N is the rest of an interrupted make or
 *                    removal, and of no use to anybody
 *   upper, work      overlay's; absent in the form direct
 *   memory           mount point of a tmpfs that holds upper and work instead
 *   journal          of an apply that has begun (apply_journal.h)
 *   undo             what applies have replaced, and their list
 *
 * Nothing that comes from a container is ever used as a name outside of upper. Paths below upper
 * and the source are opened by fd alone.
 */

struct workspace {
	unsigned number; /* N */
	int dir_fd; /* ID/N */
	int upper_fd; /* O_PATH | O_DIRECTORY of the upper; -1: form direct, or it was in memory
			 before a reboot */
	int source_fd; /* the source, verified to be that of the record; -1: it is gone */
	struct workspace_record *record; /* of the arena that it was opened with */
};

struct workspace_set {
	const char *id; /* borrowed */
	int dir_fd; /* ID */
	int lock_fd; /* locked against other commands */
	struct workspace *items; /* of the arena; sorted by number */
	size_t n;
};

/* Id of the file system that has the source, statfs(2) f_fsid. With most types it is the same at
 * each mount, and the device number is not. 0: this type has none of its own. Returns -errno. */
int workspace_source_fs(int source_fd, uint64_t *ret_id);

void workspace_set_init(struct workspace_set *set);
void workspace_set_done(struct workspace_set *set); /* closes; removes nothing */

/* Opens the directory of all workspaces; MAKE: makes it if missing. STORE: another path than the
 * caller's own; NULL: the caller's own. -EPERM: it is neither the caller's nor root's, or writable
 * by others. -ENOENT: it does not exist, so there is no workspace. -ENXIO: the environment names
 * no place for it. Returns an fd. */
int workspace_store_open(const char *store, bool make, struct nacre_error *err);

/* Opens (O_PATH) the directory that the caller's own store lies in, with the record of receipts
 * (receipt_chain.h). -ENOENT: it does not exist, or has no place. Returns an fd. */
int workspace_store_open_state(struct nacre_error *err);

/* Opens and locks the workspaces of container ID; LOCK_FLAGS of state.h. -ENOENT: "container ID has
 * no workspace". The caller finishes RET_SET in any case. */
int workspace_set_open(struct arena *arena, int store_fd, const char *id, unsigned lock_flags,
	struct workspace_set *ret_set, struct nacre_error *err);

/* Does the same, and makes the directory of container ID, empty, if there is none. */
int workspace_set_make(struct arena *arena, int store_fd, const char *id, unsigned lock_flags,
	struct workspace_set *ret_set, struct nacre_error *err);

/* Does the same as workspace_set_open, without the lock, for a caller that only reports them. */
int workspace_set_look(struct arena *arena, int store_fd, const char *id,
	struct workspace_set *ret_set, struct nacre_error *err);

/* Adds a workspace to SET, in the store STORE_FD, with upper and work, as RECORD describes it.
 * RECORD's id, source, the source's identity and the time are filled in here, from SOURCE_FD.
 * BEST_EFFORT: on a file system without quotas it has no limits, and RECORD says so. */
int workspace_make(struct arena *arena, int store_fd, struct workspace_set *set, int source_fd,
	bool best_effort, struct workspace_record *record, struct nacre_error *err);

/* Whether nothing was changed in it: its upper is empty, and no apply has left anything. Returns 1,
 * 0 or -errno. */
int workspace_is_unused(const struct workspace *w, struct nacre_error *err);

/* Removes the workspace INDEX of SET, with its upper, however deep that is. */
int workspace_remove(struct workspace_set *set, size_t index, struct nacre_error *err);

/* Removes all of SET; the directory ID last. */
int workspace_set_remove(int store_fd, struct workspace_set *set, struct nacre_error *err);

/* Lists the containers that have workspaces, sorted. Heap; free with state_free_ids. */
int workspace_list_ids(int store_fd, char ***ret_ids, size_t *ret_n, struct nacre_error *err);

/* For the files of the store alone. Names below N: */
#define WORKSPACE_RECORD "workspace.json"
#define WORKSPACE_UPPER "upper"
#define WORKSPACE_WORK "work"
#define WORKSPACE_MEMORY "memory"

/* Opens workspace N. -ENOENT: it has no record. The caller closes *RET in any case. */
int workspace_open(struct arena *arena, int set_fd, unsigned number, struct workspace *ret,
	struct nacre_error *err);
void workspace_close(struct workspace *w);

/* Removes NAME of DIR_FD with all in it, however deep, but no mount. Already gone is success. */
int workspace_remove_tree(int dir_fd, const char *name, struct nacre_error *err);

/* The same, where somebody else may write: a directory that has entries is removed only if it is
 * OBJECT. -ESTALE: it is another one. Returns 0 or -errno. */
int workspace_remove_object(int dir_fd, const char *name, const struct place_object *object);

/* Removes the directory N and all in it. */
int workspace_remove_directory(int set_fd, unsigned number, struct nacre_error *err);

#endif
