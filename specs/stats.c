/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/stats.h"

#include <stdio.h>

#include "specs/fields.h"

/* clang-format off */

static const struct field stats_cpu_usage_fields[] = {
	FIELD_U64("total", stats_cpu_usage, total, 0),
	FIELD_U64("kernel", stats_cpu_usage, kernel, FIELD_ALWAYS),
	FIELD_U64("user", stats_cpu_usage, user, FIELD_ALWAYS),
	{},
};
static STRUCT_TYPE(stats_cpu_usage);

static const struct field stats_throttling_fields[] = {
	FIELD_U64("periods", stats_throttling, periods, 0),
	FIELD_U64("throttledPeriods", stats_throttling, throttled_periods, 0),
	FIELD_U64("throttledTime", stats_throttling, throttled_time, 0),
	{},
};
static STRUCT_TYPE(stats_throttling);

static const struct field stats_memory_entry_fields[] = {
	FIELD_U64("limit", stats_memory_entry, limit, FIELD_ALWAYS),
	FIELD_U64("usage", stats_memory_entry, usage, 0),
	FIELD_U64("max", stats_memory_entry, max, 0),
	FIELD_U64("failcnt", stats_memory_entry, failcnt, FIELD_ALWAYS),
	{},
};
static STRUCT_TYPE(stats_memory_entry);

static const struct field stats_pids_fields[] = {
	FIELD_U64("current", stats_pids, current, 0),
	FIELD_U64("limit", stats_pids, limit, 0),
	{},
};
static STRUCT_TYPE(stats_pids);

static const struct field stats_io_entry_fields[] = {
	FIELD_U64("major", stats_io_entry, major, 0),
	FIELD_U64("minor", stats_io_entry, minor, 0),
	FIELD_STRING("op", stats_io_entry, op, 0),
	FIELD_U64("value", stats_io_entry, value, 0),
	{},
};
static STRUCT_TYPE(stats_io_entry);

static const struct field stats_hugetlb_fields[] = {
	FIELD_U64("usage", stats_hugetlb, usage, 0),
	FIELD_U64("failcnt", stats_hugetlb, failcnt, FIELD_ALWAYS),
	{},
};
static STRUCT_TYPE(stats_hugetlb);

/* clang-format on */

static void put_average(struct json_writer *w, const char *key, uint64_t hundredths)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu.%02llu", (unsigned long long)hundredths / 100,
		(unsigned long long)hundredths % 100);
	json_key(w, key);
	json_raw(w, text);
}

static void put_pressure_line(
	struct json_writer *w, const char *key, const struct stats_pressure_line *line)
{
	json_key(w, key);
	json_open_object(w);
	put_average(w, "avg10", line->avg10);
	put_average(w, "avg60", line->avg60);
	put_average(w, "avg300", line->avg300);
	json_key(w, "total");
	json_u64(w, line->total);
	json_close_object(w);
}

static void put_pressure(struct json_writer *w, const struct stats_pressure *pressure)
{
	if (!pressure->set)
		return;
	json_key(w, "psi");
	json_open_object(w);
	put_pressure_line(w, "some", &pressure->some);
	put_pressure_line(w, "full", &pressure->full);
	json_close_object(w);
}

static void put(
	struct json_writer *w, const char *key, const struct struct_type *type, const void *object)
{
	json_key(w, key);
	fields_encode(w, type, object);
}

static void put_cpu(struct json_writer *w, const struct container_stats *stats)
{
	json_key(w, "cpu");
	json_open_object(w);
	put(w, "usage", &stats_cpu_usage_type, &stats->cpu);
	put(w, "throttling", &stats_throttling_type, &stats->throttling);
	put_pressure(w, &stats->cpu_pressure);
	json_close_object(w);
}

/* Members that exist only in cgroup v1. */
static void put_cpuset(struct json_writer *w)
{
	static const char *const names[] = {"cpu_exclusive", "mem_hardwall", "mem_exclusive",
		"memory_migrate", "memory_spread_page", "memory_spread_slab", "memory_pressure",
		"sched_load_balance", "sched_relax_domain_level"};

	json_key(w, "cpuset");
	json_open_object(w);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_key(w, names[i]);
		json_u64(w, 0);
	}
	json_close_object(w);
}

static void put_memory(struct json_writer *w, const struct container_stats *stats)
{
	json_key(w, "memory");
	json_open_object(w);
	if (stats->has_memory) {
		json_key(w, "cache");
		json_u64(w, stats->cache);
		put(w, "usage", &stats_memory_entry_type, &stats->memory);
		put(w, "swap", &stats_memory_entry_type, &stats->swap);
		json_key(w, "raw");
		json_open_object(w);
		for (size_t i = 0; i < stats->n_memory_stat; i++) {
			json_key(w, stats->memory_stat[i].name);
			json_u64(w, stats->memory_stat[i].value);
		}
		json_close_object(w);
	}
	put_pressure(w, &stats->memory_pressure);
	json_close_object(w);
}

static void put_io_entries(
	struct json_writer *w, const char *key, const struct stats_io_entry *entries, size_t n)
{
	if (n == 0)
		return;
	json_key(w, key);
	json_open_array(w);
	for (size_t i = 0; i < n; i++)
		fields_encode(w, &stats_io_entry_type, &entries[i]);
	json_close_array(w);
}

static void put_io(struct json_writer *w, const struct container_stats *stats)
{
	json_key(w, "blkio");
	json_open_object(w);
	put_io_entries(w, "ioServiceBytesRecursive", stats->io_bytes, stats->n_io_bytes);
	put_io_entries(w, "ioServicedRecursive", stats->io_operations, stats->n_io_operations);
	put_pressure(w, &stats->io_pressure);
	json_close_object(w);
}

static void put_hugetlb(struct json_writer *w, const struct container_stats *stats)
{
	json_key(w, "hugetlb");
	json_open_object(w);
	for (size_t i = 0; i < stats->n_hugetlb; i++)
		put(w, stats->hugetlb[i].page_size, &stats_hugetlb_type, &stats->hugetlb[i]);
	json_close_object(w);
}

/* Begins an event with these three members: callers look for them in this order at the beginning of
 * a line. */
static struct json_writer *open_event(const char *type, const char *id)
{
	struct json_writer *w = json_writer_new(false);

	json_open_object(w);
	json_key(w, "type");
	json_string(w, type);
	json_key(w, "id");
	json_string(w, id);
	return w;
}

int stats_event_encode(const char *id, const struct container_stats *stats, char **ret_text,
	struct nacre_error *err)
{
	struct json_writer *w = open_event("stats", id);

	json_key(w, "data");
	json_open_object(w);
	put_cpu(w, stats);
	put_cpuset(w);
	put_memory(w, stats);
	put(w, "pids", &stats_pids_type, &stats->pids);
	put_io(w, stats);
	put_hugetlb(w, stats);
	json_key(w, "intel_rdt");
	json_open_object(w);
	json_close_object(w);
	json_key(w, "network_interfaces");
	json_raw(w, "null");
	json_close_object(w);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

int stats_oom_event_encode(const char *id, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = open_event("oom", id);

	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}
