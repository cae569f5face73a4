/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/options.h"
#include "specs/error.h"

enum {
	FIRST_FD = STDERR_FILENO + 1,
};

int inherit_sane_process(struct nacre_error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* open(2) takes the lowest free number, and those below FD are taken. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			return fail_errno(err, errno, "open /dev/null");
	}
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return fail_errno(err, errno, "reset SIGCHLD");
	return 0;
}

unsigned inherit_listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	char *end;
	unsigned long n;

	/* Ignores a count that is meant for another process. */
	if (!pid || !fds || pid[0] < '1' || pid[0] > '9' || fds[0] < '1' || fds[0] > '9')
		return 0;
	if (strtoul(pid, &end, 10) != (unsigned long)getpid() || *end)
		return 0;
	n = strtoul(fds, &end, 10);
	return *end || n > OPTION_COUNT_MAX ? 0 : (unsigned)n;
}

int inherit_check(unsigned n, struct nacre_error *err)
{
	for (unsigned i = 0; i < n; i++) {
		if (fcntl(FIRST_FD + (int)i, F_GETFD) < 0)
			return fail(err, EBADF,
				"--preserve-fds: fd %u is not open, and %u were to be preserved",
				FIRST_FD + i, n);
	}
	return 0;
}

int inherit_only(unsigned n, struct nacre_error *err)
{
	if (close_range(FIRST_FD + n, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return fail_errno(err, errno, "close_range");
	return 0;
}
