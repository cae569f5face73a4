/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_APPLY_OWN_H
#define NACRE_WORKSPACE_APPLY_OWN_H

#include <limits.h>

#include "libcontainer/workspace/apply.h"
#include "libcontainer/workspace/apply_journal.h"

/* Declares what apply*.c and undo*.c share, for these alone. */

/* Where an apply or an undo happens. */
struct apply_place {
	struct arena *arena;
	int dir_fd, upper_fd, source_fd;
	bool user_xattr;
	int64_t created; /* the workspace's time; nanoseconds */
	int64_t begun; /* of the journal: no step of this apply has an earlier ctime */
};

/* A change that is being applied. */
struct apply_item {
	const struct workspace_change *change;
	struct apply_result *result;
	bool forced;
	const char *from; /* of a rename: what its old path is by now; of the arena */
	struct apply_step step;
	int fd; /* the new content, without a name; -1: it needs none */
	bool mode_alone; /* sets only the mode of an existing directory */
	bool clears; /* only clears its path, for the next item, which is a rename to it */
	struct apply_item *cleared; /* of a rename: that item; NULL: nothing was there */
	bool vacated; /* a dry run: what is at its path would have been renamed by now */
	bool pending; /* not refused yet */
	int64_t copied; /* when what it replaced was copied, which is at the spare name, too */
	bool in_workspace; /* what failed was a write to the workspace */
};

enum {
	APPLY_BATCH = 256, /* each file of one is open; two syncs for each */
};

/* One apply, and its current batch. */
struct apply_batch {
	struct apply_request *request;
	struct apply_place place;
	struct apply_journal journal; /* none before the first step */
	const size_t *renames; /* which of the changes are renames, by index */
	size_t n_renames;
	struct apply_item items[APPLY_BATCH];
	size_t n, limit; /* of the batch; LIMIT: apply_batch_limit */
	size_t n_taken, n_wanted; /* of all changes */
};

/* --- apply_batch.c --- */

/* Returns the size of a batch: what the limit of fds has room for, at most APPLY_BATCH. */
size_t apply_batch_limit(void);

/* Adds the change at INDEX to the batch, and applies the batch when it is full. MODE_ALONE: sets
 * only the mode of a directory whose content was applied before. */
int apply_batch_take(
	struct apply_batch *run, size_t index, bool mode_alone, struct nacre_error *err);
/* Adds the deletion of what is in the way of the rename at INDEX. */
void apply_batch_clear(struct apply_batch *run, size_t index);
/* Whether this is a dry run, and a rename would have taken away by now what is at PATH. */
bool apply_batch_takes_away(const struct apply_batch *run, const char *path);
/* Finds what the old path of CHANGE, a rename, is by now: directories above it may have been
 * renamed. Returns whether it fits. */
bool apply_batch_from(const struct apply_batch *run, const struct workspace_change *change,
	char ret_from[PATH_MAX]);
/* Applies what the batch has. */
int apply_batch_finish(struct apply_batch *run, struct nacre_error *err);

/* Ends ITEM with OUTCOME, for the reason given. */
void apply_refuse(struct apply_place *p, struct apply_item *item, enum apply_outcome outcome,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Does the same, with a reason made from R, the -errno of a call. */
void apply_refuse_errno(struct apply_place *p, struct apply_item *item, int r, const char *what);

/* Returns what failed with R, the -errno of a call: where there is no space, a write to the
 * workspace or to the source; otherwise WHAT. */
const char *apply_what_failed(int r, bool in_workspace, const char *what);

/* --- apply_prepare.c --- */

/* Judges what is in the source, and copies the new content. */
void apply_prepare(struct apply_place *p, struct apply_item *item);

/* --- apply_commit.c --- */

/* Applies ITEM, after its step was written to the journal. */
void apply_commit(struct apply_place *p, struct apply_journal *j, struct apply_item *item);

/* Reverts a deletion. */
int apply_revert(struct apply_place *p, struct apply_journal *j, struct apply_item *item);

/* Copies NAME of DIR_FD to TO_NAME of TO_FD. Until the copy is complete it has the name PART, of
 * apply_part. *RET_TIME: when it began. Returns 0 or -errno. */
int apply_copy(const char *part, int dir_fd, const char *name, int to_fd, const char *to_name,
	int64_t *ret_time);
void apply_part(const struct apply_journal *j, const struct apply_step *step,
	char ret_name[APPLY_TEMPORARY]);

/* Removes NAME of DIR_FD, with all that is in it, if it is OBJECT. Returns 0 or -errno. */
int apply_remove(int dir_fd, const char *name, const struct place_object *object);

/* The same for what the caller has made there since BEFORE, of place_before_making. What is older
 * stays: somebody else has moved it there. */
int apply_remove_made(int dir_fd, const char *name, int64_t before);

/* As apply_remove, for an object that was copied to another file system at time COPIED. -ESTALE: it
 * was written to since. */
int apply_remove_copied(
	int dir_fd, const char *name, const struct place_object *object, int64_t copied);

/* --- apply_recover.c --- */

/* Ends the journal J: what it has kept becomes the undo. */
int apply_end(const struct apply_place *p, struct apply_journal *j, struct nacre_error *err);

/* Syncs the file systems of the source and of J. */
int apply_sync(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err);

/* Returns a time, in nanoseconds, once it has passed for ctimes, which can be a tick behind the
 * clock: what was changed before has no later one, and what is changed from now on no earlier. */
int64_t apply_next_tick(void);

/* --- apply_upper.c --- */

/* Removes an entry that was applied from the upper. */
int apply_leave_upper(
	const struct apply_place *p, const struct apply_step *step, struct nacre_error *err);

/* Makes the mark of a deletion or a rename in the upper again, for undo. */
int apply_mark_upper(const struct apply_place *p, const struct apply_step *step);

/* --- undo_step.c --- */

struct undo_step {
	const struct apply_step *step;
	struct apply_journal *journal;
	struct place_pair pair; /* NAME: that of the step's path */
	char spare[APPLY_TEMPORARY];
	char number[16]; /* what the step replaced: its name in the journal */
	bool far; /* that has to be copied */
	int taken_fd; /* where the object goes that is taken out of the source: in the upper */
	const char *taken_name;
	char lost[24]; /* its name in the journal, if the upper is gone */
	bool copies; /* it has to be copied to TAKEN_FD */
	bool moves; /* it is renamed: TAKEN_NAME is the spare name */
	struct place_object taken; /* the object taken out of the source */
	int64_t copied; /* when that was copied; it is at the spare name, too */
	char part[APPLY_TEMPORARY];
	bool forced;
	bool done;
	bool in_workspace; /* what failed was a write to the workspace */
};

/* Fills in U; undo_close closes it. Returns 0, 1 if nothing is left to be undone, or -errno. */
int undo_open(const struct apply_place *p, struct apply_journal *j, const struct apply_step *step,
	struct undo_step *u);
void undo_close(struct undo_step *u);

/* Reverts what was prepared for the swap, complete or not. */
int undo_take_back(const struct undo_step *u);

/* Moves what was taken out from the spare name to its place; a directory that the apply had made is
 * removed. */
int undo_take(const struct undo_step *u);
/* Undoes the step. Returns 0 or -errno; -ESTALE: the host changed what is there. */
int undo_step(const struct apply_place *p, struct undo_step *u);

/* --- undo.c, undo_recover.c --- */

/* Removes the undo if all its steps were undone. */
int undo_end(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err);
int undo_recover(const struct apply_place *p, struct nacre_error *err);

#endif
