/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/order.h"

#include <stdlib.h>
#include <string.h>

#include "specs/harden_rules.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool subset(const struct oci_strings *small, const struct oci_strings *large)
{
	for (size_t i = 0; i < small->n; i++) {
		if (!oci_strings_have(large, small->items[i]))
			return false;
	}
	return true;
}

/* --- process --- */

static const char *capabilities_looser(
	const struct oci_capabilities *a, const struct oci_capabilities *b)
{
	const struct oci_capabilities none = {0};

	a = a ? a : &none;
	b = b ? b : &none;
	if (!subset(&b->bounding, &a->bounding) || !subset(&b->effective, &a->effective) ||
		!subset(&b->inheritable, &a->inheritable) ||
		!subset(&b->permitted, &a->permitted) || !subset(&b->ambient, &a->ambient))
		return "a capability";
	return NULL;
}

static const char *rlimits_looser(const struct oci_process *a, const struct oci_process *b)
{
	if (b->n_rlimits < a->n_rlimits)
		return "an rlimit is gone";
	for (size_t i = 0; i < a->n_rlimits; i++) {
		const struct oci_rlimit *from = &a->rlimits[i], *to = &b->rlimits[i];

		if (!same(from->type, to->type) || to->soft > from->soft || to->hard > from->hard)
			return "an rlimit";
	}
	for (size_t i = a->n_rlimits; i < b->n_rlimits; i++) {
		if (b->rlimits[i].soft || b->rlimits[i].hard)
			return "an rlimit that is not 0 was added";
	}
	return NULL;
}

const char *process_looser(const struct oci_process *a, const struct oci_process *b)
{
	const char *what = capabilities_looser(a->capabilities, b->capabilities);

	if (!what)
		what = rlimits_looser(a, b);
	if (!what && a->no_new_privileges && !b->no_new_privileges)
		what = "new privileges";
	if (!what && a->oom_score_adj.set && !b->oom_score_adj.set)
		what = "the OOM score is gone";
	if (!what && b->oom_score_adj.value < a->oom_score_adj.value)
		what = "the OOM score";
	return what;
}

/* --- root --- */

static const char *root_looser(const struct oci_config *a, const struct oci_config *b)
{
	if (a->root && a->root->readonly && !b->root->readonly)
		return "a writable root";
	if (!a->nacre)
		return NULL;
	if (!b->nacre)
		return "what was hardened is not any more";
	if ((a->nacre->root_nosuid && !b->nacre->root_nosuid) ||
		(a->nacre->root_nodev && !b->nacre->root_nodev))
		return "a flag of the root";
	if (a->nacre->mask_views && !b->nacre->mask_views)
		return "files of a procfs or sysfs elsewhere";
	if (!subset(&a->nacre->not_host, &b->nacre->not_host))
		return "a namespace may be the host's";
	if (a->nacre->seccomp_filter) {
		if (!b->nacre->seccomp_filter ||
			!profile_covers(profile_find(b->nacre->seccomp_filter),
				profile_find(a->nacre->seccomp_filter)))
			return "the own filter";
		if (!subset(&b->nacre->seccomp_grants, &a->nacre->seccomp_grants))
			return "a grant of the own filter";
	}
	if (a->nacre->no_setuid_files && !b->nacre->no_setuid_files)
		return "setuid files";
	if (a->nacre->landlock && !b->nacre->landlock)
		return "landlock";
	if (!workspaces_kept(a, b))
		return "a workspace";
	return egress_looser(a->nacre, b->nacre);
}

/* --- linux --- */

static const char *namespaces_looser(const struct oci_config *a, const struct oci_config *b)
{
	for (size_t i = 0; i < a->linux_->n_namespaces; i++) {
		const struct oci_namespace *from = &a->linux_->namespaces[i];
		const struct oci_namespace *to = oci_find_namespace(b, from->type);

		if (!to)
			return "a namespace is gone";
		if (to->path && !same(from->path, to->path))
			return "another namespace is joined";
	}
	for (size_t i = 0; i < b->linux_->n_namespaces; i++) {
		const struct oci_namespace *to = &b->linux_->namespaces[i];

		if (to->path && !oci_find_namespace(a, to->type))
			return "a joined namespace was added";
	}
	return NULL;
}

struct access {
	char type;
	int64_t major;
	int64_t minor;
	char letter;
};

static bool number_matches(const struct oci_i64 *number, int64_t value)
{
	return !number->set || number->value < 0 || number->value == value;
}

/* The last rule that matches decides, nothing matching is denied. */
static bool is_allowed(const struct oci_resources *resources, const struct access *access)
{
	for (size_t i = resources->n_devices; i > 0; i--) {
		const struct oci_device_rule *rule = &resources->devices[i - 1];
		char type = rule->type ? rule->type[0] : 'a';

		if ((type == 'a' || type == access->type) &&
			number_matches(&rule->major, access->major) &&
			number_matches(&rule->minor, access->minor) &&
			strchr(rule->access ? rule->access : "rwm", access->letter))
			return rule->allow;
	}
	return false;
}

/* Every device that a rule of either names, and one beside it. */
static const char *devices_looser(const struct oci_resources *a, const struct oci_resources *b,
	const struct oci_resources *names)
{
	for (size_t i = 0; i < names->n_devices; i++) {
		for (unsigned k = 0; k < 24; k++) {
			const struct access access = {
				.type = "bc"[k & 1],
				.major = names->devices[i].major.value + (k >> 1 & 1),
				.minor = names->devices[i].minor.value + (k >> 2 & 1),
				.letter = "rwm"[k / 8],
			};

			if (is_allowed(b, &access) && !is_allowed(a, &access))
				return "a device";
		}
	}
	return NULL;
}

static uint64_t unified_limit(
	const struct oci_resources *resources, const char *key, uint64_t otherwise)
{
	for (size_t i = 0; i < resources->unified.n; i++) {
		const struct oci_pair *pair = &resources->unified.items[i];

		if (same(pair->key, key))
			return strstr(pair->value, "max") ? UINT64_MAX
							  : strtoull(pair->value, NULL, 10);
	}
	return otherwise;
}

static uint64_t limit_of(int64_t value)
{
	return value > 0 ? (uint64_t)value : UINT64_MAX;
}

struct limits {
	uint64_t pids;
	uint64_t memory;
	uint64_t swap;
	uint64_t oom_group;
	uint64_t cpu; /* thousandths of a CPU */
};

/* cpu.max: "QUOTA PERIOD", each of which may be missing. */
static uint64_t cpu_limit(const struct oci_resources *r)
{
	uint64_t quota = limit_of(r->cpu ? r->cpu->quota.value : 0);
	uint64_t period = r->cpu && r->cpu->period.value ? r->cpu->period.value : 100000;

	quota = unified_limit(r, "cpu.max", quota);
	return quota == UINT64_MAX ? quota : quota * 1000 / period;
}

static struct limits limits_of(const struct oci_resources *r)
{
	int64_t memory = r->memory ? r->memory->limit.value : 0;
	int64_t swap = r->memory ? r->memory->swap.value : 0;
	uint64_t swap_alone = UINT64_MAX;

	if (swap > 0 && memory > 0)
		swap_alone = (uint64_t)(swap - memory);
	else if (swap > 0 && memory < 0)
		swap_alone = (uint64_t)swap;
	return (struct limits){
		.pids = unified_limit(r, "pids.max", limit_of(r->pids ? r->pids->limit : 0)),
		.memory = unified_limit(r, "memory.max", limit_of(memory)),
		.swap = unified_limit(r, "memory.swap.max", swap_alone),
		.oom_group = unified_limit(r, "memory.oom.group", 2),
		.cpu = cpu_limit(r),
	};
}

static bool same_node(const struct oci_device *a, const struct oci_device *b)
{
	return same(a->path, b->path) && same(a->type, b->type) &&
	       a->major.value == b->major.value && a->minor.value == b->minor.value;
}

/* Whether the nodes of B are some of those of A, in its order. */
static bool some_nodes(const struct oci_linux *a, const struct oci_linux *b)
{
	size_t k = 0;

	for (size_t i = 0; i < a->n_devices && k < b->n_devices; i++)
		k += same_node(&a->devices[i], &b->devices[k]);
	return k == b->n_devices;
}

static const char *resources_looser(const struct oci_resources *a, const struct oci_resources *b)
{
	struct limits from, to;
	const char *what = devices_looser(a, b, a);

	if (!what)
		what = devices_looser(a, b, b);
	if (what)
		return what;
	from = limits_of(a);
	to = limits_of(b);
	if (to.pids > from.pids || to.memory > from.memory || to.swap > from.swap ||
		to.cpu > from.cpu)
		return "a limit";
	if (from.oom_group == 1 && to.oom_group != 1)
		return "memory.oom.group";
	return NULL;
}

/* --- all of it --- */

/* A copy of OBJECT, or zeroes for NULL. */
static void *copy_or_zero(struct arena *arena, const void *object, size_t size)
{
	void *copy = arena_alloc(arena, size);

	if (!copy)
		abort();
	return object ? memcpy(copy, object, size) : copy;
}

#define COPY(arena, pointer) (pointer) = copy_or_zero(arena, pointer, sizeof(*(pointer)))

/* What is left when everything that a rule may edit is taken out: must be equal. */
static struct oci_config *strip(struct arena *arena, const struct oci_config *config)
{
	struct oci_config *c = copy_or_zero(arena, config, sizeof(*config));
	struct oci_map *unified;

	c->nacre = NULL;
	c->annotations = (struct oci_map){.n = 0};
	c->mounts = NULL;
	c->n_mounts = 0;
	if (c->root) {
		COPY(arena, c->root);
		c->root->readonly = false;
	}
	if (c->process) {
		COPY(arena, c->process);
		c->process->no_new_privileges = false;
		c->process->capabilities = NULL;
		c->process->rlimits = NULL;
		c->process->n_rlimits = 0;
		c->process->oom_score_adj = (struct oci_i32){0};
		c->process->scheduler = NULL;
		c->process->io_priority = NULL;
	}
	COPY(arena, c->linux_);
	c->linux_->namespaces = NULL;
	c->linux_->n_namespaces = 0;
	c->linux_->masked_paths = (struct oci_strings){0};
	c->linux_->readonly_paths = (struct oci_strings){0};
	c->linux_->rootfs_propagation = NULL;
	c->linux_->devices = NULL;
	c->linux_->n_devices = 0;
	COPY(arena, c->linux_->resources);
	c->linux_->resources->devices = NULL;
	c->linux_->resources->n_devices = 0;
	c->linux_->resources->pids = NULL;
	COPY(arena, c->linux_->resources->memory);
	c->linux_->resources->memory->limit = (struct oci_i64){0};
	c->linux_->resources->memory->swap = (struct oci_i64){0};
	COPY(arena, c->linux_->resources->cpu);
	c->linux_->resources->cpu->quota = (struct oci_i64){0};
	c->linux_->resources->cpu->burst = (struct oci_u64){0};
	/* The keys that rules edit are compared as limits. */
	unified = &c->linux_->resources->unified;
	unified->items = arena_array(arena, unified->n, sizeof(*unified->items));
	unified->n = 0;
	for (size_t i = 0; config->linux_ && config->linux_->resources &&
			   i < config->linux_->resources->unified.n;
		i++) {
		const struct oci_pair *pair = &config->linux_->resources->unified.items[i];

		if (!same(pair->key, "pids.max") && !same(pair->key, "memory.max") &&
			!same(pair->key, "memory.swap.max") &&
			!same(pair->key, "memory.oom.group") && !same(pair->key, "cpu.max") &&
			!same(pair->key, "io.prio.class"))
			unified->items[unified->n++] = *pair;
	}
	return c;
}

/* Gone may be only what reaches the host; nothing may come or change. */
static bool annotations_tighter(const struct oci_map *a, const struct oci_map *b)
{
	size_t k = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct oci_pair *pair = &a->items[i];

		if (k < b->n && same(pair->key, b->items[k].key) &&
			same(pair->value, b->items[k].value))
			k++;
		else if (strncmp(pair->key, "run.oci.", 8))
			return false;
	}
	return k == b->n;
}

static struct oci_config *with_linux(struct arena *arena, const struct oci_config *config)
{
	struct oci_config *c = copy_or_zero(arena, config, sizeof(*config));

	COPY(arena, c->linux_);
	COPY(arena, c->linux_->resources);
	return c;
}

const char *looser(struct arena *arena, const struct oci_config *a, const struct oci_config *b)
{
	const char *what = NULL;

	if (!oci_config_equal(strip(arena, a), strip(arena, b)))
		return "something else was edited";
	if (a->process)
		what = process_looser(a->process, b->process);
	if (!what && !annotations_tighter(&a->annotations, &b->annotations))
		what = "an annotation";
	if (!what)
		what = root_looser(a, b);
	if (!what)
		what = mounts_looser(a, b);
	a = with_linux(arena, a);
	b = with_linux(arena, b);
	if (!what)
		what = namespaces_looser(a, b);
	if (!what && !some_nodes(a->linux_, b->linux_))
		what = "a device node";
	if (!what)
		what = resources_looser(a->linux_->resources, b->linux_->resources);
	if (!what && (!subset(&a->linux_->masked_paths, &b->linux_->masked_paths) ||
			     !subset(&a->linux_->readonly_paths, &b->linux_->readonly_paths)))
		what = "a hidden path";
	if (!what && !same(a->linux_->rootfs_propagation, b->linux_->rootfs_propagation) &&
		!became_slave(a->linux_->rootfs_propagation, b->linux_->rootfs_propagation))
		what = "the root's propagation";
	return what;
}
