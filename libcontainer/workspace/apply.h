/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_APPLY_H
#define NACRE_WORKSPACE_APPLY_H

#include <stdint.h>

#include "specs/arena.h"
#include "specs/workspace_changes.h"

/*
 * Changes of a workspace go to its source. For each of them the source has, at any moment, the old
 * content or the new, whatever is killed or fails; what was replaced is kept for undo; an entry
 * that was applied leaves the upper, so that the rest can be applied later.
 *
 * In batches: files are copied into nameless ones and compared with the digest that was shown; that
 * is synced; the journal tells what comes, and is synced; names are swapped, each by one rename,
 * and what was taken out is looked at and kept; that is synced; the journal tells what was done;
 * the upper is tidied. apply_journal.h has the form, apply_recover.c what follows a crash.
 */

enum apply_outcome {
	APPLY_LEFT, /* was not asked for */
	APPLY_DONE,
	APPLY_REFUSED, /* by a rule, or since it failed */
	APPLY_CONFLICT, /* the source changed meanwhile */
};

struct apply_result {
	enum apply_outcome outcome;
	const char *reason; /* of a refusal or a conflict, in words or a word of workspace_rules.h;
			       of the arena */
};

struct apply_request {
	struct arena *arena;
	int dir_fd; /* of the workspace: store.h */
	int upper_fd, source_fd;
	bool user_xattr; /* of its record, as the next */
	int64_t created; /* nanoseconds */
	const struct workspace_changes *changes;
	const bool
		*wanted; /* by index, as the next: to be applied, or to be refused with its word */
	const bool *named; /* a refusal that counts until PATH is named does not count */
	const bool *forced; /* whatever the host made of it meanwhile goes to undo */
	bool dry_run;
	struct apply_result *results; /* filled in */
	void (*progress)(void *data, uint64_t done, uint64_t all); /* NULL: nobody wants it */
	void *data;
};

/* Returns 0, also where some are refused. Errors: it cannot go on; what is not APPLY_DONE was not
 * done, or is settled by the next apply_recover. */
int apply_run(struct apply_request *request, struct nacre_error *err);

/* Settles what an apply or an undo that was cut off has left; nothing, mostly. To be called before
 * the workspace is looked at. */
int apply_recover(struct arena *arena, int dir_fd, int upper_fd, int source_fd, bool user_xattr,
	struct nacre_error *err);

/* Whether an apply was cut off, and what it had replaced may be in its journal alone. Returns 1, 0
 * or -errno; -EBADMSG: its journal cannot be read. */
int apply_is_cut_off(struct arena *arena, int dir_fd, struct nacre_error *err);

#endif
