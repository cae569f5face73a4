/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STATS_H
#define NACRE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/error.h"

/*
 * The documents of `events`: what a container uses, in runc's layout (its types/events.go), which
 * is that of cgroup v1. Times are nanoseconds, sizes bytes; "no limit" is UINT64_MAX.
 */

/* One line of a pressure file: Documentation/accounting/psi.rst. */
struct stats_pressure_line {
	uint64_t avg10; /* percent, in hundredths */
	uint64_t avg60;
	uint64_t avg300;
	uint64_t total; /* microseconds */
};

struct stats_pressure {
	bool set; /* else the host or the cgroup has it off */
	struct stats_pressure_line some;
	struct stats_pressure_line full;
};

struct stats_memory_entry {
	uint64_t limit;
	uint64_t usage;
	uint64_t max;
	uint64_t failcnt; /* not counted in cgroup v2 */
};

struct stats_count {
	const char *name;
	uint64_t value;
};

struct stats_io_entry {
	uint64_t major;
	uint64_t minor;
	const char *op; /* Read, Write */
	uint64_t value;
};

struct stats_hugetlb {
	const char *page_size; /* "2MB" */
	uint64_t usage;
	uint64_t failcnt;
};

struct stats_cpu_usage {
	uint64_t total;
	uint64_t kernel;
	uint64_t user;
};

struct stats_throttling {
	uint64_t periods;
	uint64_t throttled_periods;
	uint64_t throttled_time;
};

struct stats_pids {
	uint64_t current;
	uint64_t limit; /* 0: none */
};

struct container_stats {
	struct stats_cpu_usage cpu;
	struct stats_throttling throttling;
	struct stats_pressure cpu_pressure;

	bool has_memory; /* the controller */
	uint64_t cache;
	struct stats_memory_entry memory;
	struct stats_memory_entry swap; /* and memory */
	struct stats_count *memory_stat;
	size_t n_memory_stat;
	struct stats_pressure memory_pressure;

	struct stats_pids pids;

	struct stats_io_entry *io_bytes;
	size_t n_io_bytes;
	struct stats_io_entry *io_operations;
	size_t n_io_operations;
	struct stats_pressure io_pressure;

	struct stats_hugetlb *hugetlb;
	size_t n_hugetlb;
};

/* Each is an object on one line, without a newline. Heap; the caller's to free. */
int stats_event_encode(const char *id, const struct container_stats *stats, char **ret_text,
	struct nacre_error *err);
int stats_oom_event_encode(const char *id, char **ret_text, struct nacre_error *err);

#endif
