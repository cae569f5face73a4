/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/typed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int typed_file_find(const char *path, mode_t type)
{
	const int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else
		r = (st.st_mode & S_IFMT) == type ? 0 : -ENXIO;
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

int typed_file_open(int path_fd, int flags)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}
