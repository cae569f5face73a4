/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_APPLY_H
#define NACRE_WORKSPACE_APPLY_H

#include <stdint.h>

#include "specs/arena.h"
#include "specs/workspace_changes.h"

/*
 * Applies changes of a workspace to its source. For each of them the source has, at any moment, the
 * old content or the new, whatever is killed or fails. What was replaced is kept for undo. An entry
 * that was applied is removed from the upper, so that the rest can be applied later.
 *
 * Changes are applied in batches. Files are copied into unnamed ones and compared with the digest
 * that was shown; that is synced. The journal records the steps to come, and is synced. Names are
 * swapped, each by one rename, and what was replaced is checked and kept; that is synced. The
 * journal records which steps were done, and the upper is tidied. apply_journal.h describes the
 * journal, apply_recover.c the recovery after a crash.
 */

enum apply_outcome {
	APPLY_LEFT, /* was not asked for */
	APPLY_DONE,
	APPLY_REFUSED, /* by a rule, or because it failed */
	APPLY_CONFLICT, /* the source changed meanwhile */
};

struct apply_result {
	enum apply_outcome outcome;
	const char *reason; /* of a refusal or a conflict: a text, or a word of workspace_rules.h;
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
		*wanted; /* by index, as the next two: to be applied, or reported with its word */
	const bool *named; /* lifts a refusal that only counts until PATH is named */
	const bool *forced; /* applied despite a conflict: the host's version goes to undo */
	bool dry_run;
	struct apply_result *results; /* filled in */
	void (*progress)(void *data, uint64_t done, uint64_t all); /* NULL: none */
	void *data;
};

/* Returns 0, also if some changes are refused. After an error it could not go on: a change without
 * APPLY_DONE was not applied, or the next apply_recover settles it. */
int apply_run(struct apply_request *request, struct nacre_error *err);

/* Settles what an interrupted apply or undo has left; mostly nothing. To be called before the
 * workspace is read. */
int apply_recover(struct arena *arena, int dir_fd, int upper_fd, int source_fd, bool user_xattr,
	struct nacre_error *err);

/* Whether an apply was interrupted, so that what it had replaced may be in its journal alone.
 * Returns 1, 0 or -errno; -EBADMSG: its journal cannot be read. */
int apply_is_cut_off(struct arena *arena, int dir_fd, struct nacre_error *err);

#endif
