/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPECS_WORKSPACE_SELECT_H
#define NACRE_SPECS_WORKSPACE_SELECT_H

#include "specs/arena.h"
#include "specs/path_text.h"
#include "specs/workspace_changes.h"

/* Which changes of a workspace a command line names. Pure. */

/* A path that a caller gave, relative to SOURCE or an absolute one of the host, as the changes have
 * it: "src/a", or "" for the source itself. Returns false: it lies elsewhere, or is too long. */
bool workspace_select_path(const char *source, const char *given, char ret[static PATH_TEXT_MAX]);

/* By index of the changes. */
struct workspace_selection {
	bool *wanted; /* the change lies at a path that was given, or below it; or it makes a
			 directory that one of those needs */
	bool *named; /* workspace_change_is_named */
	bool *forced;
};

/* PATHS and FORCE are NULL-terminated; NULL: all, and none. The paths in which something was
 * changed are marked in MATCHED and FORCE_MATCHED, which have an element for each. Memory of ARENA.
 */
int workspace_select(struct arena *arena, const struct workspace_changes *changes,
	const char *source, const char *const *paths, bool *matched, const char *const *force,
	bool *force_matched, struct workspace_selection *ret, struct nacre_error *err);

#endif
