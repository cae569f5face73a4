/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_controllers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

/* Levels to go up: no container's cgroup lies deeper. */
#define LEVELS_MAX 256

static int read_line(int dir_fd, const char *name, char ret_line[CGROUP_CONTROLLERS_MAX])
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, ret_line + length, CGROUP_CONTROLLERS_MAX - 1 - length);
		if (n < 0 && errno != EINTR)
			return -errno;
		length += n > 0 ? (size_t)n : 0;
	} while (n != 0 && length < CGROUP_CONTROLLERS_MAX - 1);
	while (length > 0 && ret_line[length - 1] == '\n')
		length--;
	ret_line[length] = '\0';
	return 0;
}

int cgroup_controllers_read(int dir_fd, char ret_names[CGROUP_CONTROLLERS_MAX])
{
	return read_line(dir_fd, "cgroup.controllers", ret_names);
}

int cgroup_controllers_read_enabled(int dir_fd, char ret_names[CGROUP_CONTROLLERS_MAX])
{
	return read_line(dir_fd, "cgroup.subtree_control", ret_names);
}

bool cgroup_controllers_have(const char *names, const char *name, size_t length)
{
	while (*names) {
		size_t n = strcspn(names, " ");

		if (n == length && strncmp(names, name, length) == 0)
			return true;
		names += n;
		names += strspn(names, " ");
	}
	return false;
}

static int write_control(int dir_fd, const char *text, size_t length)
{
	cleanup_close int fd = openat(
		dir_fd, "cgroup.subtree_control", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (write(fd, text, length) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Errors of the kernel for a cgroup that is not delegated to the caller, for a controller that this
 * cgroup cannot have, and for a cgroup with processes. Any other error is no answer. */
static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS || r == -EBUSY || r == -EOPNOTSUPP ||
	       r == -EINVAL || r == -ENOENT;
}

/* "+cpu +pids": what of AVAILABLE is not in ENABLED. */
static size_t missing_controllers(
	const char *available, const char *enabled, char ret_text[2 * CGROUP_CONTROLLERS_MAX])
{
	size_t used = 0;

	while (*available) {
		size_t n = strcspn(available, " ");

		if (!cgroup_controllers_have(enabled, available, n)) {
			if (used > 0)
				ret_text[used++] = ' ';
			ret_text[used++] = '+';
			memcpy(ret_text + used, available, n);
			used += n;
		}
		available += n;
		available += strspn(available, " ");
	}
	ret_text[used] = '\0';
	return used;
}

/* Whether the cgroup has processes and is not the root. Controllers that support threads (cpu,
 * cpuset, pids) would turn it into the root of a threaded subtree, whose children take no
 * processes; for others the kernel returns EBUSY. 1, 0 or -errno. */
static int holds_processes(int dir_fd)
{
	cleanup_close int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char byte;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	/* EOPNOTSUPP: a threaded cgroup, which may enable the controllers that support threads. */
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	if (n == 0)
		return 0;
	if (faccessat(dir_fd, "cgroup.type", F_OK, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int cgroup_controllers_enable(int dir_fd, const char *available)
{
	char enabled[CGROUP_CONTROLLERS_MAX], missing[2 * CGROUP_CONTROLLERS_MAX];
	const char *word = missing;
	size_t n;
	int r;

	if (!available[0])
		return 0;
	/* Reading the file takes no lock in the kernel; writing takes the lock of all cgroups. */
	r = read_line(dir_fd, "cgroup.subtree_control", enabled);
	if (r < 0)
		return r;
	n = missing_controllers(available, enabled, missing);
	if (n == 0)
		return 0;
	r = holds_processes(dir_fd);
	if (r != 0)
		return r < 0 ? r : 0;
	r = write_control(dir_fd, missing, n);
	if (r == 0 || !is_refusal(r))
		return r;
	/* The kernel accepts all of a write or nothing. */
	for (; *word; word += n, word += strspn(word, " ")) {
		n = strcspn(word, " ");
		r = write_control(dir_fd, word, n);
		if (r < 0 && !is_refusal(r))
			return r;
	}
	return 0;
}

/* The path of an open directory, for error texts only. */
static const char *directory_name(int fd, char path[PATH_MAX])
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return "the cgroup";
	path[n] = '\0';
	return path;
}

/* Finds the nearest ancestor that has the controller but does not enable it for its children.
 * Returns its directory, or -ENOENT: there is none. */
static int find_holder(int cgroup_fd, const char *name, size_t length)
{
	char names[CGROUP_CONTROLLERS_MAX];
	cleanup_close int fd = -1;
	int level;

	for (level = 0; level < LEVELS_MAX; level++) {
		/* NO_XDEV: ends at the root of the cgroup2 mount. */
		int parent = sys_openat2(fd < 0 ? cgroup_fd : fd, "..", O_RDONLY | O_DIRECTORY, 0,
			RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);

		if (parent < 0)
			return -ENOENT;
		fd_close(&fd);
		fd = parent;
		if (cgroup_controllers_read(fd, names) < 0)
			return -ENOENT;
		if (cgroup_controllers_have(names, name, length))
			return fd_steal(&fd);
	}
	return -ENOENT;
}

int cgroup_controllers_explain(
	int cgroup_fd, const char *property, const char *file, struct nacre_error *err)
{
	char names[CGROUP_CONTROLLERS_MAX] = "", path[PATH_MAX], text[64];
	size_t length = strcspn(file, ".");
	cleanup_close int holder = -1;
	int n, r;

	(void)cgroup_controllers_read(cgroup_fd, names);
	if (cgroup_controllers_have(names, file, length))
		return fail(err, ENOSYS, "%s: this kernel's %.*s controller has no file %s (in %s)",
			property, (int)length, file, file, directory_name(cgroup_fd, path));
	holder = find_holder(cgroup_fd, file, length);
	if (holder < 0)
		return fail(err, ENOSYS,
			"%s: the %.*s controller is not available in cgroup v2 on this host "
			"(cgroup.controllers at %s has: %s)",
			property, (int)length, file, directory_name(cgroup_fd, path),
			names[0] ? names : "none");
	/* Tries again, to get the reason. */
	n = snprintf(text, sizeof(text), "+%.*s", (int)length, file);
	r = holds_processes(holder) ? -EBUSY
	    : n < (int)sizeof(text) ? write_control(holder, text, (size_t)n)
				    : -EINVAL;
	if (r == 0)
		return fail(err, EAGAIN,
			"%s: the %.*s controller was enabled in %s only now: try again", property,
			(int)length, file, directory_name(holder, path));
	return fail_errno(err, r,
		"%s: the %.*s controller cannot be enabled: write %s to "
		"%s/cgroup.subtree_control%s",
		property, (int)length, file, text, directory_name(holder, path),
		r == -EBUSY ? " (a cgroup with processes of its own cannot hand controllers down)"
			    : "");
}
