/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ways/attempts.h"

/* Who leaves the container's cgroup leaves its rules. */

/* Every cgroup is in one file system, whatever a mount shows of it, and its root is number 1. */
int way_cgroup(const struct way *way)
{
	enum {
		FILEID_KERNFS = 0xfe,
	};
	union {
		struct file_handle handle;
		uint64_t words[2]; /* bytes and type, and the number */
	} root = {.words = {0, 1}};
	int mount_fd = open("/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY), root_fd, fd, r;

	if (mount_fd < 0)
		mount_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY);
	root.handle.handle_bytes = sizeof(uint64_t);
	root.handle.handle_type = FILEID_KERNFS;
	root_fd = mount_fd < 0 ? -1
			       : open_by_handle_at(mount_fd, &root.handle, O_RDONLY | O_DIRECTORY);
	fd = root_fd < 0 ? -1 : openat(root_fd, "cgroup.procs", O_WRONLY);
	r = fd < 0 || write(fd, "0", 1) < 0 ? errno : 0;
	(void)close(fd);
	(void)close(root_fd);
	(void)close(mount_fd);
	return r ? r : way_tcp(way);
}

/* A child begins in the cgroup that an fd is for, whether or not its mount can be written to. */
int way_clone_into_cgroup(const struct way *way)
{
	static const char *const places[] = {"/cg", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int fd = -1, status = 0, error;
	long pid;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && fd < 0; i++)
		fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return EACCES;
	args.cgroup = (uint64_t)fd;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(way_tcp(way));
	error = pid < 0 ? errno : 0;
	(void)close(fd);
	if (pid > 0)
		(void)waitpid((pid_t)pid, &status, 0);
	return error ? error : WEXITSTATUS(status);
}
