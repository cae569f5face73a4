/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/cgroup/cgroup_limits.h"
#include "libcontainer/systemd/systemd.h"
#include "libcontainer/systemd/systemd_property.h"

/*
 * Writes linux.resources as properties, systemd.resource-control(5), as far as systemd writes these
 * files too. It has no properties for hugetlb, rdma, bursts and the io limits of a device, so it
 * does not overwrite them either.
 */

#define INFINITY_U64 UINT64_MAX
#define DEFAULT_PERIOD_US 100000
#define US_PER_SECOND 1000000
#define US_PER_CENT (US_PER_SECOND / 100)

#define CPUS_MAX 8192 /* CONFIG_NR_CPUS_RANGE_END of x86-64 */

/* Writes a limit; 0: unset, -1: no limit. */
static void put_limit(FILE *out, const char *name, int64_t value)
{
	if (value == -1)
		systemd_property_u64(out, name, INFINITY_U64);
	else if (value > 0)
		systemd_property_u64(out, name, (uint64_t)value);
}

/* As in cgroup_limits.c, "swap" of the spec is memory plus swap. */
static void put_memory(FILE *out, const struct oci_memory *memory)
{
	int64_t limit = memory->limit.value, swap = memory->swap.value;

	if (swap == -1 || (swap == 0 && limit == -1))
		systemd_property_u64(out, "MemorySwapMax", INFINITY_U64);
	else if (swap > 0 && limit > 0 && swap >= limit)
		systemd_property_u64(out, "MemorySwapMax", (uint64_t)(swap - limit));
	put_limit(out, "MemoryMax", limit);
	put_limit(out, "MemoryLow", memory->reservation.value);
}

/* Returns QUOTA in microseconds per second, rounded up to whole percents. */
static uint64_t share_of(uint64_t quota, uint64_t period)
{
	uint64_t share;

	if (quota == 0 || quota > (UINT64_MAX - period) / US_PER_SECOND)
		return INFINITY_U64;
	share = (quota * US_PER_SECOND + period - 1) / period;
	return (share + US_PER_CENT - 1) / US_PER_CENT * US_PER_CENT;
}

static void put_quota(FILE *out, uint64_t quota, uint64_t period)
{
	if (period > 0)
		systemd_property_u64(out, "CPUQuotaPeriodUSec", period);
	else
		period = DEFAULT_PERIOD_US;
	systemd_property_u64(out, "CPUQuotaPerSecUSec", share_of(quota, period));
}

void systemd_round_quota(struct oci_resources *resources)
{
	struct oci_cpu *cpu = resources->cpu;
	uint64_t period, share;

	if (!cpu || cpu->quota.value <= 0)
		return;
	period = cpu->period.value ? cpu->period.value : DEFAULT_PERIOD_US;
	share = share_of((uint64_t)cpu->quota.value, period);
	/* Computes the quota as systemd does it from its property. */
	if (share <= UINT64_MAX / period)
		cpu->quota.value = (int64_t)(share * period / US_PER_SECOND);
}

static void put_idle(FILE *out)
{
	/* systemd 252; an idle group has no other weight */
	systemd_property_u64(out, PROPERTY_OPTIONAL "CPUWeight", 0);
}

/* Parses a number. errno is 0 if TEXT begins with one. */
static uint64_t number(const char *text, char **end)
{
	errno = 0;
	*end = (char *)text;
	if (*text < '0' || *text > '9') {
		errno = EINVAL;
		return 0;
	}
	return strtoull(text, end, 10);
}

/* Converts "0-3,7" to bits. Returns the bytes used, 0 for a malformed list. */
static size_t bits_of_list(const char *text, uint8_t bits[CPUS_MAX / 8])
{
	uint64_t last = 0;

	memset(bits, 0, CPUS_MAX / 8);
	for (;;) {
		char *end;
		uint64_t from = number(text, &end), to = from;

		if (errno == 0 && *end == '-')
			to = number(end + 1, &end);
		if (errno != 0 || to < from || to >= CPUS_MAX)
			return 0;
		for (uint64_t i = from; i <= to; i++)
			bits[i / 8] |= (uint8_t)(1u << i % 8);
		if (to > last)
			last = to;
		end += strspn(end, " \n");
		if (!*end)
			return last / 8 + 1;
		if (*end != ',')
			return 0;
		text = end + 1;
	}
}

static void put_list(FILE *out, const char *name, const char *list)
{
	uint8_t bits[CPUS_MAX / 8];
	size_t n = list && *list ? bits_of_list(list, bits) : 0;

	if (n == 0)
		return;
	fprintf(out, "%s\tay", name);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "\t+\t%u", bits[i]);
	fputs("\t-\n", out);
}

static void put_cpu(FILE *out, const struct oci_cpu *cpu)
{
	if (cpu->idle.value != 0)
		put_idle(out);
	else if (cpu->shares.value != 0)
		systemd_property_u64(
			out, "CPUWeight", cgroup_weight_from_shares(cpu->shares.value));
	if (cpu->quota.value != 0 || cpu->period.value != 0)
		put_quota(out, cpu->quota.value > 0 ? (uint64_t)cpu->quota.value : 0,
			cpu->period.value);
	put_list(out, "AllowedCPUs", cpu->cpus);
	put_list(out, "AllowedMemoryNodes", cpu->mems);
}

/* --- linux.resources.unified: values in the format of the cgroup's files --- */

static void put_file_number(FILE *out, const char *name, const char *value)
{
	char *end;
	uint64_t n = number(value, &end);

	if (strcmp(value, "max") == 0)
		systemd_property_u64(out, name, INFINITY_U64);
	else if (errno == 0 && !*end)
		systemd_property_u64(out, name, n);
}

static void put_file_tasks(FILE *out, const char *name, const char *value)
{
	/* systemd accepts no 0. */
	if (strcmp(value, "0") != 0)
		put_file_number(out, name, value);
}

static void put_file_weight(FILE *out, const char *name, const char *value)
{
	const char *text = strncmp(value, "default ", 8) == 0 ? value + 8 : value;
	char *end;
	uint64_t n = number(text, &end);

	if (errno == 0 && !*end && n >= 1 && n <= 10000)
		systemd_property_u64(out, name, n);
}

static void put_file_quota(FILE *out, const char *name, const char *value)
{
	bool unlimited = strncmp(value, "max", 3) == 0;
	uint64_t quota = 0, period = 0;
	char *end = (char *)value + 3;

	(void)name;
	if (!unlimited) {
		quota = number(value, &end);
		if (errno != 0 || quota == 0)
			return;
	}
	if (*end == ' ') {
		period = number(end + 1, &end);
		if (errno != 0)
			return;
	}
	if (!*end)
		put_quota(out, quota, period);
}

static void put_file_idle(FILE *out, const char *name, const char *value)
{
	(void)name;
	if (strcmp(value, "1") == 0)
		put_idle(out);
}

/* systemd 253: without the property it would write its own default to the file. */
static void put_file_oom_group(FILE *out, const char *name, const char *value)
{
	if (strcmp(value, "0") == 0 || strcmp(value, "1") == 0)
		systemd_property_string(out, name, *value == '1' ? "kill" : "continue");
}

static void put_unified(FILE *out, const struct oci_map *unified)
{
	static const struct {
		const char *file;
		const char *property;
		void (*put)(FILE *out, const char *property, const char *value);
	} files[] = {
		/* clang-format off */
		{"cpu.weight",       "CPUWeight",          put_file_weight},
		{"cpu.idle",         "CPUWeight",          put_file_idle},
		{"cpu.max",          "CPUQuotaPerSecUSec", put_file_quota},
		{"cpuset.cpus",      "AllowedCPUs",        put_list},
		{"cpuset.mems",      "AllowedMemoryNodes", put_list},
		{"io.weight",        "IOWeight",           put_file_weight},
		{"memory.high",      "MemoryHigh",         put_file_number},
		{"memory.low",       "MemoryLow",          put_file_number},
		{"memory.max",       "MemoryMax",          put_file_number},
		{"memory.min",       "MemoryMin",          put_file_number},
		{"memory.oom.group", PROPERTY_OPTIONAL "OOMPolicy", put_file_oom_group},
		{"memory.swap.max",  "MemorySwapMax",      put_file_number},
		{"pids.max",         "TasksMax",           put_file_tasks},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (size_t j = 0; j < unified->n; j++)
			if (strcmp(unified->items[j].key, files[i].file) == 0)
				files[i].put(out, files[i].property, unified->items[j].value);
}

void systemd_properties_of_limits(FILE *out, const struct oci_resources *resources)
{
	if (resources->pids)
		put_limit(out, "TasksMax", oci_pids_limit(resources->pids));
	if (resources->memory)
		put_memory(out, resources->memory);
	if (resources->cpu)
		put_cpu(out, resources->cpu);
	if (resources->block_io && resources->block_io->weight.value != 0)
		systemd_property_u64(
			out, "IOWeight", cgroup_io_weight(resources->block_io->weight.value));
	put_unified(out, &resources->unified);
}
