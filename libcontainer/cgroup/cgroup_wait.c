/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/cgroup.h"
#include "specs/path_text.h"

/*
 * Freezes, kills, waits for and removes cgroups.
 *
 * The kernel acts after the write has returned, and reports in cgroup.events that it is done:
 * poll(2) returns POLLPRI if the file has changed since it was read last. But the kernel notifies
 * at most once in 10 ms, so a change soon after another is reported late. So the first waits end
 * early and the file is read again, which keeps a short wait short.
 */

#define WAIT_MS 10000

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1: the file has KEY ("populated 0"), or its cgroup is gone. */
static int events_have(int events_fd, const char *key)
{
	char text[256];
	ssize_t n = pread(events_fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return errno == ENODEV ? 1 : -errno;
	text[n] = '\0';
	return strstr(text, key) != NULL;
}

/* Waits until cgroup.events has KEY. Returns -ETIMEDOUT or another -errno, without text. */
static int wait_for(int events_fd, const char *key, int milliseconds)
{
	struct pollfd events = {.fd = events_fd, .events = POLLPRI};
	int64_t deadline = now_ms() + milliseconds;
	int pause = 1;

	for (;;) {
		int64_t left = deadline - now_ms();
		int r = events_have(events_fd, key);

		if (r != 0)
			return r < 0 ? r : 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&events, 1, left < pause ? (int)left : pause) < 0 && errno != EINTR)
			return -errno;
		pause = pause < 1000 ? 2 * pause : 1000;
	}
}

static int open_events(int cgroup_fd)
{
	int fd = openat(cgroup_fd, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_freeze(const struct cgroup *cgroup, bool freeze, struct nacre_error *err)
{
	cleanup_close int events_fd = open_events(cgroup->fd);
	int r = events_fd;

	if (r >= 0)
		r = file_write(cgroup->fd, "cgroup.freeze", freeze ? "1" : "0");
	if (r < 0)
		return fail_errno(
			err, r, "cgroup %s: %s", cgroup->path, freeze ? "freeze" : "thaw");
	r = wait_for(events_fd, freeze ? "frozen 1" : "frozen 0", WAIT_MS);
	if (r == 0)
		return 0;
	if (freeze)
		(void)file_write(cgroup->fd, "cgroup.freeze", "0");
	if (r == -ETIMEDOUT)
		return fail(err, ETIMEDOUT, "cgroup %s: not %s after %d s%s", cgroup->path,
			freeze ? "frozen" : "thawed", WAIT_MS / 1000,
			freeze ? " (a process hangs in the kernel?); thawed again"
			       : " (a cgroup above it is frozen?)");
	return fail_errno(err, r, "cgroup %s: wait for cgroup.events", cgroup->path);
}

int cgroup_is_frozen(int mount_fd, const char *path, struct nacre_error *err)
{
	char file[PATH_MAX + 32], value;
	cleanup_close int fd = -1;
	ssize_t n;

	(void)snprintf(file, sizeof(file), "%s/cgroup.freeze", path + 1);
	fd = sys_openat2(mount_fd, file, O_RDONLY, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	if (fd == -ENOENT) /* removed: nothing in it is frozen */
		return 0;
	if (fd < 0)
		return fail_errno(err, fd, "cgroup %s: open cgroup.freeze", path);
	do
		n = read(fd, &value, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ENODEV) /* removed */
		return 0;
	if (n != 1)
		return fail_errno(err, n < 0 ? errno : EIO, "cgroup %s: read cgroup.freeze", path);
	return value == '1';
}

/* A container's cgroup never holds the caller. One that does was mistaken for it: it belongs to a
 * session or an engine. */
static int check_outside(const struct cgroup *cgroup, struct nacre_error *err)
{
	struct nacre_error why;
	char own[PATH_MAX];
	int r = cgroup_of_process(0, own, &why);

	if (r < 0)
		return fail_except(r, ERANGE, &why, err);
	return path_within(own, cgroup->path)
		       ? fail(err, EBUSY,
				 "cgroup %s: its processes are not killed, since the caller is one "
				 "of them (in %s): no container's cgroup, or nacre was started in "
				 "it",
				 cgroup->path, own)
		       : 0;
}

int cgroup_kill(const struct cgroup *cgroup, struct nacre_error *err)
{
	int r = check_outside(cgroup, err);

	if (r < 0)
		return r;
	r = file_write(cgroup->fd, "cgroup.kill", "1");
	/* ENOENT, ENODEV: removed, so it holds no process. */
	if (r < 0 && r != -ENODEV && r != -ENOENT)
		return fail_errno(err, r, "cgroup %s: kill all processes", cgroup->path);
	return 0;
}

int cgroup_wait_empty(const struct cgroup *cgroup, int milliseconds, struct nacre_error *err)
{
	cleanup_close int events_fd = open_events(cgroup->fd);
	int r = events_fd;

	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r >= 0)
		r = wait_for(events_fd, "populated 0", milliseconds);
	if (r == -ETIMEDOUT)
		return fail(err, ETIMEDOUT, "cgroup %s: still has processes after %d ms",
			cgroup->path, milliseconds);
	if (r < 0)
		return fail_errno(err, r, "cgroup %s: wait for cgroup.events", cgroup->path);
	return 0;
}

int cgroup_empty(const struct cgroup *cgroup, struct nacre_error *err)
{
	int r = cgroup_kill(cgroup, err);

	return r < 0 ? r : cgroup_wait_empty(cgroup, WAIT_MS, err);
}

static bool is_child(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

/* Removes the cgroups right below DIR_FD that have no children. Returns how many. *RET_CHILD: one
 * that has children itself (or whose last process is still exiting), opened; -1: none is left. */
static int remove_children(int dir_fd, int *ret_child)
{
	cleanup_close int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int removed = 0, child;

	*ret_child = -1;
	if (!dir)
		return -errno;
	(void)fd_steal(&fd);
	while (errno = 0, (entry = readdir(dir))) {
		if (!is_child(entry))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) == 0) {
			removed++;
			continue;
		}
		if (errno == ENOENT)
			continue;
		if (errno != EBUSY)
			return -errno;
		child = sys_openat2(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY, 0,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
		if (child >= 0)
			*ret_child = child;
		if (child != -ENOENT)
			return child < 0 ? child : removed;
	}
	return errno ? -errno : removed;
}

/* Removes all cgroups below TOP_FD, children first. A container may have nested them deeper than
 * there are fds and stack, so this walks with one fd and goes up by "..". */
static int remove_below(int top_fd, int64_t deadline)
{
	cleanup_close int fd = -1;
	unsigned depth = 0;

	while (now_ms() < deadline) {
		int next, removed = remove_children(depth > 0 ? fd : top_fd, &next);

		if (removed < 0)
			return removed;
		if (next >= 0) {
			depth++;
		} else if (depth == 0) {
			return 0;
		} else {
			/* It has no child, yet was EBUSY a moment ago: its last process is still
			 * exiting. */
			if (removed == 0)
				(void)poll(NULL, 0, 1);
			next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			/* Somebody else has removed it: starts from the top again. */
			depth = next < 0 ? 0 : depth - 1;
		}
		fd_close(&fd);
		fd = next;
	}
	return -ETIMEDOUT;
}

static int remove_self(const struct cgroup *cgroup)
{
	if (unlinkat(cgroup->mount_fd, cgroup->path + 1, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

int cgroup_destroy(struct cgroup *cgroup, struct nacre_error *err)
{
	int64_t deadline = now_ms() + WAIT_MS;
	int r = remove_self(cgroup);

	if (r == 0)
		return 0;
	if (r != -EBUSY)
		return fail_errno(err, r, "cgroup %s: remove", cgroup->path);
	r = cgroup_empty(cgroup, err);
	if (r < 0)
		return r;
	while ((r = remove_below(cgroup->fd, deadline)) == 0) {
		r = remove_self(cgroup);
		if (r != -EBUSY || now_ms() >= deadline)
			break;
		(void)poll(NULL, 0, 1);
	}
	if (r < 0)
		return fail_errno(err, r, "cgroup %s: remove", cgroup->path);
	return 0;
}
