/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/procfs.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

enum {
	PROC_ROOT_INODE = 1, /* PROC_ROOT_INO of the kernel, the same in every procfs */
};

static int open_detached(void)
{
	cleanup_close int fs_fd = sys_fsopen("proc");
	int r;

	if (fs_fd < 0)
		return fs_fd;
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return r;
	return sys_fsmount(fs_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* -ENOENT: /proc is not a complete procfs. */
static int open_attached(void)
{
	cleanup_close int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return -ENOENT;
	return fd_steal(&fd);
}

int procfs_open(struct nacre_error *err)
{
	int fd = open_attached();

	if (fd < 0)
		fd = open_detached();
	if (fd < 0)
		return fail_errno(
			err, fd, "/proc is no procfs and a private one cannot be mounted");
	return fd;
}

int procfs_takes_pidns(int pidns_fd, struct nacre_error *err)
{
	cleanup_close int fs_fd = sys_fsopen("proc");
	int r;

	if (fs_fd < 0) /* a user without privilege cannot ask */
		return fs_fd == -EPERM ? 0 : fail_errno(err, fs_fd, "proc");
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FD, "pidns", NULL, pidns_fd);
	/* The option is unknown, or the pid namespace belongs to another user namespace. */
	if (r == -EINVAL || r == -EPERM)
		return 0;
	return r < 0 ? fail_errno(err, r, "proc: pidns") : 1;
}

int procfs_open_file(int proc_fd, const char *path, int flags)
{
	return sys_openat2(proc_fd, path, (uint64_t)flags, 0,
		RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

/* proc(5): "pid (comm) state ppid ...". comm may hold blanks and parentheses: the last one closes
 * it. */
static int parse_stat(const char *text, uint64_t *ret_start_time, char *ret_state)
{
	const char *p = strrchr(text, ')');
	char *end;
	uint64_t start_time;
	char state;

	if (!p || p[1] != ' ' || p[2] == '\0')
		return -EINVAL;
	state = p[2];
	p += 2;
	for (int field = 3; field < 22; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EINVAL;
		p++;
	}
	errno = 0;
	start_time = strtoull(p, &end, 10);
	if (errno != 0 || end == p || *end != ' ')
		return -EINVAL;
	*ret_start_time = start_time;
	*ret_state = state;
	return 0;
}

ssize_t procfs_read(int proc_fd, const char *path, char *text, size_t size)
{
	cleanup_close int fd = procfs_open_file(proc_fd, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, size - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return n;
}

int procfs_stat(int proc_fd, pid_t pid, uint64_t *ret_start_time, char *ret_state)
{
	char path[32];
	char text[1024];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/stat", (int)pid);
	n = procfs_read(proc_fd, path, text, sizeof(text));
	if (n == -ENOENT)
		return -ESRCH;
	if (n < 0)
		return (int)n;
	return parse_stat(text, ret_start_time, ret_state);
}

/* timens_offsets shows the namespace of future children, which must be the caller's own. */
static int check_time_namespace(int proc_fd, struct nacre_error *err)
{
	static const char *const links[] = {"self/ns/time", "self/ns/time_for_children"};
	char targets[2][64];

	for (size_t i = 0; i < 2; i++) {
		ssize_t n = readlinkat(proc_fd, links[i], targets[i], sizeof(targets[i]) - 1);

		if (n < 0)
			return fail_errno(err, errno, "read /proc/%s", links[i]);
		targets[i][n] = '\0';
	}
	return strcmp(targets[0], targets[1]) == 0
		       ? 0
		       : fail(err, ENOTSUP,
				 "the caller is in another time namespace than its children will "
				 "be, so its offsets are not known: fork first");
}

int procfs_start_offset(int proc_fd, int64_t *ret_ticks, struct nacre_error *err)
{
	static const char name[] = "self/timens_offsets";
	const int64_t tick = sysconf(_SC_CLK_TCK);
	long long seconds, nanoseconds;
	const char *line;
	char text[256];
	ssize_t n = procfs_read(proc_fd, name, text, sizeof(text));
	int r;

	if (n == -ENOENT) { /* a kernel without time namespaces */
		*ret_ticks = 0;
		return 0;
	}
	if (n < 0)
		return fail_errno(err, (int)n, "read /proc/%s", name);
	line = strstr(text, "boottime");
	if (!line || sscanf(line, "boottime %lld %lld", &seconds, &nanoseconds) != 2)
		return fail(err, EINVAL, "/proc/%s has no boottime", name);
	r = check_time_namespace(proc_fd, err);
	if (r < 0)
		return r;
	*ret_ticks = (int64_t)seconds * tick + (int64_t)nanoseconds * tick / 1000000000;
	return 0;
}
