/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/limit_text.h"

/*
 * linux.resources.unified: all files of cgroup v2 that may be written, with their effect
 * (Documentation/admin-guide/cgroup-v2.rst). Limits of the container itself are the config's
 * choice. Files that keep memory or CPUs from the host are restricted: as much as the host has is
 * not allowed.
 */

enum effect {
	EFFECT_OWN, /* a limit, a share or a behaviour of the container itself; other rules may
		       judge it */
	EFFECT_PROTECTS, /* memory that the kernel does not reclaim for others */
	EFFECT_EXCLUDES, /* CPUs that others cannot use */
};

static const struct file {
	const char *name; /* "*" matches one word without a dot */
	enum effect effect;
} files[] = {
	{"cgroup.max.depth", EFFECT_OWN},
	{"cgroup.max.descendants", EFFECT_OWN},
	{"cgroup.pressure", EFFECT_OWN},
	{"cpu.idle", EFFECT_OWN},
	{"cpu.max", EFFECT_OWN},
	{"cpu.max.burst", EFFECT_OWN},
	{"cpu.uclamp.max", EFFECT_OWN},
	{"cpu.uclamp.min", EFFECT_OWN},
	{"cpu.weight", EFFECT_OWN},
	{"cpu.weight.nice", EFFECT_OWN},
	{"cpuset.cpus", EFFECT_OWN},
	{"cpuset.cpus.exclusive", EFFECT_EXCLUDES},
	{"cpuset.cpus.partition", EFFECT_EXCLUDES},
	{"cpuset.mems", EFFECT_OWN},
	{"dmem.low", EFFECT_PROTECTS},
	{"dmem.max", EFFECT_OWN},
	{"dmem.min", EFFECT_PROTECTS},
	{"hugetlb.*.max", EFFECT_OWN},
	{"hugetlb.*.rsvd.max", EFFECT_OWN},
	{"io.bfq.weight", EFFECT_OWN},
	{"io.latency", EFFECT_OWN}, /* rule real-time */
	{"io.max", EFFECT_OWN},
	{"io.prio.class", EFFECT_OWN}, /* rule real-time */
	{"io.weight", EFFECT_OWN},
	{"memory.high", EFFECT_OWN},
	{"memory.low", EFFECT_PROTECTS},
	{"memory.max", EFFECT_OWN},
	{"memory.min", EFFECT_PROTECTS},
	{"memory.oom.group", EFFECT_OWN},
	{"memory.swap.high", EFFECT_OWN},
	{"memory.swap.max", EFFECT_OWN},
	{"memory.zswap.max", EFFECT_OWN},
	{"memory.zswap.writeback", EFFECT_OWN},
	{"misc.max", EFFECT_OWN},
	{"pids.max", EFFECT_OWN},
	{"rdma.max", EFFECT_OWN},
};

static bool is_named(const struct file *file, const char *key)
{
	const char *star = strchr(file->name, '*');
	const size_t before = star ? (size_t)(star - file->name) : 0;

	if (!star)
		return !strcmp(file->name, key);
	if (strncmp(file->name, key, before) != 0)
		return false;
	return !strcmp(star + 1, key + before + strcspn(key + before, "."));
}

static const struct file *find(const char *key)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (is_named(&files[i], key))
			return &files[i];
	}
	return NULL;
}

/* Returns whether BYTES protects all memory of the host. */
static bool is_all_memory(const struct hardening *h, uint64_t bytes)
{
	const uint64_t all = h->request->host.memory_bytes;

	return bytes >= (all ? all : HARDEN_MEMORY_UNLIMITED);
}

static bool asks_for_all(const struct hardening *h, const char *value)
{
	for (value += strspn(value, LIMIT_TEXT_SPACE); *value; value = limit_text_next(value)) {
		if (limit_text_is_max(value) || is_all_memory(h, limit_text_number(value)))
			return true;
	}
	return false;
}

/* Returns whether VALUE takes CPUs: "member" and an empty value are the default of every cgroup. */
static bool takes_cpus(const char *value)
{
	value += strspn(value, LIMIT_TEXT_SPACE);
	return *value && (strcspn(value, LIMIT_TEXT_SPACE) != strlen("member") ||
				 strncmp(value, "member", strlen("member")) != 0);
}

/* Returns whether PAIR must be removed. */
static bool takes_from_host(struct hardening *h, enum effect effect, const struct oci_pair *pair)
{
	const char *item = effect == EFFECT_PROTECTS ? "memory" : "cpu";

	if (effect == EFFECT_OWN ||
		(effect == EFFECT_PROTECTS ? !asks_for_all(h, pair->value)
					   : !takes_cpus(pair->value)) ||
		harden_granted_item(h, "unlimited", item))
		return false;
	harden_taken(h, harden_text(h, "unlimited:%s", item), "%s of the host (%s)",
		effect == EFFECT_PROTECTS ? "protection of all memory" : "exclusive use of CPUs",
		pair->key);
	return true;
}

void harden_drop_unified(struct hardening *h, struct oci_pair *pair)
{
	struct oci_map *map = &h->config->linux_->resources->unified;

	harden_note(h, harden_text(h, "linux.resources.unified.%s", pair->key),
		harden_json_of_string(h, pair->value), NULL);
	map->n--;
	memmove(pair, pair + 1, (size_t)(map->items + map->n - pair) * sizeof(*pair));
}

/* Limits memory.reservation, which is memory.low. */
static void limit_reservation(struct hardening *h)
{
	struct oci_memory *memory = h->config->linux_->resources->memory;
	const int64_t bytes = memory->reservation.value;

	if ((bytes >= 0 && !is_all_memory(h, (uint64_t)bytes)) ||
		harden_granted_item(h, "unlimited", "memory"))
		return;
	harden_taken(
		h, "unlimited:memory", "protection of all memory of the host (memory.reservation)");
	harden_note(
		h, "linux.resources.memory.reservation", harden_json_of_integer(h, bytes), NULL);
	memory->reservation = (struct oci_i64){.set = false};
}

int harden_unified(struct hardening *h)
{
	struct oci_map *map = &h->config->linux_->resources->unified;

	for (size_t i = 0; i < map->n;) {
		const struct file *file = find(map->items[i].key);

		if (!file)
			return fail(h->err, EPERM,
				"profile %s, rule %s: linux.resources.unified: the rule does not "
				"know the file \"%s\"; leave it out, or use profile oci",
				h->profile->name, h->rule->name, map->items[i].key);
		if (takes_from_host(h, file->effect, &map->items[i]))
			harden_drop_unified(h, &map->items[i]);
		else
			i++;
	}
	limit_reservation(h);
	return 0;
}
