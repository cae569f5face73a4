/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

ssize_t small_file_read_fd(int fd, void *ret_bytes, size_t size)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < size && got > 0) {
		got = read(fd, (char *)ret_bytes + n, size - n);
		n += got > 0 ? (size_t)got : 0;
	}
	return got < 0 ? -errno : (ssize_t)n;
}

ssize_t small_file_read(int dirfd, const char *name, char *ret_text, size_t size)
{
	/* Does not block: a FIFO in place of the file would hang the shim. */
	const int fd = openat(
		dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -errno : small_file_read_fd(fd, ret_text, size);

	if (fd >= 0)
		(void)close(fd);
	if (n >= (ssize_t)size - 1)
		n = -E2BIG;
	ret_text[n == -E2BIG ? size - 1 : n > 0 ? (size_t)n : 0] = '\0';
	return n;
}

int small_file_write(const char *path, const void *bytes, size_t n)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	const ssize_t written = fd < 0 ? -1 : write(fd, bytes, n);
	const int r = written < 0 ? -errno : written == (ssize_t)n ? 0 : -EIO;

	if (fd >= 0)
		(void)close(fd);
	return r;
}
