/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/sysctl.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/namespaces.h"

/* The sysctls that belong to a namespace, and so to the container: sysctl(8) names with slashes. A
 * name that ends in a slash covers all below it. */
struct owner {
	const char *name;
	const char *type; /* of config-linux.md; NULL: never the container's */
};

/* clang-format off */
static const struct owner owners[] = {
	{"fs/mqueue/",              "ipc"},
	{"kernel/domainname",       "uts"},
	{"kernel/hostname",         NULL},
	{"kernel/msgmax",           "ipc"},
	{"kernel/msgmnb",           "ipc"},
	{"kernel/msgmni",           "ipc"},
	{"kernel/sem",              "ipc"},
	{"kernel/shm_rmid_forced",  "ipc"},
	{"kernel/shmall",           "ipc"},
	{"kernel/shmmax",           "ipc"},
	{"kernel/shmmni",           "ipc"},
	{"net/",                    "network"},
	{"user/",                   "user"},
};
/* clang-format on */

/* Makes the path below /proc/sys. As in sysctl.d(5) the first separator decides: with dots, a slash
 * stands for a dot in a name ("net.ipv4.conf.eth0/100.forwarding"); with slashes, dots are
 * literal. */
static int key_to_path(const char *key, char *path, size_t size)
{
	const char *separator = strpbrk(key, "./");
	size_t length = strlen(key);

	if (!separator || length >= size)
		return -EINVAL;
	memcpy(path, key, length + 1);
	for (char *p = path; *separator == '.' && *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	for (const char *p = path; *p != '\0'; p += *p == '/') {
		size_t n = strcspn(p, "/");

		/* "", "." and ".." name no value, nor does a name that ends in a slash. */
		if (n == 0 || (n <= 2 && strspn(p, ".") == n))
			return -EINVAL;
		p += n;
		if (p[0] == '/' && p[1] == '\0')
			return -EINVAL;
	}
	return 0;
}

static const struct owner *find_owner(const char *path)
{
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		size_t n = strlen(owners[i].name);
		bool all = owners[i].name[n - 1] == '/';

		if (all ? strncmp(path, owners[i].name, n) == 0 : strcmp(path, owners[i].name) == 0)
			return &owners[i];
	}
	return NULL;
}

static int check_one(
	const struct oci_config *config, const struct oci_pair *pair, struct nacre_error *err)
{
	const char *key = pair->key;
	const struct oci_namespace *namespace;
	const struct owner *owner;
	char path[PATH_MAX];

	if (key_to_path(key, path, sizeof(path)) < 0)
		return fail(err, EINVAL, "linux.sysctl: \"%s\" is not the name of a value", key);
	owner = find_owner(path);
	if (!owner)
		return fail(err, EINVAL,
			"linux.sysctl: \"%s\" belongs to no namespace: it would change the host",
			key);
	if (!owner->type)
		return fail(err, EINVAL, "linux.sysctl: \"%s\" is not allowed: use hostname", key);
	namespace = oci_find_namespace(config, owner->type);
	if (!namespace)
		return fail(err, EINVAL,
			"linux.sysctl: \"%s\" is not allowed without a %s namespace: it would "
			"change the host",
			key, owner->type);
	if (strcmp(owner->name, "kernel/domainname") == 0 && config->domainname &&
		strcmp(config->domainname, pair->value) != 0)
		return fail(err, EINVAL, "linux.sysctl: \"%s\" is \"%s\", and domainname is \"%s\"",
			key, pair->value, config->domainname);
	return 0;
}

int sysctl_check(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_map *map = config->linux_ ? &config->linux_->sysctl : NULL;
	int r;

	for (size_t i = 0; map && i < map->n; i++) {
		r = check_one(config, &map->items[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int sysctl_check_joined(const struct oci_config *config, int host_flags, struct nacre_error *err)
{
	const struct oci_map *map = config->linux_ ? &config->linux_->sysctl : NULL;

	for (size_t i = 0; map && i < map->n; i++) {
		const char *key = map->items[i].key;
		const struct owner *owner;
		char path[PATH_MAX];

		if (key_to_path(key, path, sizeof(path)) < 0)
			continue;
		owner = find_owner(path);
		if (owner && owner->type && namespaces_flag(owner->type) & host_flags)
			return fail(err, EINVAL,
				"linux.sysctl: \"%s\" is not allowed in the host's %s namespace: "
				"it "
				"would change the host; leave out the path of that namespace",
				key, owner->type);
	}
	return 0;
}

static int write_value(int proc_fd, const char *path, const char *value)
{
	char file[PATH_MAX + 8];
	cleanup_close int fd = -1;
	size_t length = strlen(value);
	ssize_t n;

	(void)snprintf(file, sizeof(file), "sys/%s", path);
	fd = procfs_open_file(proc_fd, file, O_WRONLY);
	if (fd < 0)
		return fd;
	n = write(fd, value, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EINVAL;
}

int sysctl_write(int proc_fd, const struct oci_pair *sysctl, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r = key_to_path(sysctl->key, path, sizeof(path));

	if (r == 0)
		r = write_value(proc_fd, path, sysctl->value);
	return r < 0 ? fail_errno(err, r, "sysctl %s=%s", sysctl->key, sysctl->value) : 0;
}

/* Returns whether more privilege could help. The kernel's check depends on the kind: for net.* it
 * needs CAP_NET_ADMIN over the network namespace; for ipc its owner's root, or before Linux 6.10
 * the host's root, as for uts; for user.* CAP_SYS_RESOURCE in the user namespace, of which no other
 * process has more. */
bool sysctl_may_be_another_s(int code, const char *key, const char **ret_type)
{
	const struct owner *owner;
	char path[PATH_MAX];

	if ((code != -EACCES && code != -EPERM) || key_to_path(key, path, sizeof(path)) < 0)
		return false;
	owner = find_owner(path);
	if (!owner || !owner->type || strcmp(owner->type, "user") == 0)
		return false;
	*ret_type = owner->type;
	return true;
}
