/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_SOURCE_H
#define NACRE_WORKSPACE_WALK_SOURCE_H

#include <sys/stat.h>

#include "libcontainer/workspace/walk.h"
#include "specs/workspace_rules.h"

/* Reads the status of PATH in the source, of a link itself. Returns 1; 0: it does not exist, or
 * what is above it is no directory; -EXDEV: a mount is in the way; or -errno, without text. */
int walk_source_stat(const struct workspace_walk *walk, const char *path, struct statx *ret);

/* What forbids removing or moving a whole tree of the source. */
struct walk_source_verdict {
	const char *conflict; /* NULL: none */
	enum workspace_rule_id refused; /* WORKSPACE_RULES: none */
	const char *inside; /* the path with the name that is refused; NULL: none */
};

/* Checks all below the directory PATH. MOVED_TO: the path that it is to be renamed to, so that its
 * links lead elsewhere, and its names are judged there as well; NULL: it is to be removed. ENTRIES:
 * how many were read so far; -E2BIG: more than the walk's max_changes. */
int walk_source_check(struct arena *arena, const struct workspace_walk *walk, const char *path,
	const char *moved_to, size_t *entries, struct walk_source_verdict *ret,
	struct nacre_error *err);

/* Notes VERDICT in CHANGE. */
void walk_source_tell(const struct walk_source_verdict *verdict, struct workspace_change *change);

#endif
