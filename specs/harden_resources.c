/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/limit_text.h"

/*
 * linux.resources: sets limits that the config does not set. Zero means "not set", as engines send
 * it, except in pids.limit. No limit (-1, "max", or a number that no host reaches) needs a grant.
 * linux.resources.unified is written last and so overrides the other members.
 */

#define PID_MAX_LIMIT 4194304 /* the kernel's, include/linux/threads.h */
#define CPU_PERIOD 100000 /* the kernel's default */

/* The values with which a limit is compared. */
struct bounds {
	const char *item; /* of the grant "unlimited" */
	uint64_t unlimited; /* from this value on it limits nothing */
	uint64_t most; /* larger values are reduced to it; 0: none are */
};

static struct bounds pids_bounds(const struct hardening *h)
{
	const uint64_t max = h->request->host.pid_max ? h->request->host.pid_max : PID_MAX_LIMIT;

	/* pid_max is the last pid plus one. */
	return (struct bounds){"pids", max - 1, h->profile->pids_ceiling};
}

/* Rounds to whole pages, as the kernel does: the value is then read back as it was written. */
static uint64_t share_of_memory(const struct hardening *h, unsigned share)
{
	return share ? h->request->host.memory_bytes / share & ~4095ULL : 0;
}

static struct bounds memory_bounds(const struct hardening *h)
{
	return (struct bounds){
		"memory", HARDEN_MEMORY_UNLIMITED, share_of_memory(h, h->profile->memory_ceiling)};
}

static const struct bounds swap_bounds = {"swap", HARDEN_MEMORY_UNLIMITED, 0};

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
	if (oci_strings_have(&nacre->best_effort, word))
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

enum verdict {
	VERDICT_LIMIT,
	VERDICT_TOO_MUCH,
	VERDICT_UNLIMITED,
};

static enum verdict judge(uint64_t value, const struct bounds *bounds)
{
	if (value >= bounds->unlimited)
		return VERDICT_UNLIMITED;
	return bounds->most && value > bounds->most ? VERDICT_TOO_MUCH : VERDICT_LIMIT;
}

/* Judges the loosest word: the kernel strips white space, and a value is written line by line. */
static enum verdict judge_text(const char *value, const struct bounds *bounds)
{
	enum verdict found = VERDICT_LIMIT;

	for (value += strspn(value, LIMIT_TEXT_SPACE); *value; value = limit_text_next(value)) {
		enum verdict here = limit_text_is_max(value)
					    ? VERDICT_UNLIMITED
					    : judge(limit_text_number(value), bounds);

		found = here > found ? here : found;
	}
	return found;
}

static void report_taken(struct hardening *h, const struct bounds *bounds)
{
	harden_taken(h, harden_text(h, "unlimited:%s", bounds->item),
		"%s without a limit, or with one above the profile's maximum", bounds->item);
}

/* Returns whether KEY sets the limit. A value that limits nothing is removed, unless a grant allows
 * it. */
static bool settled_by_unified(struct hardening *h, const char *key, const struct bounds *bounds)
{
	struct oci_pair *pair = find_unified(h, key);
	enum verdict verdict = pair ? judge_text(pair->value, bounds) : VERDICT_UNLIMITED;
	const char *most;

	if (!pair)
		return false;
	if (verdict == VERDICT_LIMIT || harden_granted_item(h, "unlimited", bounds->item))
		return true;
	report_taken(h, bounds);
	if (verdict == VERDICT_UNLIMITED) {
		harden_drop_unified(h, pair);
		return false;
	}
	most = harden_text(h, "%" PRIu64, bounds->most);
	harden_note(h, harden_text(h, "linux.resources.unified.%s", key),
		harden_json_of_string(h, pair->value), harden_json_of_string(h, most));
	pair->value = most;
	return true;
}

/* Returns whether VALUE is a limit, or a grant allows that there is none. A value above the ceiling
 * is reduced, which is noted at PATH. */
static bool settled(
	struct hardening *h, struct oci_i64 *limit, const struct bounds *bounds, const char *path)
{
	const uint64_t value = limit->value < 0 ? UINT64_MAX : (uint64_t)limit->value;
	enum verdict verdict = judge(value, bounds);

	if (value == 0)
		return false;
	if (verdict == VERDICT_LIMIT || harden_granted_item(h, "unlimited", bounds->item))
		return true;
	report_taken(h, bounds);
	if (verdict == VERDICT_UNLIMITED)
		return false;
	harden_note(h, path, harden_json_of_integer(h, limit->value),
		harden_json_of_integer(h, (int64_t)bounds->most));
	limit->value = (int64_t)bounds->most;
	return true;
}

/* Sets a limit that was absent (noted as NULL), zero (if that means unset) or unlimited. */
static int set_limit(struct hardening *h, struct oci_i64 *limit, uint64_t value, const char *path,
	enum oci_limit bit)
{
	harden_note(h, path, limit->set ? harden_json_of_integer(h, limit->value) : NULL,
		harden_json_of_integer(h, (int64_t)value));
	*limit = (struct oci_i64){.set = true, .value = (int64_t)value};
	return best_effort(h, bit);
}

static int limit_pids(struct hardening *h)
{
	static const char path[] = "linux.resources.pids.limit";
	struct oci_resources *resources = h->config->linux_->resources;
	const struct bounds bounds = pids_bounds(h);
	struct oci_i64 limit = {0};
	uint64_t wanted = h->profile->pids_limit;

	if (settled_by_unified(h, "pids.max", &bounds))
		return 0;
	if (resources->pids)
		limit = (struct oci_i64){.set = true, .value = resources->pids->limit};
	if (limit.set && (limit.value == 0 || settled(h, &limit, &bounds, path))) {
		resources->pids->limit = limit.value;
		return 0;
	}
	if (!resources->pids)
		resources->pids = arena_alloc(h->arena, sizeof(*resources->pids));
	if (!resources->pids)
		return harden_out_of_memory(h);
	/* On a host with fewer pids the default would limit nothing. */
	if (wanted >= bounds.unlimited)
		wanted = bounds.unlimited - 1;
	resources->pids->limit = (int64_t)wanted;
	return set_limit(h, &limit, wanted, path, OCI_LIMIT_PIDS);
}

static uint64_t memory_default(const struct hardening *h)
{
	uint64_t limit = h->profile->memory_limit;
	uint64_t share = share_of_memory(h, h->profile->memory_share);

	return share && share < limit ? share : limit;
}

static int limit_memory(struct hardening *h, struct oci_memory *memory)
{
	static const char path[] = "linux.resources.memory.limit";
	const struct bounds bounds = memory_bounds(h);
	uint64_t limit = memory_default(h);
	int64_t before = memory->limit.value;

	if (settled_by_unified(h, "memory.max", &bounds))
		return 0;
	if (settled(h, &memory->limit, &bounds, path)) {
		/* memory.swap is the sum of both: the part that is swap stays the same. */
		if (memory->limit.value < before && memory->swap.value >= before) {
			int64_t sum = memory->swap.value - (before - memory->limit.value);

			harden_note(h, "linux.resources.memory.swap",
				harden_json_of_integer(h, memory->swap.value),
				harden_json_of_integer(h, sum));
			memory->swap.value = sum;
		}
		return 0;
	}
	/* memory.swap may not be below memory.limit. */
	if (memory->swap.value > 0 && (uint64_t)memory->swap.value < limit)
		limit = (uint64_t)memory->swap.value;
	return set_limit(h, &memory->limit, limit, path, OCI_LIMIT_MEMORY);
}

/* Limits swap: with it a container slows the host down long after it has reached its limit. */
static int limit_swap(struct hardening *h, struct oci_memory *memory)
{
	static const char path[] = "linux.resources.memory.swap";

	if (settled_by_unified(h, "memory.swap.max", &swap_bounds) ||
		settled(h, &memory->swap, &swap_bounds, path))
		return 0;
	if (memory->limit.value > 0 && memory->limit.value != memory->swap.value)
		return set_limit(
			h, &memory->swap, (uint64_t)memory->limit.value, path, OCI_LIMIT_SWAP);
	if (memory->limit.value > 0)
		return 0;
	return add_unified(h, "memory.swap.max", "0", OCI_LIMIT_SWAP);
}

/* --- cpu: a quota of as many periods as CPUs may be used at a time --- */

static bool is_all_cpus(const struct hardening *h, uint64_t quota, uint64_t period)
{
	const uint64_t cpus = h->request->host.cpus;

	return cpus && quota / cpus >= (period ? period : CPU_PERIOD);
}

/* Accepts "QUOTA PERIOD" or "QUOTA" on each line. */
static bool is_all_cpus_text(const struct hardening *h, const char *value)
{
	for (value += strspn(value, LIMIT_TEXT_SPACE); *value;
		value += strcspn(value, "\n"), value += strspn(value, LIMIT_TEXT_SPACE)) {
		const char *period = value + strcspn(value, LIMIT_TEXT_SPACE);

		period += strspn(period, " \t");
		if (limit_text_is_max(value) ||
			is_all_cpus(h, limit_text_number(value), limit_text_number(period)))
			return true;
	}
	return false;
}

/* The default quota counts as a limit, even on a host without more CPUs. */
static bool cpu_settled(struct hardening *h, const struct oci_cpu *cpu)
{
	const uint64_t period = cpu->period.value ? cpu->period.value : CPU_PERIOD;
	const bool none = cpu->quota.value < 0 ||
			  is_all_cpus(h, (uint64_t)cpu->quota.value, period);

	if (cpu->quota.value == 0)
		return false;
	return !none || cpu->quota.value == (int64_t)(period * h->profile->cpus) ||
	       harden_granted_item(h, "unlimited", "cpu");
}

static int limit_cpu(struct hardening *h)
{
	struct oci_resources *resources = h->config->linux_->resources;
	struct oci_pair *unified = find_unified(h, "cpu.max");
	uint64_t quota;
	int r;

	if (!h->profile->cpus)
		return 0;
	if (unified && (!is_all_cpus_text(h, unified->value) ||
			       harden_granted_item(h, "unlimited", "cpu")))
		return 0;
	if (unified)
		harden_drop_unified(h, unified);
	if (!resources->cpu)
		resources->cpu = arena_alloc(h->arena, sizeof(*resources->cpu));
	if (!resources->cpu)
		return harden_out_of_memory(h);
	if (cpu_settled(h, resources->cpu))
		return 0;
	quota = h->profile->cpus *
		(resources->cpu->period.value ? resources->cpu->period.value : CPU_PERIOD);
	r = set_limit(h, &resources->cpu->quota, quota, "linux.resources.cpu.quota", OCI_LIMIT_CPU);
	/* The burst may not exceed the quota. */
	if (r < 0 || resources->cpu->burst.value <= quota)
		return r;
	harden_note(h, "linux.resources.cpu.burst",
		harden_json_of_integer(h, (int64_t)resources->cpu->burst.value),
		harden_json_of_integer(h, (int64_t)quota));
	resources->cpu->burst.value = quota;
	return 0;
}

/* --- memory.oom.group --- */

/* Sets memory.oom.group by the profile or the policy. To kill one process of a tree that nobody
 * watches leaves a wreck that looks alive; to kill all of an agent's processes because of one tool
 * destroys its work. */
static int set_oom_group(struct hardening *h)
{
	static const char path[] = "linux.resources.unified.memory.oom.group";
	const struct oci_bool *policy = &h->request->oom_group;
	struct oci_pair *pair = find_unified(h, "memory.oom.group");
	const bool group = pair && limit_text_number(pair->value +
						     strspn(pair->value, LIMIT_TEXT_SPACE)) == 1;

	if (!(policy->set ? policy->value : h->profile->flags & PROFILE_OOM_GROUP)) {
		/* A new cgroup has this value anyway. */
		if (pair && !group)
			harden_drop_unified(h, pair);
		return 0;
	}
	if (group || harden_granted(h, "single-oom-kill"))
		return 0;
	if (!pair)
		return add_unified(h, "memory.oom.group", "1", OCI_LIMIT_OOM_GROUP);
	harden_note(h, path, harden_json_of_string(h, pair->value), "\"1\"");
	pair->value = "1";
	return 0;
}

uint64_t harden_memory_limit(struct hardening *h)
{
	const struct oci_linux *linux_ = h->config->linux_;
	const struct oci_resources *resources = linux_ ? linux_->resources : NULL;
	const struct oci_pair *pair = resources ? find_unified(h, "memory.max") : NULL;

	if (pair) {
		const char *value = pair->value + strspn(pair->value, LIMIT_TEXT_SPACE);

		return !*value || limit_text_is_max(value) ? 0 : limit_text_number(value);
	}
	return resources && resources->memory && resources->memory->limit.value > 0
		       ? (uint64_t)resources->memory->limit.value
		       : 0;
}

static int require_limits(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);

	if (!nacre)
		return harden_out_of_memory(h);
	nacre->limits_required |= harden_is_required(h);
	return 0;
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
	r = require_limits(h);
	if (r == 0)
		r = limit_pids(h);
	if (r == 0)
		r = limit_memory(h, resources->memory);
	if (r == 0)
		r = limit_swap(h, resources->memory);
	if (r == 0)
		r = limit_cpu(h);
	if (r == 0)
		r = set_oom_group(h);
	return r < 0 ? r : harden_unified(h);
}
