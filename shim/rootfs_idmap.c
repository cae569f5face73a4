/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs_idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/sys.h"

/* Writes a map into /proc/PID/FILE, as user_namespaces(7) wants it: words and lines. */
static int write_map(pid_t pid, const char *file, const char *map, char text[static JOB_TEXT])
{
	char path[64], lines[512];
	const size_t length = strlen(map);
	ssize_t n;
	int fd;

	if (length == 0 || length >= sizeof(lines) || map[strspn(map, "0123456789:,")]) {
		(void)snprintf(text, JOB_TEXT,
			"mount option %.3smap=%.300s: expected CONTAINER:HOST:SIZE[,...]", file,
			map);
		return -1;
	}
	for (size_t i = 0; i <= length; i++)
		lines[i] = map[i] == ':' ? ' ' : map[i] == ',' ? '\n' : map[i];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : write(fd, lines, length);
	if (n < 0)
		(void)snprintf(text, JOB_TEXT, "mount option %.3smap=%.300s: write to %s: %s", file,
			map, path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return n < 0 ? -1 : 0;
}

int rootfs_idmap_open(const char *uids, const char *gids, char text[static JOB_TEXT])
{
	const pid_t parent = getpid();
	char path[64];
	int fd = -1;
	pid_t pid = sys_clone(CLONE_NEWUSER | SIGCHLD, NULL);

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			(void)pause();
		_exit(0);
	}
	if (pid < 0) {
		(void)snprintf(text, JOB_TEXT, "make a user namespace for an id-mapped mount: %s",
			strerror(-pid));
		return -1;
	}
	if (write_map(pid, "uid_map", uids, text) == 0 &&
		write_map(pid, "gid_map", gids, text) == 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			(void)snprintf(text, JOB_TEXT, "open %s: %s", path, strerror(errno));
	}
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd;
}

int rootfs_idmap_bind(int userns, const char *source, bool recursive, const char *target,
	char text[static JOB_TEXT])
{
	const unsigned deep = recursive ? AT_RECURSIVE : 0;
	const struct sys_mount_attr attributes = {
		.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns};
	int tree = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | deep);
	int r = tree < 0 ? tree : sys_mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attributes);

	if (r == 0)
		r = sys_move_mount_to(tree, target);
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "make the id-mapped mount of %.300s on %.300s: %s",
			source, target, strerror(-r));
	if (tree >= 0)
		(void)close(tree);
	return r < 0 ? -1 : 0;
}

int rootfs_idmap_hand_over(int to, const char *target, char text[static JOB_TEXT])
{
	int tree = sys_open_tree(AT_FDCWD, target, OPEN_TREE_CLONE);
	int r = tree < 0 ? tree : setns(to, CLONE_NEWNS) < 0 ? -errno : 0;

	if (r == 0)
		r = sys_move_mount_to(tree, target);
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "move the id-mapped root to %.300s: %s", target,
			strerror(-r));
	if (tree >= 0)
		(void)close(tree);
	return r < 0 ? -1 : 0;
}
