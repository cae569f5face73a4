/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_TARGETS_H
#define NACRE_WORKSPACE_WALK_TARGETS_H

#include "libcontainer/workspace/walk.h"
#include "specs/spec_types.h"

/* Finds where links of the source with protected names lead, as patterns from its top ("/docs/a"):
 * a file there, now or later, is obeyed as the link is. Reads the top, directories with protected
 * names, hooks and info of a repository, and what such links lead to. Links out of the source do
 * not count. -E2BIG: there are too many. */
int walk_targets_find(struct arena *arena, const struct workspace_walk *walk,
	struct oci_strings *ret, struct nacre_error *err);

#endif
