/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/filter.h"
#include "specs/harden_rules.h"
#include "specs/path_text.h"

/* --allow GRANT. */

/* capabilities(7). A name that is not here would be a typing error that grants nothing. */
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

static bool is_capability(const char *item)
{
	for (size_t i = 0; capability_words[i]; i++) {
		if (!strcmp(capability_words[i], item))
			return true;
	}
	return false;
}

static bool is_limit(const char *item)
{
	for (size_t i = 0; limit_words[i]; i++) {
		if (!strcmp(limit_words[i], item))
			return true;
	}
	return false;
}

static bool is_path(const char *item)
{
	return item[0] == '/' && strlen(item) < PATH_TEXT_MAX;
}

/* How a grant is written: KIND alone, or KIND:ITEM. */
static const struct grant {
	const char *kind;
	bool (*item)(const char *item); /* whether ITEM is well formed; NULL: KIND stands alone */
	const char *form; /* how the error text writes it */
	bool of_filter; /* takes back a row of filter_rules.c */
} grants[] = {
	/* clang-format off */
	{ "rootfs-write",	NULL,			"rootfs-write",		false },
	{ "tmp-exec",		NULL,			"tmp-exec",		false },
	{ "host-network",	NULL,			"host-network",		false },
	{ "host-pid",		NULL,			"host-pid",		false },
	{ "host-ipc",		NULL,			"host-ipc",		false },
	{ "new-privileges",	NULL,			"new-privileges",	false },
	{ "engine-socket",	NULL,			"engine-socket",	false },
	{ "join-network",	NULL,			"join-network",		false },
	{ "cgroup-write",	NULL,			"cgroup-write",		false },
	{ "workspace-exec",	NULL,			"workspace-exec",	false },
	{ "cap",		is_capability,		"cap:CAP_NAME",		false },
	{ "device",		is_path,		"device:PATH",		false },
	{ "mount",		is_path,		"mount:SOURCE",		false },
	{ "workspace",		is_path,		"workspace:SOURCE",	false },
	{ "unlimited",		is_limit,		"unlimited: with pids, memory, swap or cpu", false },
	{ "syscall",		filter_has_call,	"syscall:NAME",		true },
	{ "socket",		filter_has_socket_word,
		"socket: with AF_NAME, NETLINK_NAME, IPPROTO_NAME or SOCK_RAW", true },
	{ "abi",		filter_has_abi,		"abi:x86",		true },
	/* clang-format on */
};

enum {
	N_GRANTS = sizeof(grants) / sizeof(grants[0]),
};

/* The item in a grant of KIND, or NULL. */
static const char *item_of(const char *grant, const char *kind)
{
	size_t length = strlen(kind);

	return !strncmp(grant, kind, length) && grant[length] == ':' ? grant + length + 1 : NULL;
}

/* The row that TEXT is a grant of, or NULL. */
static const struct grant *find(const char *text)
{
	for (size_t i = 0; i < N_GRANTS; i++) {
		const char *item = item_of(text, grants[i].kind);

		if (grants[i].item ? item && grants[i].item(item) : !strcmp(text, grants[i].kind))
			return &grants[i];
	}
	return NULL;
}

int harden_grant_check(const char *grant, struct nacre_error *err)
{
	char forms[sizeof(err->text)] = "";

	if (find(grant))
		return 0;
	for (size_t i = 0; i < N_GRANTS; i++) {
		const char *between = i + 1 == N_GRANTS ? ", and " : ", ";
		size_t used = strlen(forms);

		(void)snprintf(forms + used, sizeof(forms) - used, "%s%s", i ? between : "",
			grants[i].form);
	}
	return fail(err, EINVAL,
		"\"%s\" is not a grant; valid are %s; paths are absolute, and calls and sockets "
		"those that the filter refuses",
		grant, forms);
}

bool harden_grant_is_of_filter(const char *grant)
{
	const struct grant *row = find(grant);

	return row && row->of_filter;
}

bool harden_is_required(const struct hardening *h)
{
	return oci_strings_have(&h->request->require, h->rule->name);
}

/* One grant may be given twice: both were used. */
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
	const char *item = item_of(grant, kind);

	return item && !strcmp(item, wanted);
}

static bool same_path(const char *grant, const char *kind, const char *wanted)
{
	const char *item = item_of(grant, kind);
	char clean[PATH_TEXT_MAX];

	return item && harden_host_path(item, clean) == 0 && !strcmp(clean, wanted);
}

static bool same_directory(const char *grant, const char *kind, const char *wanted)
{
	const char *item = item_of(grant, kind);
	char clean[PATH_TEXT_MAX];

	return item && harden_host_path(item, clean) == 0 && path_within(wanted, clean);
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

bool harden_granted_any(struct hardening *h, const char *kind,
	bool (*each)(const struct hardening *h, const char *item))
{
	bool found = false;

	for (size_t i = 0; i < h->request->grants.n && !harden_is_required(h); i++) {
		const char *item = item_of(h->request->grants.items[i], kind);

		if (item && each(h, item)) {
			h->used[i] = true;
			found = true;
		}
	}
	return found;
}

int harden_host_path(const char *path, char ret[static 4096])
{
	int r = path_clean(path, ret);

	if (r == 0 && path_within(ret, "/var/run"))
		memmove(ret, ret + strlen("/var"), strlen(ret) - strlen("/var") + 1);
	return r;
}
