/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_APPLY_OWN_H
#define NACRE_WORKSPACE_APPLY_OWN_H

#include <limits.h>
#include <time.h>

#include "libcontainer/workspace/apply.h"
#include "libcontainer/workspace/apply_journal.h"

/* What apply*.c and undo.c share, for these alone. */

/* Where it happens. */
struct apply_place {
	struct arena *arena;
	int dir_fd, upper_fd, source_fd;
	bool user_xattr;
	int64_t created, begun; /* the workspace, and this command; nanoseconds */
};

/* A change on its way. */
struct apply_item {
	const struct workspace_change *change;
	struct apply_result *result;
	bool forced;
	const char *from; /* of a rename: where that is by now; of the arena */
	struct apply_step step;
	int fd; /* the new content, without a name; -1: it needs none */
	bool mode_alone; /* of a directory that is there */
	bool clears; /* its path alone, for the next item, which is a rename to it */
	struct apply_item *cleared; /* that, of a rename; NULL: nothing was there */
	bool pending; /* not refused yet */
	int64_t copied; /* when what it replaced was copied: it is at the spare name, too */
};

enum {
	APPLY_BATCH = 256, /* each file of one is open; two syncs for each */
};

/* One apply, and what is done at once of it. */
struct apply_batch {
	struct apply_request *request;
	struct apply_place place;
	struct apply_journal journal; /* none before the first step */
	const size_t *renames; /* indexes of those, among the changes */
	size_t n_renames;
	struct apply_item items[APPLY_BATCH];
	size_t n, limit; /* of it: apply_batch_limit */
	size_t n_taken, n_wanted; /* of all */
};

/* --- apply_batch.c --- */

/* How many changes are done at once: what the limit of fds has room for, at most APPLY_BATCH. */
size_t apply_batch_limit(void);

/* Adds the change at INDEX, and does all when it is full. MODE_ALONE: of a directory that was made,
 * and is full by now. */
int apply_batch_take(
	struct apply_batch *run, size_t index, bool mode_alone, struct nacre_error *err);
/* Adds the deletion of what is in the way of the rename at INDEX. */
void apply_batch_clear(struct apply_batch *run, size_t index);
/* Where the old path of CHANGE, a rename, is by now, since directories above it were renamed.
 * Returns whether it fits. */
bool apply_batch_from(const struct apply_batch *run, const struct workspace_change *change,
	char ret_from[PATH_MAX]);
/* Does what it has. */
int apply_batch_finish(struct apply_batch *run, struct nacre_error *err);

/* Ends ITEM. */
void apply_refuse(struct apply_place *p, struct apply_item *item, enum apply_outcome outcome,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same by -errno of a call. */
void apply_refuse_errno(struct apply_place *p, struct apply_item *item, int r, const char *what);

/* --- apply_prepare.c --- */

/* Judges what is in the source, and copies the new content. */
void apply_prepare(struct apply_place *p, struct apply_item *item);

/* --- apply_commit.c --- */

/* Does it, after it was written to the journal. */
void apply_commit(struct apply_place *p, struct apply_journal *j, struct apply_item *item);

/* Takes back what a deletion has done. */
int apply_revert(struct apply_place *p, struct apply_journal *j, struct apply_item *item);

/* Copies NAME of DIR_FD to TO_NAME of TO_FD, which is there when it is whole, and has the name
 * apply_part before. *RET_TIME: when it began. Returns 0 or -errno. */
int apply_copy(const char *part, int dir_fd, const char *name, int to_fd, const char *to_name,
	int64_t *ret_time);
void apply_part(const struct apply_journal *j, const struct apply_step *step,
	char ret_name[APPLY_TEMPORARY]);

/* Removes NAME of DIR_FD if it is what OBJECT says, whatever is in it. Returns 0 or -errno. */
int apply_remove(int dir_fd, const char *name, const struct place_object *object);

/* The same of what was copied to another file system at time COPIED, unless it was written to
 * since: -ESTALE. */
int apply_remove_copied(
	int dir_fd, const char *name, const struct place_object *object, int64_t copied);

/* --- apply_recover.c --- */

/* The journal J has ended: what it has kept is the undo from now on. */
int apply_end(const struct apply_place *p, struct apply_journal *j, struct nacre_error *err);

/* Waits until the file systems of the source and of J have all on disk. */
int apply_sync(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err);

/* In nanoseconds. CLOCK_REALTIME_COARSE: no file is older that is changed from now on;
 * CLOCK_REALTIME: none that was changed before is younger. */
int64_t apply_now(clockid_t clock);

/* --- apply_upper.c --- */

/* An entry that was applied leaves the upper. */
int apply_leave_upper(
	const struct apply_place *p, const struct apply_step *step, struct nacre_error *err);

/* The mark of a deletion or a rename that was undone. */
int apply_mark_upper(const struct apply_place *p, const struct apply_step *step);

/* --- undo_step.c --- */

struct undo_step {
	const struct apply_step *step;
	struct apply_journal *journal;
	struct place_pair pair; /* the name of the step's path */
	char spare[APPLY_TEMPORARY];
	char number[16]; /* what the step replaced, in the journal */
	bool far; /* it has to be copied */
	int taken_fd; /* where what is taken out of the source goes: in the upper */
	const char *taken_name;
	char lost[24]; /* that, where there is no upper any more: in the journal */
	bool copies; /* it has to be copied there */
	bool moves; /* it does not: there is the spare name */
	struct place_object taken; /* out of the source */
	int64_t copied; /* when that was copied: it is at the spare name, too */
	char part[APPLY_TEMPORARY];
	bool forced;
	bool done;
};

/* Fills in where it happens; undo_close closes it. Returns 0, 1 if there is nothing left to be
 * undone, or -errno. */
int undo_open(const struct apply_place *p, struct apply_journal *j, const struct apply_step *step,
	struct undo_step *u);
void undo_close(struct undo_step *u);

/* Takes back what was made ready before the swap, whole or not. */
int undo_take_back(const struct undo_step *u);

/* What was taken out, at the spare name, goes to its place, or, a directory that was made, away. */
int undo_take(const struct undo_step *u);
/* All of it. Returns 0 or -errno; -ESTALE: the host changed what is there. */
int undo_step(const struct apply_place *p, struct undo_step *u);

/* --- undo.c, undo_recover.c --- */

/* Removes undo if nothing is left of it. */
int undo_end(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err);
int undo_recover(const struct apply_place *p, struct nacre_error *err);

#endif
