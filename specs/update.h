/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_UPDATE_H
#define NACRE_UPDATE_H

#include "specs/spec.h"

/*
 * Merges the limits of `update` into those that the container has. Zero and absent values mean
 * "unchanged", except for cpu.idle and cpu.burst. Pure.
 */

/* *RET_NEXT: a copy of STORED with GIVEN in it, in the memory of both and ARENA, checked by the
 * rules of the spec. Two members follow others: if memory.limit alone changes, memory.swap moves
 * with it, so that the amount of swap stays the same (no limit of memory: none of swap); cpu.shares
 * ends cpu.idle. */
int update_merge(struct arena *arena, const struct oci_config *stored,
	const struct oci_resources *given, struct oci_config **ret_next, struct nacre_error *err);

/* *RET_CHANGES: what has to be written so that a container with the limits of STORED gets those of
 * NEXT: what GIVEN names and what a rule of the profile has changed with it, and as little else as
 * the files of cgroup v2 allow, since others may have changed them. NEXT may be hardened. */
int update_changes(struct arena *arena, const struct oci_config *stored,
	const struct oci_resources *given, const struct oci_config *next,
	struct oci_resources *ret_changes, struct nacre_error *err);

#endif
