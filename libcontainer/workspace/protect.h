/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_PROTECT_H
#define NACRE_WORKSPACE_PROTECT_H

#include <stddef.h>
#include <time.h>

#include "specs/arena.h"
#include "specs/spec_types.h"

/*
 * Protected names (specs/workspace_rules.h) in a source that is written to at once, form direct: at
 * its top, and of its repository what git obeys. What lies deeper is not looked for, since that
 * would take as long as there are files.
 */

struct workspace_protected {
	const char *path; /* below the source */
	const char *reason;
	struct timespec changed; /* ctime */
};

struct workspace_protected_list {
	struct workspace_protected *items; /* sorted by path */
	size_t n;
	/* Directories around them below the source, outer ones first: what can be renamed can be
	 * replaced with all that is in it. */
	struct oci_strings around;
};

/* PROTECT: names of the policy. In ARENA. */
int workspace_protect_list(struct arena *arena, int source_fd, const struct oci_strings *protect,
	struct workspace_protected_list *ret_list, struct nacre_error *err);

#endif
