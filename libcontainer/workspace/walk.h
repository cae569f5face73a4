/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_H
#define NACRE_WORKSPACE_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "specs/arena.h"
#include "specs/workspace_changes.h"

/*
 * Finds what changed in a workspace: compares overlay's upper with the source.
 *
 * Both sides are opened by fd, with no link followed and no mount crossed (openat2). Each directory
 * is opened by its path from the top, so that neither the stack nor the fds grow with the depth; a
 * path longer than PATH_MAX is refused. Nothing may write to the upper meanwhile. The source may
 * change at any time, which causes a conflict at worst.
 *
 * Content, type, target of a link and permission bits count as a change. Owners, times, extended
 * attributes, ACLs, capabilities and the bits 07000 do not, since apply never writes them. A mode
 * gives the group and others no right to read or write that the source's file did not, and no right
 * to execute what they may not read. They may not write to a new file.
 */

enum {
	WORKSPACE_MAX_CHANGES = 1000000,
};
#define WORKSPACE_MAX_BYTES (4ULL << 30)

struct workspace_walk {
	int upper_fd, source_fd; /* may be O_PATH */
	bool user_xattr; /* as in workspace_record.h; trusted ones need CAP_SYS_ADMIN, see there */
	int64_t created; /* nanoseconds, of its record */
	const char *source; /* its path on the host, for absolute links into it; may be NULL */
	const struct oci_strings *protect; /* may be NULL */
	const struct oci_strings *targets; /* of protected links: workspace_walk finds them */
	uint64_t max_bytes; /* of content that is read, apparent size; what is more is refused */
	size_t max_changes; /* more: -E2BIG */
};

/* Lists the changes. RET_CHANGES: of ARENA, sorted. -EPERM: the caller cannot see overlay's
 * attributes. */
int workspace_walk(struct arena *arena, const struct workspace_walk *walk,
	struct workspace_changes *ret_changes, struct nacre_error *err);

/* Whether TIME, a ctime of the source, is not before the workspace was made: place_is_late. */
bool workspace_walk_is_late(const struct workspace_walk *walk, const struct statx_timestamp *time);

/* Returns the words for workspace_change.conflict that follow the path in messages; the word itself
 * if a later version wrote it. */
#define WORKSPACE_CONFLICT_CHANGED "changed"
#define WORKSPACE_CONFLICT_REPLACED "replaced"
#define WORKSPACE_CONFLICT_GONE "gone"
#define WORKSPACE_CONFLICT_CLOCK "clock"
const char *workspace_conflict_reason(const char *word);

#endif
