/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/cleanup.h"

#include <errno.h>
#include <limits.h>

#include "libcontainer/base/sys.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

/* The smallest fd in KEEP that is not below FROM, or -1. */
static int next_kept(const int *keep, size_t n, int from)
{
	int best = -1;

	for (size_t i = 0; i < n; i++) {
		if (keep[i] >= from && (best < 0 || keep[i] < best))
			best = keep[i];
	}
	return best;
}

int fd_close_all_except(const int *keep, size_t n)
{
	int from = STDERR_FILENO + 1;

	for (;;) {
		int kept = next_kept(keep, n, from);
		int r = 0;

		if (kept < 0)
			return sys_close_range((unsigned)from, UINT_MAX, 0);
		if (kept > from)
			r = sys_close_range((unsigned)from, (unsigned)kept - 1, 0);
		if (r < 0)
			return r;
		if (kept == INT_MAX)
			return 0;
		from = kept + 1;
	}
}
