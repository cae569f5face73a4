/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_ENTRY_H
#define NACRE_WORKSPACE_WALK_ENTRY_H

#include "libcontainer/workspace/walk_source.h"
#include "libcontainer/workspace/walk_tree.h"

/* The second pass: compares each entry of each directory with the source. */

struct walker {
	struct arena *arena;
	const struct workspace_walk *walk;
	struct walk_tree tree;
	struct workspace_change *items;
	size_t n, size;
	uint64_t bytes; /* that were read */
	size_t entries; /* of the source, so far, that are removed or moved with their directory */
	bool clock_was_set_back;
};

/* A directory that is open on both sides. */
struct walk_place {
	const struct walk_directory *directory;
	int upper_fd;
	int source_fd; /* -1: the source has no such directory */
	bool source_is_late; /* an entry of it was made, renamed or removed */
};

/* What the source has for an entry. */
struct walk_lower {
	bool is_there;
	bool is_mount;
	const char *path;
	struct statx stx;
};

/* Finds NAME of PLACE in the source; nothing if it was renamed away. */
int walk_entry_lower(struct walker *w, const struct walk_place *place, const char *name,
	struct walk_lower *ret, struct nacre_error *err);

/* Reads NAME of PLACE, unless it is a directory. */
int walk_entry_read(struct walker *w, const struct walk_place *place, const char *name,
	struct nacre_error *err);

/* Adds the deletion of NAME, which the source has. */
int walk_entry_deleted(struct walker *w, const struct walk_place *place, const char *name,
	const struct walk_lower *lower, struct nacre_error *err);

/* Judges CHANGE, an entry of DIRECTORY, by the rules, and keeps it. -E2BIG: too many. */
int walk_entry_add(struct walker *w, const struct walk_directory *directory,
	struct workspace_change *change, struct nacre_error *err);

/* Notes in CHANGE what forbids removing LOWER, with all below it. */
int walk_entry_check(struct walker *w, const struct walk_directory *directory,
	const struct walk_lower *lower, struct workspace_change *change, struct nacre_error *err);

/* Returns the permission bits that apply writes: see walk.h. LOWER: NULL for none. */
uint32_t walk_entry_mode(mode_t mode, const struct statx *lower);

#endif
