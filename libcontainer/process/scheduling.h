/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SCHEDULING_H
#define NACRE_SCHEDULING_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/spec.h"

/* What a process inherits of the caller. */
struct scheduling_of_caller {
	const char *policy; /* a real-time policy; NULL: another */
	int nice;
	bool io_real_time; /* the real-time I/O class */
};

int scheduling_look(struct scheduling_of_caller *ret_scheduling, struct nacre_error *err);

/* Applies process.scheduler with sched_setattr(2) to PID, 0: the caller. Takes NULL. */
int scheduling_apply(pid_t pid, const struct oci_scheduler *scheduler, struct nacre_error *err);
/* Apply process.ioPriority (ioprio_set(2)), linux.personality (personality(2)) and
 * linux.memoryPolicy (set_mempolicy(2)) to the caller. Each takes NULL. */
int scheduling_apply_io_priority(const struct oci_io_priority *priority, struct nacre_error *err);
int scheduling_apply_personality(
	const struct oci_personality *personality, struct nacre_error *err);
/* List what scheduling_apply_memory_policy knows, for features.md. RET_NAMES has 8 places. */
size_t scheduling_memory_modes(const char **ret_names);
size_t scheduling_memory_flags(const char **ret_names);

int scheduling_apply_memory_policy(const struct oci_memory_policy *policy, struct nacre_error *err);

/* Applies a CPU list ("0-3,7") with sched_setaffinity(2) to the caller. Takes NULL. */
int scheduling_apply_affinity(const char *cpus, struct nacre_error *err);
/* Allows the caller all CPUs of its cpuset, whatever the process that started it was pinned to. */
int scheduling_reset_affinity(struct nacre_error *err);

#endif
