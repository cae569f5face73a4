/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/pidfd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/sys.h"

#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif

enum {
	NS_PER_MS = 1000000,
};

int pidfd_wait_end(int pidfd, int timeout_ms)
{
	const int64_t deadline = child_now() + (int64_t)timeout_ms * NS_PER_MS;
	struct pollfd end = {.fd = pidfd, .events = POLLIN};
	int left = timeout_ms, r;

	while ((r = poll(&end, 1, left)) < 0) {
		if (errno != EINTR)
			return -errno;
		if (timeout_ms >= 0) {
			int64_t ns = deadline - child_now();

			left = ns > 0 ? (int)((ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
		}
	}
	return r;
}

int pidfd_end(int pidfd, int timeout_ms, const char *what, struct nacre_error *err)
{
	int r = pidfd_wait_end(pidfd, timeout_ms);

	if (r == 0) {
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
		r = pidfd_wait_end(pidfd, timeout_ms);
	}
	if (r < 0)
		return fail_errno(err, r, "wait for %s", what);
	return r > 0 ? 0 : fail(err, ETIMEDOUT, "%s did not end", what);
}

int pidfd_identity(int pidfd, uint64_t *ret_identity)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd, &fs) < 0)
		return -errno;
	if (fs.f_type != PID_FS_MAGIC)
		return 0;
	if (fstat(pidfd, &st) < 0)
		return -errno;
	*ret_identity = st.st_ino;
	return 1;
}
