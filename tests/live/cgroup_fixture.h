/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_CGROUP_FIXTURE_H
#define NACRE_TEST_CGROUP_FIXTURE_H

/* First, since check.h has a macro called fail. */
#include "libcontainer/cgroup/cgroup.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Needs root and a cgroup2 mount. Every cgroup is called nacre-test-PID-..., PID being the
 * runner's, so that the runner removes what a failed test has left. */
static char base[64];
static struct nacre_error err;

static inline struct cgroup make(const char *name)
{
	struct cgroup cgroup = CGROUP_CLOSED;
	char path[256];
	int mount_fd = cgroup_open_mount(&err);

	ck_assert_msg(mount_fd >= 0, "%s", err.text);
	(void)snprintf(path, sizeof(path), "/%s-%s", base, name);
	ck_assert_msg(cgroup_create(mount_fd, path, &cgroup, &err) == 0, "%s", err.text);
	return cgroup;
}

static inline void destroy(struct cgroup *cgroup)
{
	ck_assert_msg(cgroup_destroy(cgroup, &err) == 0, "%s", err.text);
	ck_assert_int_eq(faccessat(cgroup->mount_fd, cgroup->path + 1, F_OK, 0), -1);
	ck_assert_int_eq(errno, ENOENT);
	cgroup_close(cgroup);
}

static inline pid_t sleeper(const struct cgroup *cgroup)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	ck_assert_int_gt(pid, 0);
	if (cgroup)
		ck_assert_msg(cgroup_attach(cgroup, pid, &err) == 0, "%s", err.text);
	return pid;
}

static inline void reap(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

static inline void name_base(void)
{
	(void)snprintf(base, sizeof(base), "nacre-test-%d", (int)getpid());
}

/* In the runner, after all tests: removes what failed tests have left. */
static inline void sweep(void)
{
	char path[PATH_MAX];
	struct cgroup cgroup;
	struct dirent *entry;
	int mount_fd = cgroup_open_mount(&err);
	DIR *dir = mount_fd < 0
			   ? NULL
			   : fdopendir(openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, base, strlen(base)) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "/%s", entry->d_name);
		if (cgroup_open(path, &cgroup, &err) == 0) {
			(void)cgroup_destroy(&cgroup, &err);
			cgroup_close(&cgroup);
		}
	}
	if (dir)
		(void)closedir(dir);
	if (mount_fd >= 0)
		(void)close(mount_fd);
}

#endif
