/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_PROTECT_H
#define NACRE_WORKSPACE_PROTECT_H

#include <stddef.h>
#include <time.h>

#include "specs/arena.h"
#include "specs/spec_types.h"

/*
 * Finds protected names (specs/workspace_rules.h) in a source that the container writes to
 * directly, form direct: at its top, and in its repository the files that git obeys. Deeper
 * directories are not searched, since that would take as long as there are files.
 */

struct workspace_protected {
	const char *path; /* below the source */
	const char *reason;
	struct timespec changed; /* ctime */
};

struct workspace_protected_list {
	struct workspace_protected *items; /* sorted by path */
	size_t n;
	/* Directories below the source that contain them, outer ones first: a directory that can be
	 * renamed can be replaced with all that is in it. */
	struct oci_strings around;
};

/* Lists them, in ARENA. PROTECT: names of the policy. */
int workspace_protect_list(struct arena *arena, int source_fd, const struct oci_strings *protect,
	struct workspace_protected_list *ret_list, struct nacre_error *err);

#endif
