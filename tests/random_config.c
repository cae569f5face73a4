/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "specs/mount_words.h"
#include "tests/order.h"

struct source {
	struct arena *arena;
	uint64_t state;
};

/* xorshift64*: the same on every machine. */
static uint64_t roll(struct source *s, uint64_t sides)
{
	s->state ^= s->state >> 12;
	s->state ^= s->state << 25;
	s->state ^= s->state >> 27;
	return s->state * 0x2545f4914f6cdd1dULL % sides;
}

static void *make(struct source *s, size_t n, size_t size)
{
	void *p = arena_array(s->arena, n + 1, size);

	if (!p)
		abort();
	return p;
}

#define PICK(s, array) ((array)[roll(s, sizeof(array) / sizeof((array)[0]))])
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* At most MAX words of the N in POOL, in any order, some twice. */
static struct oci_strings words(struct source *s, const char *const *pool, size_t n, size_t max)
{
	struct oci_strings list = {.n = roll(s, max + 1)};

	list.items = make(s, list.n, sizeof(*list.items));
	for (size_t i = 0; i < list.n; i++)
		list.items[i] = pool[roll(s, n)];
	return list;
}

static const char *const capabilities[] = {"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_ADMIN",
	"CAP_MKNOD", "CAP_SETPCAP", "CAP_UNHEARD_OF", "cap_chown"};
static const char *const limits[] = {"RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_RTPRIO"};
static const char *const policies[] = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_DEADLINE"};
static const char *const io_classes[] = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_IDLE"};

static struct oci_process *process(struct source *s)
{
	struct oci_process *p = make(s, 1, sizeof(*p));

	p->cwd = "/";
	p->args = (struct oci_strings){make(s, 1, sizeof(char *)), 1};
	p->args.items[0] = "true";
	p->no_new_privileges = roll(s, 2);
	if (roll(s, 4)) {
		struct oci_strings *sets;

		p->capabilities = make(s, 1, sizeof(*p->capabilities));
		sets = &p->capabilities->bounding;
		for (size_t i = 0; i < sizeof(*p->capabilities) / sizeof(*sets); i++)
			sets[i] = words(s, capabilities, COUNT(capabilities), 6);
	}
	p->rlimits = make(s, COUNT(limits), sizeof(*p->rlimits));
	for (size_t i = roll(s, COUNT(limits) + 1); i < COUNT(limits); i++) {
		uint64_t hard = roll(s, 3);

		p->rlimits[p->n_rlimits++] = (struct oci_rlimit){
			limits[i], roll(s, hard + 1), hard};
	}
	p->oom_score_adj.set = roll(s, 2);
	if (p->oom_score_adj.set)
		p->oom_score_adj.value = (int32_t)roll(s, 2001) - 1000;
	if (!roll(s, 4)) {
		p->scheduler = make(s, 1, sizeof(*p->scheduler));
		p->scheduler->policy = PICK(s, policies);
	}
	if (!roll(s, 4)) {
		p->io_priority = make(s, 1, sizeof(*p->io_priority));
		p->io_priority->class = PICK(s, io_classes);
	}
	return p;
}

/* Those that rules look for; beside them any word that is known. */
static const char *const option_words[] = {"nosuid", "suid", "rnosuid", "rsuid", "nodev", "dev",
	"rnodev", "rdev", "noexec", "exec", "rnoexec", "rexec", "ro", "rw", "rro", "rshared",
	"shared", "private", "rslave", "size=64k", "mode=755", "relatime", "remount"};
static const char *const destinations[] = {"/proc", "/dev", "/dev/pts", "/dev/shm", "/sys", "/tmp",
	"/tmp/", "/tmp/below", "tmp", "/var/tmp", "/work", "//dev/./shm", "/etc/hosts"};
static const char *const types[] = {"tmpfs", "ramfs", "proc", "sysfs", "devpts", "mqueue", "cgroup",
	"bind", "rbind", "overlay", "devtmpfs", "debugfs", "ext4"};
static const char *const sources[] = {"/home/me", "work", "/dev/fuse", "/dev/sda1", "tmpfs", "/",
	"/proc/sys", "/run/docker.sock", "/var/run/", "../../run", "/run/nacre/x", "/dev/shm"};

static void mounts(struct source *s, struct oci_config *config)
{
	size_t n_known;
	const char *const *known = mount_word_names(&n_known);

	config->n_mounts = roll(s, 8);
	config->mounts = make(s, config->n_mounts, sizeof(*config->mounts));
	for (size_t i = 0; i < config->n_mounts; i++) {
		struct oci_mount *mount = &config->mounts[i];

		mount->destination = PICK(s, destinations);
		mount->options = words(s, option_words, COUNT(option_words), 6);
		for (size_t k = 0; k < mount->options.n; k++) {
			if (!roll(s, 4))
				mount->options.items[k] = known[roll(s, n_known)];
		}
		/* Mostly harmless, or nearly every config would be refused. */
		mount->source = sources[roll(s, roll(s, 8) ? 3 : COUNT(sources))];
		mount->type = types[roll(s, roll(s, 8) ? 8 : COUNT(types))];
		if (!strcmp(mount->destination, "/proc"))
			mount->type = "proc";
		else if (mount->options.n && roll(s, 2))
			mount->options.items[0] = roll(s, 2) ? "bind" : "rbind";
	}
}

static const char *const namespaces[] = {
	"mount", "pid", "ipc", "uts", "cgroup", "network", "user", "time"};
static const char *const namespace_paths[] = {"/proc/77/ns/x", "/proc/1/ns/x", "/proc/self/ns/x"};
static const char *const hidden[] = {
	"/proc/kcore", "/proc/keys", "/proc/sys", "/sys/firmware", "/a"};
static const char *const propagations[] = {
	"private", "shared", "slave", "rshared", "rslave", "unbindable"};

static struct oci_i64 number(struct source *s, int64_t low, uint64_t sides)
{
	struct oci_i64 n = {.set = roll(s, 2)};

	if (n.set)
		n.value = low + (int64_t)roll(s, sides);
	return n;
}

static void device_rules(struct source *s, struct oci_resources *r)
{
	static const char *const accesses[] = {"rwm", "rw", "m", NULL};
	static const char *const rule_types[] = {"a", "c", "b", NULL};

	r->n_devices = roll(s, 6);
	r->devices = make(s, r->n_devices, sizeof(*r->devices));
	for (size_t i = 0; i < r->n_devices; i++) {
		r->devices[i] = (struct oci_device_rule){
			.allow = roll(s, 2),
			.type = PICK(s, rule_types),
			.major = number(s, -1, 8),
			.minor = number(s, -1, 10),
			.access = PICK(s, accesses),
		};
	}
}

static struct oci_resources *resources(struct source *s)
{
	static const char *const keys[] = {"pids.max", "memory.max", "memory.swap.max",
		"memory.oom.group", "memory.high", "cpu.max", "io.prio.class"};
	static const char *const values[] = {"0", "4096", "max", " max\n", "1\nmax",
		"9223372036854771712", "4194304", "20000000000", "1", "promote-to-rt"};
	struct oci_resources *r = make(s, 1, sizeof(*r));

	device_rules(s, r);
	if (roll(s, 2)) {
		r->pids = make(s, 1, sizeof(*r->pids));
		r->pids->limit = (int64_t)roll(s, roll(s, 4) ? 1500 : 5000000) - 100;
	}
	if (roll(s, 2)) {
		r->memory = make(s, 1, sizeof(*r->memory));
		r->memory->limit = number(
			s, -1, roll(s, 2) ? 4 : UINT64_C(1) << (30 + roll(s, 24)));
		r->memory->swap = number(s, -1, 2);
		if (r->memory->limit.value > 0)
			r->memory->swap.value += r->memory->limit.value *
						 (r->memory->swap.value > 0);
	}
	if (roll(s, 2)) {
		r->cpu = make(s, 1, sizeof(*r->cpu));
		r->cpu->quota = number(s, -1, roll(s, 2) ? 4 : 1000000);
		r->cpu->period.value = roll(s, 2) * 50000;
		r->cpu->period.set = roll(s, 2) || r->cpu->period.value;
	}
	r->unified.items = make(s, COUNT(keys), sizeof(*r->unified.items));
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!roll(s, 4))
			r->unified.items[r->unified.n++] = (struct oci_pair){
				keys[i], PICK(s, values)};
	}
	return r;
}

static struct oci_linux *linux_part(struct source *s)
{
	struct oci_linux *l = make(s, 1, sizeof(*l));

	l->namespaces = make(s, COUNT(namespaces), sizeof(*l->namespaces));
	for (size_t i = 0; i < COUNT(namespaces); i++) {
		struct oci_namespace *ns = &l->namespaces[l->n_namespaces];

		if (!roll(s, 4) && strcmp(namespaces[i], "network"))
			continue;
		ns->type = namespaces[i];
		if (!roll(s, 4) || !strcmp(ns->type, "user"))
			ns->path = namespace_paths[roll(s, roll(s, 4) ? 1 : 3)];
		l->n_namespaces++;
	}
	if (!roll(s, 16)) {
		l->net_devices = make(s, 1, sizeof(*l->net_devices));
		l->net_devices[l->n_net_devices++].host_name = "eth1";
	}
	l->uid_mappings = make(s, 1, sizeof(*l->uid_mappings));
	l->n_uid_mappings = roll(s, 2);
	l->uid_mappings[0] = (struct oci_id_mapping){0, (uint32_t)roll(s, 2) * 100000, 65536};
	if (roll(s, 2))
		l->rootfs_propagation = PICK(s, propagations);
	l->n_devices = roll(s, 3);
	l->devices = make(s, l->n_devices, sizeof(*l->devices));
	for (size_t i = 0; i < l->n_devices; i++) {
		l->devices[i] = (struct oci_device){
			.path = roll(s, 2) ? "/dev/fuse" : "/dev/x",
			.type = roll(s, 2) ? "c" : "b",
			.major = {true, (int64_t)roll(s, 8)},
			.minor = {true, (int64_t)roll(s, 8)},
		};
	}
	if (oci_find_namespace(&(struct oci_config){.linux_ = l}, "mount")) {
		l->masked_paths = words(s, hidden, COUNT(hidden), 3);
		l->readonly_paths = words(s, hidden, COUNT(hidden), 3);
	}
	if (roll(s, 4))
		l->resources = resources(s);
	return l;
}

static void annotations(struct source *s, struct oci_map *map)
{
	static const struct oci_pair pool[] = {
		{"run.oci.keep_original_groups", "1"},
		{"run.oci.hooks.stdout", "/a"},
		{"run.oci.delegate-cgroup", "a"},
		{"com.example.a", ""},
	};

	map->items = make(s, COUNT(pool), sizeof(*map->items));
	for (size_t i = 0; i < COUNT(pool); i++) {
		if (!roll(s, 4))
			map->items[map->n++] = pool[i];
	}
}

struct oci_config *random_config(struct arena *arena, uint64_t seed)
{
	struct source s = {.arena = arena, .state = (seed + 1) * 0x9e3779b97f4a7c15ULL};
	struct oci_config *config = make(&s, 1, sizeof(*config));

	config->oci_version = "1.0.2";
	config->root = make(&s, 1, sizeof(*config->root));
	config->root->path = "rootfs";
	config->root->readonly = roll(&s, 2);
	config->process = process(&s);
	mounts(&s, config);
	annotations(&s, &config->annotations);
	if (roll(&s, 32))
		config->linux_ = linux_part(&s);
	return config;
}
