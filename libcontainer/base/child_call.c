/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/child_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"

/* Returns 1 if the child has written its result or has ended, and 0 if the time is over. */
static int await(int fd, int64_t timeout, int64_t deadline)
{
	struct pollfd in = {.fd = fd, .events = POLLIN};
	const int64_t start = child_now();
	int r;

	do
		r = poll(&in, 1, child_left_ms(start, timeout, deadline));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int child_call(int (*act)(void *data, struct nacre_error *err), void *data, int64_t timeout,
	int64_t deadline, struct nacre_error *err)
{
	struct nacre_error told = {.code = 0};
	cleanup_close int in = -1;
	cleanup_close int out = -1;
	ssize_t n = -1;
	bool whole;
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe");
	in = ends[0];
	out = ends[1];
	pid = child_fork_blocked();
	if (pid < 0)
		return fail_errno(err, pid, "fork");
	if (pid == 0) {
		(void)act(data, &told);
		_exit(write(out, &told, sizeof(told)) != sizeof(told));
	}
	fd_close(&out);
	r = await(in, timeout, deadline);
	while (r > 0 && (n = read(in, &told, sizeof(told))) < 0 && errno == EINTR)
		;
	whole = n == sizeof(told);
	if (!whole)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return fail_errno(err, r, "poll");
	if (r == 0)
		return fail(err, ETIMEDOUT, "the process that tried it took too long");
	if (!whole)
		return fail(err, ECHILD, "the process that tried it was killed");
	return told.code ? fail(err, told.code, "%s", told.text) : 0;
}
