/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/update.h"

#include <errno.h>
#include <string.h>

#include "specs/fields.h"
#include "specs/validate.h"

static const struct oci_pair *find_pair(const struct oci_map *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	return NULL;
}

static bool has_key(const struct oci_map *map, const char *key)
{
	return find_pair(map, key) != NULL;
}

/* Keeps swap as large as it was: in cgroup v2 it has its own limit, but in the spec the limit is of
 * memory and swap together. */
static void follow_memory(
	const struct oci_memory *before, const struct oci_memory *given, struct oci_memory *next)
{
	if (!given || given->limit.value == 0 || given->swap.value != 0)
		return;
	if (given->limit.value < 0)
		next->swap = (struct oci_i64){.set = false};
	else if (before && before->swap.value > 0 && before->limit.value > 0 &&
		 __builtin_add_overflow(given->limit.value,
			 before->swap.value - before->limit.value, &next->swap.value))
		next->swap.value = -1;
}

static void follow_cpu(const struct oci_cpu *given, struct oci_cpu *next)
{
	if (!given)
		return;
	if (given->burst.set)
		next->burst = given->burst;
	if (given->idle.set)
		next->idle = given->idle;
	else if (given->shares.value != 0 && next->idle.value != 0)
		next->idle = (struct oci_i64){.set = true, .value = 0};
}

/* Removes limits that are given explicitly from those that the profile sets as best effort. */
static void drop_best_effort(const struct oci_resources *given, struct oci_hardened *hardened)
{
	const struct oci_memory *memory = given->memory;
	const struct {
		const char *word;
		bool given;
	} limits[] = {
		/* clang-format off */
		{"pids", given->pids && given->pids->limit > 0},
		{"pids", has_key(&given->unified, "pids.max")},
		{"memory", memory && memory->limit.value > 0},
		{"memory", has_key(&given->unified, "memory.max")},
		{"swap", memory && memory->swap.value > 0},
		{"swap", has_key(&given->unified, "memory.swap.max")},
		{"oom-group", has_key(&given->unified, "memory.oom.group")},
		{"cpu", given->cpu && given->cpu->quota.value > 0},
		{"cpu", has_key(&given->unified, "cpu.max")},
		/* clang-format on */
	};
	struct oci_strings *words = &hardened->best_effort;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t n = 0;

		for (size_t j = 0; limits[i].given && j < words->n; j++)
			if (strcmp(words->items[j], limits[i].word) != 0)
				words->items[n++] = words->items[j];
		words->n = limits[i].given ? n : words->n;
	}
}

/* Copies STORED, and adds linux.resources if it is missing. */
static int copy_config(struct arena *arena, const struct oci_config *stored,
	struct oci_config **ret_next, struct nacre_error *err)
{
	struct oci_config *next;
	int r;

	r = oci_config_copy(arena, stored, &next, err);
	if (r < 0)
		return r;
	if (!next->linux_)
		next->linux_ = arena_alloc(arena, sizeof(*next->linux_));
	if (next->linux_ && !next->linux_->resources)
		next->linux_->resources = arena_alloc(arena, sizeof(*next->linux_->resources));
	if (!next->linux_ || !next->linux_->resources)
		return arena_fail(arena, "update", err);
	/* Errors from now on do not concern its lines. */
	next->document = NULL;
	*ret_next = next;
	return 0;
}

static const struct oci_resources *resources_of(const struct oci_config *config)
{
	static const struct oci_resources none;

	return config->linux_ && config->linux_->resources ? config->linux_->resources : &none;
}

int update_merge(struct arena *arena, const struct oci_config *stored,
	const struct oci_resources *given, struct oci_config **ret_next, struct nacre_error *err)
{
	struct oci_config *next = NULL;
	struct oci_resources *resources;
	int r;

	r = copy_config(arena, stored, &next, err);
	if (r < 0)
		return r;
	resources = next->linux_->resources;
	if (fields_merge(arena, &oci_resources_type, given, resources) < 0)
		return arena_fail(arena, "update", err);
	follow_memory(resources_of(stored)->memory, given->memory, resources->memory);
	follow_cpu(given->cpu, resources->cpu);
	if (next->nacre)
		drop_best_effort(given, next->nacre);
	r = oci_config_validate(next, err);
	if (r < 0)
		return r;
	*ret_next = next;
	return 0;
}

/* --- changes --- */

/* Sets both parts of cpu.max, which is one file. A cgroup that stops being idle gets the default
 * weight, so its shares are set again. */
static int change_cpu(struct arena *arena, const struct oci_cpu *given, const struct oci_cpu *next,
	struct oci_resources *changes)
{
	struct oci_cpu *cpu;

	if (!given)
		return 0;
	cpu = changes->cpu = arena_alloc(arena, sizeof(*cpu));
	if (!cpu)
		return -ENOMEM;
	*cpu = *given;
	if (given->quota.value != 0 || given->period.value != 0) {
		cpu->quota = next->quota;
		cpu->period = next->period;
	}
	if (given->shares.value != 0 || given->idle.set) {
		cpu->idle = next->idle;
		cpu->shares = next->shares;
	}
	return 0;
}

/* Repeats the weights of devices: when BFQ gets the weight of a cgroup it forgets these
 * (bfq_io_set_weight_legacy). */
static int change_io(struct arena *arena, const struct oci_block_io *given,
	const struct oci_block_io *next, struct oci_resources *changes)
{
	struct oci_block_io *io;

	if (!given)
		return 0;
	io = changes->block_io = arena_alloc(arena, sizeof(*io));
	if (!io)
		return -ENOMEM;
	*io = *given;
	if (given->weight.value != 0) {
		io->weight_device = next->weight_device;
		io->n_weight_device = next->n_weight_device;
	}
	return 0;
}

static int change_unified(struct arena *arena, const struct oci_map *stored,
	const struct oci_map *given, const struct oci_map *next, struct oci_map *changes)
{
	changes->items = arena_array(arena, next->n + 1, sizeof(*changes->items));
	if (!changes->items)
		return -ENOMEM;
	for (size_t i = 0; i < next->n; i++) {
		const struct oci_pair *before = find_pair(stored, next->items[i].key);

		if (!before || strcmp(before->value, next->items[i].value) != 0 ||
			has_key(given, next->items[i].key))
			changes->items[changes->n++] = next->items[i];
	}
	return 0;
}

static bool same_memory(const struct oci_memory *a, const struct oci_memory *b)
{
	const struct oci_resources x = {.memory = (void *)a}, y = {.memory = (void *)b};

	return fields_equal(&oci_resources_type, &x, &y);
}

int update_changes(struct arena *arena, const struct oci_config *stored,
	const struct oci_resources *given, const struct oci_config *next,
	struct oci_resources *ret_changes, struct nacre_error *err)
{
	const struct oci_resources *before = resources_of(stored), *after = resources_of(next);
	struct oci_resources changes = *given;
	int64_t limit = before->pids ? before->pids->limit : 0;

	changes.memory = given->memory || !same_memory(before->memory, after->memory)
				 ? after->memory
				 : NULL;
	changes.pids = given->pids || (after->pids && after->pids->limit != limit) ? after->pids
										   : NULL;
	changes.unified.n = 0;
	if (change_cpu(arena, given->cpu, after->cpu, &changes) < 0 ||
		change_io(arena, given->block_io, after->block_io, &changes) < 0 ||
		change_unified(arena, &before->unified, &given->unified, &after->unified,
			&changes.unified) < 0)
		return arena_fail(arena, "update", err);
	/* Replaces the whole list of rules: the last one that matches decides. */
	if (given->n_devices) {
		changes.devices = after->devices;
		changes.n_devices = after->n_devices;
	}
	*ret_changes = changes;
	return 0;
}
