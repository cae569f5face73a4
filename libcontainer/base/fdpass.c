/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/fdpass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"

#define BACKLOG 16
#define WAIT_SECONDS 10 /* for a listener that accepts nobody, or a peer that reads nothing */

/* Room for FDPASS_MAX fds, aligned as the kernel wants it. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

static int put_path(struct sockaddr_un *address, const char *path)
{
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	return 0;
}

static int connect_within(int sock, const struct sockaddr_un *address)
{
	static const struct timeval limit = {.tv_sec = WAIT_SECONDS};
	int r;

	if (setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	do
		r = connect(sock, (const struct sockaddr *)address, sizeof(*address));
	while (r < 0 && errno == EINTR);
	/* EAGAIN: the queue of the listener was full all the time. */
	return r == 0 ? 0 : errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int socket_connect(int dirfd, const char *path, int type)
{
	cleanup_close int sock = -1, target = -1;
	struct sockaddr_un address;
	struct stat st;
	char link[32];
	int r;

	/* A path has up to 4096 bytes and sun_path 108, so the file is opened and named by its fd.
	 */
	target = openat(dirfd, path, O_PATH | O_CLOEXEC);
	if (target < 0 || fstat(target, &st) < 0)
		return -errno;
	/* connect(2) would say ECONNREFUSED, as of a socket without a listener. */
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", target);
	(void)put_path(&address, link);
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	r = connect_within(sock, &address);
	return r < 0 ? r : fd_steal(&sock);
}

int socket_bind(int dirfd, const char *name, int type, mode_t mode)
{
	cleanup_close int sock = -1;
	struct sockaddr_un address;
	char path[sizeof(address.sun_path)];
	int n, r;

	n = dirfd == AT_FDCWD ? snprintf(path, sizeof(path), "%s", name)
			      : snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = put_path(&address, path);
	if (r < 0)
		return r;
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	/* bind(2) makes the file with the mode of the socket, so there is no moment in which others
	 * could connect. */
	if (fchmod(sock, mode) < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd_steal(&sock);
}

int socket_listen(int dirfd, const char *name, int type)
{
	cleanup_close int sock = socket_bind(dirfd, name, type, 0600);

	if (sock < 0)
		return sock;
	if (listen(sock, BACKLOG) < 0)
		return -errno;
	return fd_steal(&sock);
}

int fd_send(int sock, const void *data, size_t length, const int *fds, size_t n_fds)
{
	struct iovec part = {.iov_base = (void *)data, .iov_len = length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union control control;
	struct cmsghdr *header;
	ssize_t n;

	if (n_fds > FDPASS_MAX)
		return -EINVAL;
	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(sock, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* Only a stream can send a part, after a signal; the rest must not follow without the fds.
	 */
	return (size_t)n == length ? 0 : -EIO;
}

/* Takes the fds out of the message; those that have no place are closed. */
static void take_fds(struct msghdr *message, int *fds, size_t n_fds)
{
	struct cmsghdr *header;
	size_t taken = 0;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t n, i;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
			if (taken < n_fds)
				fds[taken++] = fd;
			else
				(void)close(fd);
		}
	}
}

ssize_t fd_receive(int sock, void *data, size_t length, int *fds, size_t n_fds)
{
	struct iovec part = {.iov_base = data, .iov_len = length};
	union control control;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	size_t i;
	ssize_t n;

	for (i = 0; i < n_fds; i++)
		fds[i] = -1;
	do
		n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* The kernel has closed the fds that did not fit into the control buffer. */
	take_fds(&message, fds, n_fds);
	if (!(message.msg_flags & MSG_TRUNC))
		return n;
	for (i = 0; i < n_fds; i++)
		fd_close(&fds[i]);
	return -EMSGSIZE;
}
