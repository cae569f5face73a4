/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <err.h>
#include <linux/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "libcontainer/base/sys.h"

/*
 *	private COMMAND [ARGUMENT...]
 *
 * Runs COMMAND in namespaces and a cgroup of its own, where /sys/fs/cgroup is cgroup2 alone and
 * /run is empty: runtimes that know cgroup v1, and those that touch the root of the tree, leave the
 *host as it is. What they leave behind is removed.
 */

static int must(int result, const char *what)
{
	if (result < 0)
		err(125, "private: %s", what);
	return result;
}

/* Where the host has cgroup2: /sys/fs/cgroup, or below it beside v1. */
static int open_cgroup2(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], path[1024];
	int fd = -1;

	if (!file)
		err(125, "private: mountinfo");
	while (fd < 0 && fgets(line, sizeof(line), file))
		if (strstr(line, " - cgroup2 ") &&
			sscanf(line, "%*s %*s %*s %*s %1023s", path) == 1)
			fd = must(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
	(void)fclose(file);
	if (fd < 0)
		errx(125, "private: no cgroup2 is mounted");
	return fd;
}

/* Processes in the new cgroup's root would keep runtimes from giving controllers to those below. */
static void enter_leaf(void)
{
	int fd;

	must(mkdir("/sys/fs/cgroup/init", 0755), "mkdir cgroup init");
	fd = must(open("/sys/fs/cgroup/init/cgroup.procs", O_WRONLY | O_CLOEXEC), "cgroup.procs");
	must((int)write(fd, "0", 1), "enter cgroup init");
	(void)close(fd);
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int sock = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(sock, SIOCSIFFLAGS, &request), "lo");
	(void)close(sock);
}

/* The first process of the pid namespace reaps what the runtimes leave. */
static int reap_until(pid_t command)
{
	for (;;) {
		int status;
		pid_t pid = must(wait(&status), "wait");

		if (pid == command)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static int inside(char **argv)
{
	pid_t pid;

	must(unshare(CLONE_NEWCGROUP), "cgroup namespace");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private /");
	must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "/proc");
	must(umount2("/sys/fs/cgroup", MNT_DETACH), "umount /sys/fs/cgroup");
	must(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL), "mount cgroup2");
	must(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), "/run");
	enter_leaf();
	raise_loopback();
	pid = must(fork(), "fork");
	if (pid == 0) {
		(void)execvp(argv[0], argv);
		err(127, "private: %s", argv[0]);
	}
	return reap_until(pid);
}

/* Depth first. The kernel empties a cgroup some moments after its last process was reaped. */
static void remove_tree(int parent_fd, const char *name, unsigned depth)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return;
	for (struct dirent *entry; depth < 16 && (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			remove_tree(fd, entry->d_name, depth + 1);
	(void)closedir(dir);
	for (int tries = 0; tries < 200; tries++) {
		if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		(void)usleep(10000);
	}
	warn("private: cgroup %s stays", name);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
			 CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
	};
	int cgroup2, cgroup, status;
	char name[32];
	pid_t pid;

	if (argc < 2)
		errx(125, "usage: private COMMAND [ARGUMENT...]");
	cgroup2 = open_cgroup2();
	(void)snprintf(name, sizeof(name), "private-%d", getpid());
	must(mkdirat(cgroup2, name, 0755), name);
	cgroup = must(openat(cgroup2, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), name);
	args.cgroup = (uint64_t)cgroup;
	/* The keyboard's signals are for the command; what follows must run. */
	(void)signal(SIGINT, SIG_IGN);
	pid = sys_clone3(&args);
	if (pid == 0) {
		(void)signal(SIGINT, SIG_DFL);
		_exit(inside(argv + 1));
	}
	if (pid < 0)
		warnx("private: clone3: %s", strerror(-pid));
	else
		must(waitpid(pid, &status, 0), "waitpid");
	remove_tree(cgroup2, name, 0);
	if (pid < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
