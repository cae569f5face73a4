/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/harden_rules.h"

/*
 * linux.resources: limits where the config is silent. Zero is silent, as engines send it for "not
 * set"; -1 and "max" ask for no limit, which needs a grant. linux.resources.unified is written last
 * and so decides over the other members.
 */

static struct oci_pair *find_unified(struct hardening *h, const char *key)
{
	struct oci_map *map = &h->config->linux_->resources->unified;

	for (size_t i = 0; i < map->n; i++) {
		if (!strcmp(map->items[i].key, key))
			return &map->items[i];
	}
	return NULL;
}

static int best_effort(struct hardening *h, enum oci_limit limit)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	const char *word = oci_limit_words[__builtin_ctz(limit)];

	if (!nacre)
		return harden_out_of_memory(h);
	if (harden_is_required(h) || oci_strings_have(&nacre->best_effort, word))
		return 0;
	return harden_append_word(h->arena, &nacre->best_effort, word) ? 0
								       : harden_out_of_memory(h);
}

static int add_unified(
	struct hardening *h, const char *key, const char *value, enum oci_limit limit)
{
	struct oci_map *map = &h->config->linux_->resources->unified;
	struct oci_pair *larger = harden_insert_element(
		h->arena, map->items, map->n, sizeof(*larger), map->n);

	if (!larger)
		return harden_out_of_memory(h);
	larger[map->n++] = (struct oci_pair){.key = key, .value = value};
	map->items = larger;
	harden_note(h, harden_text(h, "linux.resources.unified.%s", key), NULL,
		harden_json_of_string(h, value));
	return best_effort(h, limit);
}

/* The kernel strips white space, and a value is written line by line. */
static bool means_unlimited(const char *value)
{
	static const char space[] = " \t\n\v\f\r";
	size_t length;

	for (value += strspn(value, space); *value; value += strspn(value, space)) {
		length = strcspn(value, space);
		if (length == 3 && !memcmp(value, "max", 3))
			return true;
		value += length;
	}
	return false;
}

/* Whether KEY settles the limit. "max" is taken out, unless GRANT allows it. */
static bool settled_by_unified(struct hardening *h, const char *key, const char *item)
{
	struct oci_map *map = &h->config->linux_->resources->unified;
	struct oci_pair *pair = find_unified(h, key);

	if (!pair)
		return false;
	if (!means_unlimited(pair->value) || harden_granted_item(h, "unlimited", item))
		return true;
	harden_note(h, harden_text(h, "linux.resources.unified.%s", key),
		harden_json_of_string(h, pair->value), NULL);
	map->n--;
	memmove(pair, pair + 1, (size_t)(map->items + map->n - pair) * sizeof(*pair));
	return false;
}

/* Whether VALUE is a limit, or unlimited by a grant. */
static bool settled(struct hardening *h, int64_t value, const char *item)
{
	return value > 0 || (value < 0 && harden_granted_item(h, "unlimited", item));
}

/* Sets a limit that was absent (from NULL), zero (where that is none) or -1. */
static int set_limit(struct hardening *h, struct oci_i64 *limit, int64_t value, const char *path,
	enum oci_limit bit)
{
	harden_note(h, path, limit->set ? harden_json_of_integer(h, limit->value) : NULL,
		harden_json_of_integer(h, value));
	*limit = (struct oci_i64){.set = true, .value = value};
	return best_effort(h, bit);
}

static int limit_pids(struct hardening *h)
{
	struct oci_resources *resources = h->config->linux_->resources;
	struct oci_i64 limit = {0};

	if (settled_by_unified(h, "pids.max", "pids"))
		return 0;
	if (resources->pids)
		limit = (struct oci_i64){.set = true, .value = resources->pids->limit};
	if ((limit.set && limit.value == 0) || settled(h, limit.value, "pids"))
		return 0;
	if (!resources->pids)
		resources->pids = arena_alloc(h->arena, sizeof(*resources->pids));
	if (!resources->pids)
		return harden_out_of_memory(h);
	resources->pids->limit = h->profile->pids_limit;
	return set_limit(
		h, &limit, h->profile->pids_limit, "linux.resources.pids.limit", OCI_LIMIT_PIDS);
}

/* A whole number of pages: the kernel rounds, and what is read back should be what was written. */
static int64_t memory_default(const struct hardening *h)
{
	uint64_t limit = h->profile->memory_limit;
	uint64_t share = h->request->memory_bytes / h->profile->memory_share & ~4095ULL;

	return (int64_t)(share && share < limit ? share : limit);
}

static int limit_memory(struct hardening *h, struct oci_memory *memory)
{
	int64_t limit = memory_default(h);

	if (settled_by_unified(h, "memory.max", "memory") ||
		settled(h, memory->limit.value, "memory"))
		return 0;
	/* memory.swap is the sum of both, and may not be below memory.limit. */
	if (memory->swap.value > 0 && memory->swap.value < limit)
		limit = memory->swap.value;
	return set_limit(
		h, &memory->limit, limit, "linux.resources.memory.limit", OCI_LIMIT_MEMORY);
}

/* Swap lets a container slow the host down long after it has hit its limit. */
static int limit_swap(struct hardening *h, struct oci_memory *memory)
{
	if (settled_by_unified(h, "memory.swap.max", "swap") ||
		settled(h, memory->swap.value, "swap"))
		return 0;
	if (memory->limit.value > 0)
		return set_limit(h, &memory->swap, memory->limit.value,
			"linux.resources.memory.swap", OCI_LIMIT_SWAP);
	return add_unified(h, "memory.swap.max", "0", OCI_LIMIT_SWAP);
}

/* A quota of as many periods as there are CPUs to use at a time. */
static int limit_cpu(struct hardening *h)
{
	struct oci_resources *resources = h->config->linux_->resources;
	uint64_t period = 100000;

	if (!h->profile->cpus || settled_by_unified(h, "cpu.max", "cpu") ||
		(resources->cpu && settled(h, resources->cpu->quota.value, "cpu")))
		return 0;
	if (!resources->cpu)
		resources->cpu = arena_alloc(h->arena, sizeof(*resources->cpu));
	if (!resources->cpu)
		return harden_out_of_memory(h);
	if (resources->cpu->period.value)
		period = resources->cpu->period.value;
	return set_limit(h, &resources->cpu->quota, (int64_t)(period * h->profile->cpus),
		"linux.resources.cpu.quota", OCI_LIMIT_CPU);
}

int rule_resources(struct hardening *h)
{
	struct oci_resources *resources = harden_need_resources(h);
	int r;

	if (!resources)
		return harden_out_of_memory(h);
	if (!resources->memory)
		resources->memory = arena_alloc(h->arena, sizeof(*resources->memory));
	if (!resources->memory)
		return harden_out_of_memory(h);
	if (harden_is_required(h) && h->config->nacre)
		h->config->nacre->best_effort.n = 0;
	r = limit_pids(h);
	if (r == 0)
		r = limit_memory(h, resources->memory);
	if (r == 0)
		r = limit_swap(h, resources->memory);
	if (r == 0)
		r = limit_cpu(h);
	if (r < 0)
		return r;
	/* Killing one process of an agent's tree leaves a wreck that looks alive. */
	if (!find_unified(h, "memory.oom.group"))
		return add_unified(h, "memory.oom.group", "1", OCI_LIMIT_OOM_GROUP);
	return 0;
}
