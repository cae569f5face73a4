/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_MOUNT_FIXTURE_H
#define NACRE_TEST_MOUNT_FIXTURE_H

/* First, since check.h has a macro called fail. */
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/rootfs.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Each test is a process in a mount namespace of its own, with a tmpfs on /mnt that dies with it:
 * ROOTFS, of a container, and HOST, where nothing of the container must ever appear.
 */
#define BASE "/mnt"
#define ROOTFS BASE "/rootfs"
#define HOST BASE "/host"

static struct nacre_error err;
static int rootfs_fd = -1;

#define OK(call) ck_assert_msg((call) >= 0, "%s: %s", #call, err.text)
#define SYS(call) ck_assert_msg((call) >= 0, "%s: %s", #call, strerror(errno))

static inline void own_namespace(void)
{
	SYS(unshare(CLONE_NEWNS));
	SYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	SYS(mount("tmpfs", BASE, "tmpfs", 0, "mode=755"));
	(void)umask(0);
	SYS(mkdir(ROOTFS, 0755));
	SYS(mkdir(HOST, 0755));
}

/* A plain directory as root. */
static inline void set_up_directory(void)
{
	own_namespace();
	OK(rootfs_fd = rootfs_open(ROOTFS, &err));
}

/* As init has it before the pivot: a mount of its own. */
static inline void set_up_rootfs(void)
{
	int fd;

	set_up_directory();
	OK(rootfs_prepare(rootfs_fd, NULL, &fd, &err));
	fd_close(&rootfs_fd);
	rootfs_fd = fd;
}

static inline void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	SYS(fd);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The first bytes of a file; "" if it cannot be read. */
static inline const char *text_of(const char *path)
{
	static char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	fd_close(&fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline bool same_file(int fd, const char *path)
{
	struct stat a;
	struct stat b;

	SYS(fstat(fd, &a));
	SYS(lstat(path, &b));
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static inline int count_entries(const char *path)
{
	cleanup_dir DIR *dir = opendir(path);
	int n = -2; /* "." and ".." */

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	return n;
}

static inline unsigned long flags_of(const char *path)
{
	struct statvfs st;

	SYS(statvfs(path, &st));
	return st.f_flag;
}

/* The line of the topmost mount on PATH in /proc/self/mountinfo, or "". */
static inline const char *mount_of(const char *path)
{
	static char found[1024];
	char line[1024];
	char point[512];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	ck_assert_ptr_nonnull(f);
	found[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %*s %*s %511s", point) == 1 && strcmp(point, path) == 0)
			memcpy(found, line, sizeof(found));
	}
	fclose(f);
	return found;
}

static inline int count_mounts(void)
{
	char line[1024];
	int n = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		n++;
	fclose(f);
	return n;
}

/* Runs what follows in a child; the parent waits in end_child. 0 in the child. */
static inline pid_t begin_child(int flags)
{
	struct clone_args args = {.flags = (uint64_t)flags, .exit_signal = SIGCHLD};
	int pid = sys_clone3(&args);

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A failed assertion in the child is its exit status, since check counts in the parent. */
static inline void end_child(pid_t pid)
{
	int status;

	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(
		WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed: %d", status);
}

/* In the child of begin_child. */
#define CHILD_CHECK(condition)                                                                    \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			(void)fprintf(stderr, "# %s:%d: %s (errno %d, %s)\n", __FILE__, __LINE__, \
				#condition, errno, err.text);                                     \
			_exit(1);                                                                 \
		}                                                                                 \
	} while (0)

/* In a child with a user namespace: root there as here, and nothing else. */
static inline bool map_root(void)
{
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", "0 0 1");
	put("/proc/self/gid_map", "0 0 1");
	return getuid() == 0;
}

/* A process that exchanges two names as fast as it can, until it is stopped. */
struct swapper {
	pid_t pid;
};

static inline struct swapper start_swapping(const char *a, const char *b)
{
	struct swapper s = {.pid = fork()};

	ck_assert_int_ge(s.pid, 0);
	if (s.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	}
	return s;
}

static inline void stop_swapping(struct swapper *s)
{
	SYS(kill(s->pid, SIGKILL));
	ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
}

#endif
