/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_NAMESPACES_FIXTURE_H
#define NACRE_TEST_NAMESPACES_FIXTURE_H

/* First, since check.h has a macro called fail. */
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/namespaces.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct nacre_error err;

static inline int index_of(const char *name)
{
	for (int i = 0; namespace_types[i].name; i++)
		if (strcmp(namespace_types[i].name, name) == 0)
			return i;
	ck_abort_msg("no type %s", name);
	return -1;
}

/* Stands for init: goes on when told to, and ends with it. */
struct child {
	pid_t pid;
	int pidfd;
	int hold; /* write end: closed to let it go */
};

static int hold_pipe[2];

static inline void wait_to_be_released(void)
{
	char byte;

	(void)close(hold_pipe[1]);
	(void)!read(hold_pipe[0], &byte, 1);
	_exit(0);
}

static inline struct child spawn(const struct namespace_plan *plan, int (*body)(void))
{
	struct child child = {.pidfd = -1};

	ck_assert_int_eq(pipe2(hold_pipe, O_CLOEXEC), 0);
	child.pid = namespaces_spawn(plan, &child.pidfd, &err);
	ck_assert_msg(child.pid >= 0, "%s", err.text);
	if (child.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (body)
			_exit(body());
		wait_to_be_released();
	}
	(void)close(hold_pipe[0]);
	child.hold = hold_pipe[1];
	return child;
}

static inline int release(struct child *child)
{
	struct pollfd poll_fd = {.fd = child->pidfd, .events = POLLIN};
	int status;

	(void)close(child->hold);
	ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	ck_assert(WIFEXITED(status));
	(void)close(child->pidfd);
	return WEXITSTATUS(status);
}

static inline int run(const struct namespace_plan *plan, int (*body)(void))
{
	struct child child = spawn(plan, body);

	return release(&child);
}

static inline struct namespace_plan plan_for(int new_flags)
{
	return (struct namespace_plan){
		.new_flags = new_flags,
		.join_fds = {-1, -1, -1, -1, -1, -1, -1, -1},
		.cgroup_fd = -1,
	};
}

static inline void join(struct namespace_plan *plan, const char *type, pid_t pid)
{
	const int i = index_of(type);
	char path[64];

	(void)snprintf(
		path, sizeof(path), "/proc/%d/ns/%s", (int)pid, namespace_types[i].proc_name);
	plan->join_fds[i] = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(plan->join_fds[i], 0);
	plan->join_flags |= namespace_types[i].clone_flag;
}

static inline int flags_that_differ(pid_t pid)
{
	int flags;

	ck_assert_msg(namespaces_differ(pid, &flags, &err) == 0, "%s", err.text);
	return flags;
}

#endif
