/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

#define MOUNT_POINT "/sys/fs/resctrl"
#define FILE_LIMIT 65536

#ifndef RDTGROUP_SUPER_MAGIC /* <linux/magic.h> of Linux 5.0 */
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

int resctrl_open(struct nacre_error *err)
{
	cleanup_close int fd = open(MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 && errno != ENOENT)
		return fail_errno(err, errno, "open " MOUNT_POINT);
	if (fd >= 0 && fstatfs(fd, &fs) < 0)
		return fail_errno(err, errno, "statfs of " MOUNT_POINT);
	/* The directory exists without a mount, too. */
	if (fd < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
		return fail(err, ENOTSUP,
			"no resctrl file system on " MOUNT_POINT
			": mount it (mount -t resctrl resctrl " MOUNT_POINT
			"), or leave this out where the processor or kernel has none");
	return fd_steal(&fd);
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* NULL: the container has a group of its own. */
static const char *given_group(const struct oci_intel_rdt *rdt)
{
	if (!is_set(rdt->clos_id))
		return NULL;
	return strcmp(rdt->clos_id, "/") == 0 ? "." : rdt->clos_id;
}

static const char *group_name(const struct oci_intel_rdt *rdt, const char *id)
{
	return given_group(rdt) ? given_group(rdt) : id;
}

static bool has_schemata(const struct oci_intel_rdt *rdt)
{
	return is_set(rdt->l3_cache_schema) || is_set(rdt->mem_bw_schema) || rdt->schemata.n;
}

static int open_group(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err)
{
	const char *name = group_name(rdt, id);
	int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, errno, "group %s", name) : fd;
}

/* Adds the kernel's own reason why it refused the last write. */
static int fail_write(
	int root_fd, int code, const char *name, const char *value, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;

	if (file_read(root_fd, "info/last_cmd_status", FILE_LIMIT, &text, NULL, &ignored) < 0)
		return fail_errno(err, code, "write \"%s\" to %s", value, name);
	text[strcspn(text, "\n")] = '\0';
	return fail_errno(err, code, "write \"%s\" to %s (%s)", value, name, text);
}

/* Whether SCHEMA, as "L3:0=7f0;1=1f", has VALUE for DOMAIN. */
static bool domain_has(const char *schema, long long domain, long long value, int base)
{
	const char *part = strchr(schema, ':');

	while (part && *part && *part != '\n') {
		char *end;
		long long found = strtoll(part + 1, &end, 10);

		if (*end != '=')
			return false;
		if (found == domain)
			return strtoll(end + 1, NULL, base) == value;
		part = end + 1 + strcspn(end + 1, ";\n");
	}
	return false;
}

/* Whether LINE has all that WANTED names. The kernel pads with blanks, omits zeros, and lists
 * domains that were not named. Bandwidth is decimal, a bit mask hexadecimal. */
static bool schema_holds(const char *wanted, const char *line)
{
	const int base = strncmp(wanted, "MB:", 3) == 0 ? 10 : 16;
	const char *part = strchr(wanted, ':');

	while (part && *part && *part != '\n') {
		char *end;
		long long domain = strtoll(part + 1, &end, 10);

		if (*end != '=' || !domain_has(line, domain, strtoll(end + 1, NULL, base), base))
			return false;
		part = end + 1 + strcspn(end + 1, ";\n");
	}
	return true;
}

static int compare(
	const char *schema, const char *existing, const char *group, struct nacre_error *err)
{
	const size_t resource = is_set(schema) ? strcspn(schema, ":") + 1 : 0;

	if (!is_set(schema))
		return 0;
	for (const char *line = existing; *line; line += strcspn(line, "\n") + 1) {
		line += strspn(line, " ");
		if (strncmp(line, schema, resource) == 0 && schema_holds(schema, line))
			return 0;
		if (!strchr(line, '\n'))
			break;
	}
	return fail(err, EEXIST, "group %s exists and its schemata are not \"%s\"", group, schema);
}

/* config-linux.md, IntelRdt: a group of closID that exists is not changed by these two. */
static int compare_with_existing(
	int group_fd, const struct oci_intel_rdt *rdt, struct nacre_error *err)
{
	cleanup_free char *existing = NULL;
	int r;

	if (!is_set(rdt->l3_cache_schema) && !is_set(rdt->mem_bw_schema))
		return 0;
	r = file_read(group_fd, "schemata", FILE_LIMIT, &existing, NULL, err);
	if (r >= 0)
		r = compare(rdt->l3_cache_schema, existing, rdt->clos_id, err);
	if (r < 0)
		return r;
	return compare(rdt->mem_bw_schema, existing, rdt->clos_id, err);
}

/* Writes each schema by a write(2) of its own: in one write, the kernel refuses a resource that is
 * named twice, but the later one has to win. */
static int write_schema(int root_fd, int group_fd, const char *schema, struct nacre_error *err)
{
	char line[PATH_MAX];
	int r;

	if (!is_set(schema))
		return 0;
	if (snprintf(line, sizeof(line), "%s\n", schema) >= (int)sizeof(line))
		return fail(err, E2BIG, "a schema of more than %zu bytes", sizeof(line) - 2);
	r = file_write(group_fd, "schemata", line);
	return r < 0 ? fail_write(root_fd, r, "schemata", schema, err) : 0;
}

static int write_schemata(
	int root_fd, int group_fd, const struct oci_intel_rdt *rdt, struct nacre_error *err)
{
	int r;

	r = write_schema(root_fd, group_fd, rdt->l3_cache_schema, err);
	if (r >= 0)
		r = write_schema(root_fd, group_fd, rdt->mem_bw_schema, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rdt->schemata.n && r == 0; i++)
		r = write_schema(root_fd, group_fd, rdt->schemata.items[i], err);
	return r;
}

/* Returns 1 if it was made, 0 if it was there. */
static int make_group(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err)
{
	const char *given = given_group(rdt);
	const char *name = group_name(rdt, id);

	if (given && (!has_schemata(rdt) || strcmp(given, ".") == 0)) {
		if (faccessat(root_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return fail_errno(err, errno,
				"group %s, which must be there if no schemata are given", name);
		return 0;
	}
	if (mkdirat(root_fd, name, 0755) == 0)
		return 1;
	if (errno == EEXIST && given)
		return 0;
	if (errno == EEXIST)
		return fail(err, EEXIST,
			"group %s exists already: remove it (rmdir " MOUNT_POINT
			"/%s), or name it in closID",
			name, name);
	return fail_errno(
		err, errno, "make group %s (how many there can be: info/*/num_closids)", name);
}

static int fill_group(int root_fd, const char *id, const struct oci_intel_rdt *rdt, bool made,
	struct nacre_error *err)
{
	cleanup_close int group_fd = open_group(root_fd, id, rdt, err);
	char monitoring[NAME_MAX + 16];
	int r;

	if (group_fd < 0)
		return group_fd;
	r = !made ? compare_with_existing(group_fd, rdt, err) : 0;
	if (r < 0)
		return r;
	r = write_schemata(root_fd, group_fd, rdt, err);
	if (r < 0)
		return r;
	(void)snprintf(monitoring, sizeof(monitoring), "mon_groups/%s", id);
	if (rdt->enable_monitoring.value && mkdirat(group_fd, monitoring, 0755) < 0)
		return fail_errno(err, errno, "make the monitoring group %s", monitoring);
	return 0;
}

int resctrl_create(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err)
{
	int made = make_group(root_fd, id, rdt, err);
	int r;

	if (made < 0)
		return made;
	r = fill_group(root_fd, id, rdt, made, err);
	if (r < 0 && made)
		(void)unlinkat(root_fd, group_name(rdt, id), AT_REMOVEDIR);
	return r;
}

static int write_pid(
	int root_fd, int group_fd, const char *name, pid_t pid, struct nacre_error *err)
{
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = file_write(group_fd, name, text);
	return r < 0 ? fail_write(root_fd, r, name, text, err) : 0;
}

int resctrl_join(int root_fd, const char *id, const struct oci_intel_rdt *rdt, pid_t pid,
	struct nacre_error *err)
{
	cleanup_close int group_fd = open_group(root_fd, id, rdt, err);
	char monitoring[NAME_MAX + 24];
	int r;

	if (group_fd < 0)
		return group_fd;
	r = write_pid(root_fd, group_fd, "tasks", pid, err);
	if (r < 0)
		return r;
	if (!rdt->enable_monitoring.value)
		return 0;
	(void)snprintf(monitoring, sizeof(monitoring), "mon_groups/%s/tasks", id);
	return write_pid(root_fd, group_fd, monitoring, pid, err);
}

static int write_back(int root_fd, int group_fd, const char *lines, struct nacre_error *err)
{
	int r;

	for (size_t n; *lines; lines += n + (lines[n] == '\n')) {
		cleanup_free char *line = NULL;

		n = strcspn(lines, "\n");
		line = strndup(lines, n);
		if (!line)
			return fail_errno(err, ENOMEM, "schemata");
		r = write_schema(root_fd, group_fd, line + strspn(line, " "), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int resctrl_restore(int root_fd, const char *id, const struct oci_intel_rdt *rdt,
	const char *before, struct nacre_error *err)
{
	cleanup_close int group_fd = open_group(root_fd, id, rdt, err);

	return group_fd < 0 ? group_fd : write_back(root_fd, group_fd, before, err);
}

int resctrl_change(int root_fd, const char *id, const struct oci_intel_rdt *rdt, char **ret_before,
	struct nacre_error *err)
{
	cleanup_close int group_fd = open_group(root_fd, id, rdt, err);
	cleanup_free char *before = NULL;
	struct nacre_error ignored; /* the first error is reported */
	int r;

	r = group_fd < 0 ? group_fd
			 : file_read(group_fd, "schemata", FILE_LIMIT, &before, NULL, err);
	if (r < 0)
		return r;
	r = write_schema(root_fd, group_fd, rdt->l3_cache_schema, err);
	if (r == 0)
		r = write_schema(root_fd, group_fd, rdt->mem_bw_schema, err);
	if (r < 0) {
		(void)write_back(root_fd, group_fd, before, &ignored);
		return r;
	}
	*ret_before = steal_ptr(before);
	return 0;
}

int resctrl_remove(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err)
{
	const char *given = given_group(rdt);
	char path[2 * NAME_MAX + 16];

	/* A monitoring group is removed with its group. */
	if (!given)
		(void)snprintf(path, sizeof(path), "%s", id);
	else if (rdt->enable_monitoring.value)
		(void)snprintf(path, sizeof(path), "%s/mon_groups/%s", given, id);
	else
		return 0;
	if (unlinkat(root_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail_errno(err, errno, "remove the group %s", path);
	return 0;
}
