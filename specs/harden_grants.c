/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/filter.h"
#include "specs/harden_rules.h"
#include "specs/nearest.h"
#include "specs/path_text.h"

/* Grants: --allow GRANT. */

enum {
	GRANT_WORD_MAX = 64, /* for items that are words */
	INTERFACE_NAME_SIZE = 16, /* IFNAMSIZ of the kernel */
};

/* Names of capabilities(7). A misspelled name is refused, as it would grant nothing. */
static const char *const capability_words[] = {"CAP_AUDIT_CONTROL", "CAP_AUDIT_READ",
	"CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_CHECKPOINT_RESTORE", "CAP_CHOWN",
	"CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK",
	"CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",
	"CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SETFCAP", "CAP_SETGID",
	"CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
	"CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE",
	"CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
	NULL};

static const char *const limit_words[] = {"pids", "memory", "swap", "cpu", NULL};

static bool has_word(const char *const *words, const char *word)
{
	while (*words && strcmp(*words, word))
		words++;
	return *words != NULL;
}

static void each_word(
	const char *const *words, void (*each)(void *data, const char *word), void *data)
{
	for (; *words; words++)
		each(data, *words);
}

bool harden_is_capability(const char *item)
{
	return has_word(capability_words, item);
}

static void each_capability(void (*each)(void *data, const char *item), void *data)
{
	each_word(capability_words, each, data);
}

static void offer_capability(void *data, const char *name)
{
	nearest_offer(data, name);
	nearest_offer_as(data, name + strlen("CAP_"), name);
}

const char *harden_capability_hint(const char *name, char *hint)
{
	struct nearest nearest = {.given = name};

	each_capability(offer_capability, &nearest);
	return nearest_hint(&nearest, hint);
}

static bool is_limit(const char *item)
{
	return has_word(limit_words, item);
}

static void each_limit(void (*each)(void *data, const char *item), void *data)
{
	each_word(limit_words, each, data);
}

static bool is_path(const char *item)
{
	return item[0] == '/' && strlen(item) < PATH_TEXT_MAX;
}

/* Applies the kernel's dev_valid_name. */
static bool is_interface(const char *item)
{
	size_t length = strlen(item);

	return length > 0 && length < INTERFACE_NAME_SIZE && strcmp(item, ".") != 0 &&
	       strcmp(item, "..") != 0 && !strpbrk(item, "/: \t\n\v\f\r");
}

/* The form of a grant: KIND, or KIND:ITEM. */
static const struct grant {
	const char *kind;
	const char *form; /* for the help */
	bool (*item)(const char *item); /* whether ITEM is well formed; NULL: KIND stands alone */
	void (*items)(void (*each)(void *data, const char *item), void *data); /* NULL: no list */
	bool of_filter; /* excludes a call from filter_rules.c */
} grants[] = {
	/* clang-format off */
	{ "rootfs-write",	"rootfs-write" },
	{ "tmp-exec",		"tmp-exec" },
	{ "host-network",	"host-network" },
	{ "host-pid",		"host-pid" },
	{ "host-ipc",		"host-ipc" },
	{ "new-privileges",	"new-privileges" },
	{ "engine-socket",	"engine-socket" },
	{ "join-network",	"join-network" },
	{ "cgroup-write",	"cgroup-write" },
	{ "workspace-exec",	"workspace-exec" },
	{ "setuid-files",	"setuid-files" },
	{ "real-time",		"real-time" },
	{ "single-oom-kill",	"single-oom-kill" },
	{ "listen",		"listen" },
	{ "metadata",		"metadata" },
	{ "no-user-namespace",	"no-user-namespace" },
	{ "cap",		"cap:CAP_NAME",		harden_is_capability,		each_capability },
	{ "device",		"device:PATH",		is_path },
	{ "disk",		"disk:NODE",		is_path },
	{ "network-device",	"network-device:NAME",	is_interface },
	{ "egress",		"egress:RULE",		harden_is_egress },
	{ "mount",		"mount:SOURCE",		is_path },
	{ "workspace",		"workspace:SOURCE",	is_path },
	{ "tmpfs-exec",		"tmpfs-exec:PATH",	is_path },
	{ "unlimited",		"unlimited:LIMIT",	is_limit,		each_limit },
	{ "syscall",		"syscall:NAME",		filter_has_call,	filter_each_call,	true },
	{ "socket",		"socket:NAME",		filter_has_socket_word,	filter_each_socket_word,	true },
	{ "abi",		"abi:NAME",		filter_has_abi,		filter_each_abi,	true },
	/* clang-format on */
};

enum {
	N_GRANTS = sizeof(grants) / sizeof(grants[0]),
};

const char *harden_grant_item(const char *grant, const char *kind)
{
	size_t length = strlen(kind);

	return !strncmp(grant, kind, length) && grant[length] == ':' ? grant + length + 1 : NULL;
}

/* Returns the row of the grant TEXT, or NULL. */
static const struct grant *find(const char *text)
{
	for (size_t i = 0; i < N_GRANTS; i++) {
		const char *item = harden_grant_item(text, grants[i].kind);

		if (grants[i].item ? item && grants[i].item(item) : !strcmp(text, grants[i].kind))
			return &grants[i];
	}
	return NULL;
}

bool harden_grant_is_of_filter(const char *grant)
{
	const struct grant *row = find(grant);

	return row && row->of_filter;
}

/* Turns items of one kind into grants. */
struct of_kind {
	const char *kind;
	void (*each)(void *data, const char *grant);
	void *data;
};

static void put_kind_before(void *data, const char *item)
{
	const struct of_kind *of = data;
	char grant[GRANT_WORD_MAX];

	(void)snprintf(grant, sizeof(grant), "%s:%s", of->kind, item);
	of->each(of->data, grant);
}

void harden_grant_each(void (*each)(void *data, const char *grant), void *data)
{
	for (size_t i = 0; i < N_GRANTS; i++) {
		struct of_kind of = {grants[i].kind, each, data};

		if (grants[i].items)
			grants[i].items(put_kind_before, &of);
		else
			each(data, grants[i].form);
	}
}

/* Offers also the item without its kind, CAP_ or AF_, which people leave out. */
static void offer(void *data, const char *grant)
{
	const char *colon = strchr(grant, ':'), *prefix = colon ? strchr(colon, '_') : NULL;
	const bool is_call = prefix && prefix[-1] >= 'a';
	char spelled[GRANT_WORD_MAX];

	nearest_offer(data, grant);
	if (colon)
		nearest_offer_as(data, colon + 1, grant);
	if (!prefix || is_call)
		return;
	nearest_offer_as(data, prefix + 1, grant);
	(void)snprintf(
		spelled, sizeof(spelled), "%.*s%s", (int)(colon + 1 - grant), grant, prefix + 1);
	nearest_offer_as(data, spelled, grant);
}

/* If the item is missing, or the kind is misspelled, the kind is the best hint. Returns whether
 * GRANT begins with a known kind. */
static bool offer_kinds(struct nearest *nearest)
{
	bool known = false;

	for (size_t i = 0; i < N_GRANTS; i++) {
		nearest_offer_as(nearest, grants[i].kind, grants[i].form);
		known = known || !strcmp(nearest->given, grants[i].kind);
	}
	return known;
}

int harden_grant_check(const char *grant, struct nacre_error *err)
{
	char hint[NEAREST_HINT], kind[GRANT_WORD_MAX];
	struct nearest whole = {.given = grant}, of_kind = {.given = kind};
	bool known;

	if (find(grant))
		return 0;
	for (size_t i = 0; i < N_GRANTS; i++) {
		const char *path = harden_grant_item(grant, grants[i].kind);

		if (path && grants[i].item == harden_is_egress)
			return fail(err, EINVAL, "\"%.128s\" is not a grant; see nacre-profiles(7)",
				grant);
		if (path && grants[i].item == is_path)
			return fail(err, EINVAL, "\"%s\" is not a grant; its path is %s", grant,
				*path == '/' ? "too long" : "not absolute");
	}
	(void)snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(grant, ":"), grant);
	known = offer_kinds(&of_kind);
	/* "mount" alone is a kind without its item, and not the system call. */
	if (!known || strchr(grant, ':'))
		harden_grant_each(offer, &whole);
	if (!whole.word[0] && (!known || !strchr(grant, ':')))
		whole = of_kind;
	return fail(err, EINVAL, "\"%s\" is not a grant%s; see nacre help grants", grant,
		nearest_hint(&whole, hint));
}

bool harden_grant_begins(const char *beginning)
{
	for (size_t i = 0; i < N_GRANTS; i++) {
		const char *item = harden_grant_item(beginning, grants[i].kind);

		if (item && grants[i].item)
			return !*item || (grants[i].item == is_path && is_path(item));
	}
	return false;
}

bool harden_is_required(const struct hardening *h)
{
	return oci_strings_have(&h->request->require, h->rule->name);
}

/* Marks all equal grants as used: one may be given twice. */
static bool mark(struct hardening *h, bool (*same)(const char *grant, const char *a, const char *b),
	const char *a, const char *b)
{
	bool found = false;

	for (size_t i = 0; i < h->request->grants.n && !harden_is_required(h); i++) {
		if (same(h->request->grants.items[i], a, b)) {
			h->used[i] = true;
			found = true;
		}
	}
	return found;
}

static bool same_grant(const char *grant, const char *word, const char *unused)
{
	(void)unused;
	return !strcmp(grant, word);
}

static bool same_item(const char *grant, const char *kind, const char *wanted)
{
	const char *item = harden_grant_item(grant, kind);

	return item && !strcmp(item, wanted);
}

static bool same_path(const char *grant, const char *kind, const char *wanted)
{
	const char *item = harden_grant_item(grant, kind);
	char clean[PATH_TEXT_MAX];

	return item && harden_host_path(item, clean) == 0 && !strcmp(clean, wanted);
}

static bool same_directory(const char *grant, const char *kind, const char *wanted)
{
	const char *item = harden_grant_item(grant, kind);
	char clean[PATH_TEXT_MAX];

	return item && harden_host_path(item, clean) == 0 && path_within(wanted, clean);
}

static bool has_kind(const char *grant, const char *kind, const char *unused)
{
	(void)unused;
	return harden_grant_item(grant, kind) != NULL;
}

bool harden_granted(struct hardening *h, const char *grant)
{
	return mark(h, same_grant, grant, NULL);
}

bool harden_granted_item(struct hardening *h, const char *kind, const char *item)
{
	return mark(h, same_item, kind, item);
}

bool harden_granted_path(struct hardening *h, const char *kind, const char *path)
{
	return mark(h, same_path, kind, path);
}

bool harden_granted_within(struct hardening *h, const char *kind, const char *path)
{
	return mark(h, same_directory, kind, path);
}

bool harden_granted_any(struct hardening *h, const char *kind)
{
	return mark(h, has_kind, kind, NULL);
}

/* Replaces a symbolic link that every host has by its target. */
static void replace(char *path, const char *link, const char *directory)
{
	const size_t length = strlen(link), by = strlen(directory);

	if (!path_within(path, link) || strlen(path) - length + by >= PATH_TEXT_MAX)
		return;
	memmove(path + by, path + length, strlen(path + length) + 1);
	memcpy(path, directory, by);
}

int harden_host_path(const char *path, char ret[static 4096])
{
	int r = path_clean(path, ret);

	if (r < 0)
		return r;
	replace(ret, "/var/run", "/run");
	replace(ret, "/dev/fd", "/proc/self/fd");
	return 0;
}
