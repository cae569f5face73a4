/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/child.h"

enum {
	POLL_NS = 2000000,
};

int file_lock_try(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES ? 0 : -errno;
}

int file_lock_wait(int fd, int64_t seconds)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	const int64_t begin = child_now();
	int r;

	while ((r = file_lock_try(fd)) == 0) {
		if (child_left_ms(begin, seconds, 0) == 0)
			return -ETIMEDOUT;
		(void)nanosleep(&pause, NULL);
	}
	return r < 0 ? r : 0;
}

void file_unlock(int fd)
{
	struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	(void)fcntl(fd, F_OFD_SETLK, &lock);
}
