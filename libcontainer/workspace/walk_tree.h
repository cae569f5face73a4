/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_TREE_H
#define NACRE_WORKSPACE_WALK_TREE_H

#include "libcontainer/workspace/walk.h"
#include "libcontainer/workspace/walk_marks.h"
#include "specs/workspace_rules.h"

/*
 * The first pass: reads the directories of an upper before anything is judged, since it must be
 * known what was renamed away before its old path in the source is looked at.
 */

struct walk_directory {
	struct walk_directory *next; /* parents before what is in them */
	struct walk_directory *parent; /* NULL: the top */
	const char *path; /* "" for the top */
	const char *name; /* the end of PATH */
	const char *from; /* old path in the source if it was renamed, else NULL */
	const char *source; /* the path in the source that it is compared with: FROM or the same */
	bool hidden; /* overlay does not show what the source has there and below */
	enum workspace_rule_id refused; /* by this rule, not read; WORKSPACE_RULES: not refused */
	struct walk_marks *marks; /* NULL: of the top, or not read */
	mode_t mode;
	const char **names; /* all entries, sorted bytewise */
	size_t n;

	/* Results of the second pass, for what is below: see walk.c. */
	bool source_is_there; /* as a directory */
	const char *conflict;
	bool new_git, new_repository;
	size_t below_repository; /* where in PATH and those of its entries the part below a
				    repository begins; SIZE_MAX: in none */
};

struct walk_tree {
	struct walk_directory *first;
	struct walk_directory **moved; /* those with FROM, sorted by that */
	size_t n_moved;
};

int walk_tree_read(struct arena *arena, const struct workspace_walk *walk,
	struct walk_tree *ret_tree, struct nacre_error *err);

/* Returns how many directories were renamed from PATH of the source. */
size_t walk_tree_moved(const struct walk_tree *tree, const char *path);

/* Opens PATH below ROOT_FD, or ROOT_FD itself for "". Follows no link and crosses no mount. Returns
 * an fd or -errno without text. */
int walk_open(int root_fd, const char *path, int flags);

/* Lists the entries of the directory FD, sorted bytewise, of ARENA. FD: opened for reading. */
int walk_names(struct arena *arena, int fd, const char ***ret_names, size_t *ret_n,
	struct nacre_error *err);

/* Joins DIRECTORY and NAME to a path of ARENA. NULL: out of memory. */
const char *walk_join(struct arena *arena, const char *directory, const char *name);

/* Sets the error of a failure at PATH, and escapes PATH, which may come from a container. */
int walk_fail(struct nacre_error *err, int code, const char *what, const char *path);

#endif
