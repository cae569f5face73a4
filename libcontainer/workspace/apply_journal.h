/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_APPLY_JOURNAL_H
#define NACRE_WORKSPACE_APPLY_JOURNAL_H

#include <stddef.h>
#include <stdio.h>

#include "libcontainer/workspace/place.h"
#include "specs/arena.h"

/*
 * Records what an apply does to the source, on disk before it is done: in the directory "journal"
 * of the workspace, which becomes "undo" when the apply has ended. It has:
 *
 *   list   lines, only ever appended:
 *          nacre-apply 1 TAG near|far
 *          step N ACTION OLD NEW PATH FROM TARGET   is about to be done
 *          done N NEW                               was done; NEW is there since
 *          end                                      nothing more comes
 *          undo N, then undone N or kept N          an undo: is about to be done, was, was not
 *          swap N BROUGHT TAKEN                     between them: BROUGHT is about to replace TAKEN
 *   N      what step N has replaced or deleted
 *
 * "near" means that the journal is near the source (place_is_near): new content waits at N, and one
 * rename swaps it with what is at its path. With "far", and for directories, which inherit from
 * where they are made, it waits beside its path at ".nacre-TAG-N", and what it replaces was copied
 * to N before. TAG is random: such a name, with the object that the line describes, was made by
 * nacre.
 *
 * An incomplete last line is ignored.
 */

enum apply_action {
	APPLY_DELETE, /* PATH goes, with all in it */
	APPLY_FILE, /* a file comes to PATH, in place of what is there */
	APPLY_SYMLINK,
	APPLY_DIRECTORY, /* empty */
	APPLY_MODE, /* of the directory PATH */
	APPLY_RENAME, /* the directory FROM becomes PATH */
	APPLY_ACTIONS
};

struct apply_step {
	unsigned number;
	enum apply_action action;
	const char *path, *from, *target; /* or NULL */
	struct place_object old; /* what was there before; of a rename, at FROM */
	struct place_object new; /* what is there afterwards; of a symlink and a directory the mode
				    alone until it is done */
	bool done;
	bool undoing, undone;
	struct place_object brought, taken; /* of an undo: they show whether it was done */
};

struct apply_journal {
	int dir_fd; /* the directory; -1: none */
	int fd; /* list */
	char tag[17];
	bool far;
	bool ended;
	struct apply_step *steps; /* heap; strings of ARENA */
	size_t n;
	struct arena *arena;
	FILE *lines; /* not written yet */
	char *text; /* of LINES */
	size_t length;
	long size; /* of list */
	size_t room; /* bytes of further lines: apply_journal_flush keeps space for them */
};

#define APPLY_JOURNAL "journal"
#define APPLY_UNDO "undo"

enum {
	APPLY_TEMPORARY = 64,
	APPLY_DONE_ROOM = 192, /* of the line "done", at most */
	APPLY_UNDONE_ROOM = 32, /* of "undone", "kept" or "end" */
};

void apply_journal_init(struct apply_journal *j);
void apply_journal_done(struct apply_journal *j); /* closes and frees */

/* Opens the journal in directory NAME of a workspace. -ENOENT without text: there is none. Strings
 * are of ARENA. */
int apply_journal_open(struct arena *arena, int workspace_fd, const char *name,
	struct apply_journal *j, struct nacre_error *err);

/* Makes APPLY_JOURNAL, with no step. */
int apply_journal_make(struct arena *arena, int workspace_fd, int source_fd,
	struct apply_journal *j, struct nacre_error *err);

/* Adds STEP, whose number it sets; its strings must live as long as J. Returns 0 or -ENOMEM. */
int apply_journal_add(struct apply_journal *j, struct apply_step *step);

/* Adds a line for STEP: "done" (with NEW), "undo", "undone" or "kept", or without a step "end". */
void apply_journal_mark(struct apply_journal *j, const char *word, const struct apply_step *step);

/* Adds a line for step NUMBER of an undo: BROUGHT is about to come to its path, and TAKEN to go. */
void apply_journal_swap(struct apply_journal *j, unsigned number,
	const struct place_object *brought, const struct place_object *taken);

/* Writes the lines that were added, all or nothing, and waits until they are on disk. What comes
 * after them must not fail for lack of space, since the source has changed by then: so the space
 * for J->room is allocated before. */
int apply_journal_flush(struct apply_journal *j, struct nacre_error *err);

/* Finds the spare name of a step, where its new content waits and the old one goes. *RET_FD: J's
 * directory, or DIR_FD, the directory of the step's path. Returns whether the old content has to be
 * copied before. */
bool apply_journal_spare(const struct apply_journal *j, const struct apply_step *step, int dir_fd,
	int *ret_fd, char ret_name[APPLY_TEMPORARY]);

#endif
