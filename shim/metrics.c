/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/small_file.h"

#define MAX_DEVICES 64

struct row {
	const char *word;
	size_t offset;
};

/* clang-format off */
#define OF(type, name) {#name, offsetof(Wire__##type, name)}
static const struct row cpu_rows[] = {
	OF(CPUStat, usage_usec), OF(CPUStat, user_usec), OF(CPUStat, system_usec),
	OF(CPUStat, nr_periods), OF(CPUStat, nr_throttled), OF(CPUStat, throttled_usec),
	{0},
};
static const struct row memory_rows[] = {
	OF(MemoryStat, anon), OF(MemoryStat, file), OF(MemoryStat, kernel_stack),
	OF(MemoryStat, slab), OF(MemoryStat, sock), OF(MemoryStat, shmem),
	OF(MemoryStat, file_mapped), OF(MemoryStat, file_dirty),
	OF(MemoryStat, file_writeback), OF(MemoryStat, anon_thp),
	OF(MemoryStat, inactive_anon), OF(MemoryStat, active_anon),
	OF(MemoryStat, inactive_file), OF(MemoryStat, active_file),
	OF(MemoryStat, unevictable), OF(MemoryStat, slab_reclaimable),
	OF(MemoryStat, slab_unreclaimable), OF(MemoryStat, pgfault),
	OF(MemoryStat, pgmajfault),
	{"workingset_refault_file", offsetof(Wire__MemoryStat, workingset_refault)},
	{"workingset_activate_file", offsetof(Wire__MemoryStat, workingset_activate)},
	OF(MemoryStat, workingset_nodereclaim), OF(MemoryStat, pgrefill),
	OF(MemoryStat, pgscan), OF(MemoryStat, pgsteal), OF(MemoryStat, pgactivate),
	OF(MemoryStat, pgdeactivate), OF(MemoryStat, pglazyfree),
	OF(MemoryStat, pglazyfreed), OF(MemoryStat, thp_fault_alloc),
	OF(MemoryStat, thp_collapse_alloc),
	{0},
};
static const struct row event_rows[] = {
	OF(MemoryEvents, low), OF(MemoryEvents, high), OF(MemoryEvents, max),
	OF(MemoryEvents, oom), OF(MemoryEvents, oom_kill),
	{0},
};
/* clang-format on */

/* Reads lines of a word and a number. Returns whether the file exists. */
static bool read_words(int cgroup_fd, const char *file, const struct row *rows, void *message)
{
	char text[8192], *save = NULL;

	if (small_file_read(cgroup_fd, file, text, sizeof(text)) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *number = strchr(line, ' ');
		uint64_t value;

		if (!number)
			continue;
		*number++ = '\0';
		value = strtoull(number, NULL, 10);
		for (const struct row *row = rows; row->word; row++) {
			if (strcmp(row->word, line) == 0)
				memcpy((char *)message + row->offset, &value, sizeof(value));
		}
	}
	return true;
}

/* Returns NONE for "max" and for a missing file. */
static uint64_t read_number(int cgroup_fd, const char *file, uint64_t none)
{
	char text[64];

	if (small_file_read(cgroup_fd, file, text, sizeof(text)) <= 0 || text[0] == 'm')
		return none;
	return strtoull(text, NULL, 10);
}

/* Reads lines as "MAJOR:MINOR rbytes=N wbytes=N rios=N wios=N ...". */
static void read_io(int cgroup_fd, Wire__IOStat *io, Wire__IOEntry *entries, Wire__IOEntry **list)
{
	char text[16384], *save = NULL;

	if (small_file_read(cgroup_fd, "io.stat", text, sizeof(text)) < 0)
		return;
	io->usage = list;
	for (char *line = strtok_r(text, "\n", &save); line && io->n_usage < MAX_DEVICES;
		line = strtok_r(NULL, "\n", &save)) {
		Wire__IOEntry *entry = &entries[io->n_usage];
		unsigned long long major, minor, n[4];

		if (sscanf(line, "%llu:%llu rbytes=%llu wbytes=%llu rios=%llu wios=%llu", &major,
			    &minor, &n[0], &n[1], &n[2], &n[3]) != 6)
			continue;
		wire__ioentry__init(entry);
		entry->major = major;
		entry->minor = minor;
		entry->rbytes = n[0];
		entry->wbytes = n[1];
		entry->rios = n[2];
		entry->wios = n[3];
		list[io->n_usage++] = entry;
	}
}

static int answer(struct call *call, const Wire__Metrics *metrics)
{
	Wire__StatsResponse response = WIRE__STATS_RESPONSE__INIT;
	Wire__Any any = WIRE__ANY__INIT;
	uint8_t *bytes;

	if (message_write(metrics, 0, &bytes, &any.value.len) < 0)
		return -1;
	any.value.data = bytes;
	any.type_url = (char *)"io.containerd.cgroups.v2.Metrics";
	response.stats = &any;
	call_answer(call, &response);
	free(bytes);
	return 0;
}

int metrics_answer(struct call *call, int cgroup_fd, char *text, size_t size)
{
	Wire__Metrics metrics = WIRE__METRICS__INIT;
	Wire__PidsStat pids = WIRE__PIDS_STAT__INIT;
	Wire__CPUStat cpu = WIRE__CPUSTAT__INIT;
	Wire__MemoryStat memory = WIRE__MEMORY_STAT__INIT;
	Wire__MemoryEvents events = WIRE__MEMORY_EVENTS__INIT;
	Wire__IOStat io = WIRE__IOSTAT__INIT;
	Wire__IOEntry entries[MAX_DEVICES], *list[MAX_DEVICES];
	int r;

	if (cgroup_fd < 0) {
		(void)snprintf(text, size, "the container's cgroup is not open");
		return -1;
	}
	pids.current = read_number(cgroup_fd, "pids.current", 0);
	pids.limit = read_number(cgroup_fd, "pids.max", 0);
	(void)read_words(cgroup_fd, "cpu.stat", cpu_rows, &cpu);
	(void)read_words(cgroup_fd, "memory.stat", memory_rows, &memory);
	memory.usage = read_number(cgroup_fd, "memory.current", 0);
	memory.usage_limit = read_number(cgroup_fd, "memory.max", UINT64_MAX);
	memory.swap_usage = read_number(cgroup_fd, "memory.swap.current", 0);
	memory.swap_limit = read_number(cgroup_fd, "memory.swap.max", UINT64_MAX);
	if (read_words(cgroup_fd, "memory.events", event_rows, &events))
		metrics.memory_events = &events;
	read_io(cgroup_fd, &io, entries, list);
	metrics.pids = &pids;
	metrics.cpu = &cpu;
	metrics.memory = &memory;
	metrics.io = &io;
	r = answer(call, &metrics);
	if (r < 0)
		(void)snprintf(text, size, "out of memory");
	return r;
}
