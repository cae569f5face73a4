/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/close_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

void close_now(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static bool has_any(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			return true;
	return false;
}

/* Ends, and thereby closes FDS, when the caller has closed its copies: then GO reaches its end. Has
 * nothing else open, which others may wait to see closed. */
static _Noreturn void close_last(const int *fds, size_t n, int go)
{
	char byte;

	for (size_t i = 0; i < n; i++)
		(void)(fds[i] < 0 ? close((int)i) : dup2(fds[i], (int)i));
	(void)dup2(go, (int)n);
	(void)close_range((unsigned)n + 1, ~0u, 0);
	while (read((int)n, &byte, 1) < 0 && errno == EINTR)
		continue;
	_exit(0);
}

void close_aside(int *fds, size_t n)
{
	int ends[2] = {-1, -1};

	if (!has_any(fds, n))
		return;
	/* Without a child the fds are closed all the same: readers wait for the end. */
	if (pipe2(ends, O_CLOEXEC) == 0 && fork() == 0)
		close_last(fds, n, ends[0]);
	for (size_t i = 0; i < n; i++)
		close_now(&fds[i]);
	close_now(&ends[0]);
	close_now(&ends[1]);
}
