/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_APPLY_OWN_H
#define NACRE_WORKSPACE_APPLY_OWN_H

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
	struct apply_step step;
	int fd; /* the new content, without a name; -1: it needs none */
	bool mode_alone; /* of a directory that is there */
	bool pending; /* not refused yet */
	int64_t copied; /* when what it replaced was copied: it is at the temporary name, too */
};

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

/* Moves NAME of DIR_FD, which was taken out of the source, to TO_NAME of TO_FD. *RET_COPIED: 0, or
 * when it was copied, and it is still there. Returns 0 or -errno. */
int apply_keep(int dir_fd, const char *name, int to_fd, const char *to_name, int64_t *ret_copied);

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

/* The time as the kernel gives it to files, in nanoseconds. */
int64_t apply_now(void);

/* --- apply_upper.c --- */

/* An entry that was applied leaves the upper. */
int apply_leave_upper(
	const struct apply_place *p, const struct apply_step *step, struct nacre_error *err);

/* What undo took out of the source, NAME of DIR_FD, comes to the upper again; NAME NULL: the mark
 * of a deletion or a rename. *RET_COPIED: as of apply_keep. Returns 0 or -errno. */
int apply_enter_upper(const struct apply_place *p, const struct apply_step *step, int dir_fd,
	const char *name, int64_t *ret_copied);

/* --- undo.c, undo_recover.c --- */

struct undo_step {
	const struct apply_step *step;
	const struct apply_journal *journal;
	int dir_fd; /* in the source */
	const char *name; /* there; of the step's path */
	char temporary[APPLY_TEMPORARY]; /* there, too */
	char number[16]; /* its name in undo */
	struct place_object taken; /* out of the source */
	bool forced;
	int64_t copied; /* when that was copied: it is at the temporary name, too */
	bool done;
};

/* Fills in where it happens; the fd is the caller's to close. Returns 0 or -errno. */
int undo_open(const struct apply_place *p, const struct apply_journal *j,
	const struct apply_step *step, struct undo_step *u);
/* What was to come to the source goes back to undo. COPIED: it is there already. */
int undo_return(const struct undo_step *u, bool copied);
/* What was taken out, at the temporary name, goes to the upper. */
int undo_take(const struct apply_place *p, struct undo_step *u);
/* Removes undo if nothing is left of it. */
int undo_end(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err);
int undo_recover(const struct apply_place *p, struct nacre_error *err);

#endif
