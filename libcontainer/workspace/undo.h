/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_UNDO_H
#define NACRE_WORKSPACE_UNDO_H

#include "libcontainer/workspace/apply.h"

/*
 * The last apply is taken back, last step first: the source has what it had, with the very files
 * where undo lies on its file system, and what was applied is in the upper again, to be looked at
 * or applied once more. Files of the host that were changed since are left alone.
 */

struct undo_entry {
	const char *path; /* of the arena */
	struct apply_result result;
};

struct undo_request {
	struct arena *arena;
	int dir_fd, source_fd; /* as of struct apply_request */
	int upper_fd; /* -1: it is gone, and what is taken out of the source goes with undo */
	bool user_xattr;
	const char *const *force; /* paths, with all below them: whatever the host made of it goes
				     to the upper; NULL-terminated; NULL: none */
	bool dry_run;
	struct undo_entry *entries; /* filled in, in the order of the steps; heap */
	size_t n;
};

/* Returns 0, also where some are left alone: they are tried again by the next. -ENOENT: there is
 * nothing to undo. */
int undo_run(struct undo_request *request, struct nacre_error *err);

#endif
