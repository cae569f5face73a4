/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_STATS_H
#define NACRE_CGROUP_STATS_H

#include "specs/arena.h"
#include "specs/stats.h"

/* What the cgroup whose directory is CGROUP_FD uses, from cpu.stat, memory.*, pids.*, io.stat,
 * hugetlb.*.* and *.pressure. What has no controller, or pressure that is off, is left out; a file
 * that is not of the form that the kernel documents is an error (-EINVAL). Lists are of ARENA. */
int cgroup_stats_read(struct arena *arena, int cgroup_fd, struct container_stats *ret_stats,
	struct nacre_error *err);

#endif
