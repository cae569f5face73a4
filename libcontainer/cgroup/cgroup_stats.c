/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/cgroup_stats_files.h"

#define COUNTS_MAX 512 /* memory.stat of Linux 6.18 has 60 */
#define PAGE_SIZES_MAX 16

static int take_cpu(void *data, const char *key, size_t length, uint64_t value)
{
	struct container_stats *stats = data;
	const struct {
		const char *name;
		uint64_t *member;
		uint64_t factor;
	} members[] = {
		/* clang-format off */
		{"usage_usec", &stats->cpu.total, 1000},
		{"user_usec", &stats->cpu.user, 1000},
		{"system_usec", &stats->cpu.kernel, 1000},
		{"nr_periods", &stats->throttling.periods, 1},
		{"nr_throttled", &stats->throttling.throttled_periods, 1},
		{"throttled_usec", &stats->throttling.throttled_time, 1000},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (cgroup_stats_is_key(key, length, members[i].name))
			*members[i].member = value * members[i].factor;
	return 0;
}

struct counts {
	struct arena *arena;
	struct container_stats *stats;
};

static int take_memory(void *data, const char *key, size_t length, uint64_t value)
{
	const struct counts *counts = data;
	struct container_stats *stats = counts->stats;
	char *name = arena_strndup(counts->arena, key, length);

	if (stats->n_memory_stat == COUNTS_MAX)
		return -E2BIG;
	if (!name)
		return -ENOMEM;
	if (cgroup_stats_is_key(key, length, "file"))
		stats->cache = value;
	stats->memory_stat[stats->n_memory_stat++] = (struct stats_count){name, value};
	return 0;
}

/* Reads memory.current and so on, or memory.swap.current. Returns 1, or 0 without them. */
static int read_memory_entry(
	const struct stats_reader *reader, const char *prefix, struct stats_memory_entry *entry)
{
	const struct {
		const char *suffix;
		uint64_t *member;
	} files[] = {
		{"current", &entry->usage}, {"max", &entry->limit},
		{"peak", &entry->max}, /* Linux 5.19; of swap 6.5 */
	};
	int r, found = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char file[64];

		(void)snprintf(file, sizeof(file), "%s.%s", prefix, files[i].suffix);
		r = cgroup_stats_read_number(reader, file, files[i].member);
		if (r < 0)
			return r;
		found |= r;
	}
	return found;
}

static int read_memory(const struct stats_reader *reader, struct container_stats *stats)
{
	struct counts counts = {reader->arena, stats};
	struct stats_memory_entry swap = {.limit = 0};
	int r;

	stats->memory_stat = arena_array(reader->arena, COUNTS_MAX, sizeof(struct stats_count));
	if (!stats->memory_stat)
		return fail_errno(reader->err, ENOMEM, "memory.stat");
	r = cgroup_stats_read_flat(reader, "memory.stat", take_memory, &counts);
	if (r <= 0)
		return r;
	stats->has_memory = true;
	r = read_memory_entry(reader, "memory", &stats->memory);
	if (r >= 0)
		r = read_memory_entry(reader, "memory.swap", &swap);
	if (r < 0)
		return r;
	/* Adds memory and swap, as in cgroup v1, but not their peaks, which cannot be added. */
	stats->swap.usage = stats->memory.usage + swap.usage;
	if (__builtin_add_overflow(stats->memory.limit, swap.limit, &stats->swap.limit))
		stats->swap.limit = UINT64_MAX;
	return 0;
}

/* Counts the processes if the cgroup has no pids controller. */
static int read_pids(const struct stats_reader *reader, struct container_stats *stats)
{
	cleanup_free char *procs = NULL;
	int r = cgroup_stats_read_number(reader, "pids.current", &stats->pids.current);

	if (r > 0)
		r = cgroup_stats_read_number(reader, "pids.max", &stats->pids.limit);
	if (r > 0 && stats->pids.limit == UINT64_MAX)
		stats->pids.limit = 0;
	if (r != 0)
		return r;
	r = cgroup_stats_read_file(reader, "cgroup.procs", &procs);
	for (const char *at = procs; r > 0 && (at = strchr(at, '\n')); at++)
		stats->pids.current++;
	return r;
}

/* Finds the size in "hugetlb.2MB.current". Returns 1, 0: it is no such file, or -ENOMEM. */
static int page_size_of(struct arena *arena, const char *file, char **ret_size)
{
	static const char before[] = "hugetlb.", behind[] = ".current";
	const char *size = file + strlen(before);
	size_t length;

	if (strncmp(file, before, strlen(before)) != 0)
		return 0;
	length = strcspn(size, ".");
	if (strcmp(size + length, behind) != 0)
		return 0;
	*ret_size = arena_strndup(arena, size, length);
	return *ret_size ? 1 : -ENOMEM;
}

static int take_max(void *data, const char *key, size_t length, uint64_t value)
{
	if (cgroup_stats_is_key(key, length, "max"))
		*(uint64_t *)data = value;
	return 0;
}

/* Counts pages as soon as they are reserved, where the kernel reports that (Linux 5.7). */
static int read_page_size(const struct stats_reader *reader, struct stats_hugetlb *hugetlb)
{
	char file[64];
	int r;

	(void)snprintf(file, sizeof(file), "hugetlb.%.16s.rsvd.current", hugetlb->page_size);
	r = cgroup_stats_read_number(reader, file, &hugetlb->usage);
	(void)snprintf(file, sizeof(file), "hugetlb.%.16s.current", hugetlb->page_size);
	if (r == 0)
		r = cgroup_stats_read_number(reader, file, &hugetlb->usage);
	(void)snprintf(file, sizeof(file), "hugetlb.%.16s.events", hugetlb->page_size);
	return r < 0 ? r : cgroup_stats_read_flat(reader, file, take_max, &hugetlb->failcnt);
}

static int read_hugetlb(const struct stats_reader *reader, struct container_stats *stats)
{
	cleanup_close int fd = openat(reader->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r;

	stats->hugetlb = arena_array(reader->arena, PAGE_SIZES_MAX, sizeof(*stats->hugetlb));
	if (!dir || !stats->hugetlb)
		return fail_errno(reader->err, dir ? ENOMEM : errno, "list the cgroup");
	(void)fd_steal(&fd);
	while (errno = 0, (entry = readdir(dir))) {
		char *size;

		r = page_size_of(reader->arena, entry->d_name, &size);
		if (r > 0 && stats->n_hugetlb == PAGE_SIZES_MAX)
			r = -E2BIG;
		if (r < 0)
			return fail_errno(reader->err, r, "%s", entry->d_name);
		if (r == 0)
			continue;
		stats->hugetlb[stats->n_hugetlb].page_size = size;
		r = read_page_size(reader, &stats->hugetlb[stats->n_hugetlb++]);
		if (r < 0)
			return r;
	}
	return errno ? fail_errno(reader->err, errno, "list the cgroup") : 0;
}

static int read_cpu(const struct stats_reader *reader, struct container_stats *stats)
{
	return cgroup_stats_read_flat(reader, "cpu.stat", take_cpu, stats);
}

static int read_pressures(const struct stats_reader *reader, struct container_stats *stats)
{
	int r = cgroup_stats_read_pressure(reader, "cpu.pressure", &stats->cpu_pressure);

	if (r >= 0)
		r = cgroup_stats_read_pressure(reader, "memory.pressure", &stats->memory_pressure);
	return r < 0 ? r : cgroup_stats_read_pressure(reader, "io.pressure", &stats->io_pressure);
}

int cgroup_stats_read(struct arena *arena, int cgroup_fd, struct container_stats *ret_stats,
	struct nacre_error *err)
{
	static int (*const parts[])(const struct stats_reader *, struct container_stats *) = {
		read_cpu, read_memory, read_pids, cgroup_stats_read_io, read_hugetlb,
		read_pressures};
	const struct stats_reader reader = {arena, cgroup_fd, err};
	struct container_stats stats = {.has_memory = false};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r = parts[i](&reader, &stats);

		if (r < 0)
			return r;
	}
	*ret_stats = stats;
	return 0;
}
