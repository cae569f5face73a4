/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_STATS_H
#define NACRE_CGROUP_STATS_H

#include "specs/arena.h"
#include "specs/stats.h"

/* Reads the resource usage of the cgroup whose directory is CGROUP_FD, from cpu.stat, memory.*,
 * pids.*, io.stat, hugetlb.*.* and *.pressure. Omits values without a controller, and pressure that
 * is off. A file that does not have the documented form is an error (-EINVAL). Lists are of
 * ARENA. */
int cgroup_stats_read(struct arena *arena, int cgroup_fd, struct container_stats *ret_stats,
	struct nacre_error *err);

#endif
