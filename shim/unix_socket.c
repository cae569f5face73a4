/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* BACKLOG: of listen(2); -1: connects instead. */
static int open_at(const char *path, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct sockaddr *generic = (const struct sockaddr *)&address;
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (backlog < 0)
		r = connect(fd, generic, sizeof(address));
	else
		r = bind(fd, generic, sizeof(address)) < 0 ? -1 : listen(fd, backlog);
	if (r == 0)
		return fd;
	r = -errno;
	(void)close(fd);
	return r;
}

int unix_socket_connect(const char *path)
{
	return open_at(path, -1);
}

int unix_socket_listen(const char *path, int backlog)
{
	return open_at(path, backlog);
}
