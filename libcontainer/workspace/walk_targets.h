/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_TARGETS_H
#define NACRE_WORKSPACE_WALK_TARGETS_H

#include "libcontainer/workspace/walk.h"
#include "specs/spec_types.h"

/* Where the links of the source with protected names lead, as patterns of its top ("/docs/a"): what
 * is there, or is not yet, is obeyed as they are. Read are the top and what lies in directories
 * with protected names, in a repository hooks and info, and what such links lead to. Links out of
 * the source count for nothing. -E2BIG: there are too many. */
int walk_targets_find(struct arena *arena, const struct workspace_walk *walk,
	struct oci_strings *ret, struct nacre_error *err);

#endif
