/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/task_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "shim/small_file.h"

/* Opens the tree of cgroup v2; on a hybrid host it is at the second path. */
static int open_tree(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct statfs fs;

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		if (fd >= 0)
			(void)close(fd);
	}
	return -ENOSYS;
}

static int open_of(pid_t pid, const char *prefix)
{
	char text[PATH_MAX + 256], name[32], *path, *end, *last;
	int tree, fd, r;
	ssize_t n;

	(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	n = small_file_read(AT_FDCWD, name, text, sizeof(text));
	if (n < 0)
		return (int)n;
	path = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!path)
		return -ENOENT;
	path = strchr(path, '/') + 1;
	end = strchr(path, '\n');
	if (end)
		*end = '\0';
	last = strrchr(path, '/');
	if (strncmp(last ? last + 1 : path, prefix, strlen(prefix)) != 0)
		return -ENOENT;
	tree = open_tree();
	if (tree < 0)
		return tree;
	fd = openat(tree, path[0] ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = -errno;
	(void)close(tree);
	return fd < 0 ? r : fd;
}

int task_cgroup_open(pid_t pid)
{
	return open_of(pid, "");
}

int task_cgroup_open_exec(pid_t pid)
{
	return open_of(pid, "exec-"); /* as `nacre exec --own-cgroup` names them */
}

int task_cgroup_enter(const char *path)
{
	const int tree = open_tree();
	char name[PATH_MAX + 32];
	int fd, r = 0;

	if (tree < 0)
		return tree;
	(void)snprintf(name, sizeof(name), ".%s/cgroup.procs", path);
	fd = openat(tree, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || write(fd, "0", 1) < 0)
		r = -errno;
	(void)close(tree);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int task_cgroup_kill(int cgroup_fd)
{
	const int fd = cgroup_fd < 0 ? -1 : openat(cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (cgroup_fd < 0)
		return 0;
	if (fd < 0 || write(fd, "1", 1) < 0)
		r = -errno;
	if (fd >= 0)
		(void)close(fd);
	return r;
}
