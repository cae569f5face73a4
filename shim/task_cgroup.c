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

int task_cgroup_read(int cgroup_fd, const char *file, char *ret_text, size_t size)
{
	const int fd = openat(cgroup_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t n = 0;
	ssize_t got = 1;
	int error;

	if (fd < 0)
		return -errno;
	while (n < size - 1 && (got = read(fd, ret_text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	error = got < 0 ? -errno : got > 0 ? -E2BIG : 0;
	(void)close(fd);
	ret_text[n] = '\0';
	return error < 0 ? error : (int)n;
}

/* The tree is there, or on a hybrid host at the second. */
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

int task_cgroup_open(pid_t pid)
{
	char text[PATH_MAX + 256], name[32], *path, *end;
	int tree, fd, r;

	(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	r = task_cgroup_read(AT_FDCWD, name, text, sizeof(text));
	if (r < 0)
		return r;
	path = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!path)
		return -ENOENT;
	path = strchr(path, '/') + 1;
	end = strchr(path, '\n');
	if (end)
		*end = '\0';
	tree = open_tree();
	if (tree < 0)
		return tree;
	fd = openat(tree, path[0] ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = -errno;
	(void)close(tree);
	return fd < 0 ? r : fd;
}
