/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_UNDO_H
#define NACRE_WORKSPACE_UNDO_H

#include "libcontainer/workspace/apply.h"

/*
 * Undoes the last apply, last step first. The source has again what it had, with the very same
 * files if undo lies on its file system. What was applied is in the upper again, and can be shown
 * or applied once more. Files that the host changed since are left alone.
 */

struct undo_entry {
	const char *path; /* of the arena */
	struct apply_result result;
};

struct undo_request {
	struct arena *arena;
	int dir_fd, source_fd; /* as of struct apply_request */
	int upper_fd; /* -1: it is gone; what is taken out of the source is removed with undo */
	bool user_xattr;
	const char *const *force; /* paths, with all below them: the host's version of these goes to
				     the upper; NULL-terminated; NULL: none */
	bool dry_run;
	struct undo_entry *entries; /* filled in, in the order of the steps; heap */
	size_t n;
};

/* Returns 0, also if some steps are left alone: the next call tries them again. -ENOENT: there is
 * nothing to undo. */
int undo_run(struct undo_request *request, struct nacre_error *err);

#endif
