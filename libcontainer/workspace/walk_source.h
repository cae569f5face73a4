/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_SOURCE_H
#define NACRE_WORKSPACE_WALK_SOURCE_H

#include <sys/stat.h>

#include "libcontainer/workspace/walk.h"
#include "specs/workspace_rules.h"

/* PATH in the source, itself if it is a link. Returns 1; 0: there is none, or what is above it is
 * no directory; -EXDEV: a mount is in the way; or -errno, without text. */
int walk_source_stat(const struct workspace_walk *walk, const char *path, struct statx *ret);

/* What stands against removing or moving a whole tree of the source. */
struct walk_source_verdict {
	const char *conflict; /* NULL: none */
	enum workspace_rule_id refused; /* WORKSPACE_RULES: none */
};

/* Reads all below the directory PATH. MOVED_TO: it is to be renamed to that, so that its links lead
 * elsewhere; NULL: it is to be removed. */
int walk_source_check(struct arena *arena, const struct workspace_walk *walk, const char *path,
	const char *moved_to, struct walk_source_verdict *ret, struct nacre_error *err);

#endif
