/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"

#define SOCKET NOTIFY_DIRECTORY "/notify.sock"

int notify_add_mount(struct arena *arena, struct oci_config *config, struct nacre_error *err)
{
	static const char *options[] = {"bind", "nosuid", "nodev", "noexec", "ro"};
	struct oci_mount *mounts = arena_array(arena, config->n_mounts + 1, sizeof(*mounts));

	if (!mounts)
		return fail_errno(err, ENOMEM, "NOTIFY_SOCKET");
	for (size_t i = 0; i < config->n_mounts; i++)
		mounts[i] = config->mounts[i];
	mounts[config->n_mounts] = (struct oci_mount){
		.destination = "/run/notify",
		.type = "bind",
		.options = {options, sizeof(options) / sizeof(options[0])},
	};
	config->mounts = mounts;
	config->n_mounts++;
	return 0;
}

int notify_make(
	struct arena *arena, int state_fd, struct oci_config *config, struct nacre_error *err)
{
	char link[32], path[PATH_MAX];
	const char *source;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", state_fd);
	n = readlink(link, path, sizeof(path));
	if (n < 0 || n == sizeof(path))
		return fail_errno(err, n < 0 ? errno : ENAMETOOLONG, "name of the state directory");
	source = arena_printf(arena, "%.*s/" NOTIFY_DIRECTORY, (int)n, path);
	if (!source)
		return fail_errno(err, ENOMEM, "NOTIFY_SOCKET");
	if (mkdirat(state_fd, NOTIFY_DIRECTORY, 0755) < 0)
		return fail_errno(err, errno, "make %s", source);
	config->mounts[config->n_mounts - 1].source = source;
	return 0;
}

int notify_listen(int state_fd, struct nacre_error *err)
{
	cleanup_close int fd = -1;

	if (unlinkat(state_fd, SOCKET, 0) < 0 && errno != ENOENT)
		return fail_errno(err, errno, "remove the old socket for notifications");
	fd = socket_bind(state_fd, SOCKET, SOCK_DGRAM | SOCK_NONBLOCK, 0600);
	if (fd < 0)
		return fail_errno(err, fd, "make the socket for notifications");
	/* The mode that bind(2) gives is cut by the caller's umask. */
	if (fchmodat(state_fd, SOCKET, 0666, 0) < 0)
		return fail_errno(err, errno, "open the socket for notifications to all");
	return fd_steal(&fd);
}

int notify_remove(int state_fd)
{
	if ((unlinkat(state_fd, SOCKET, 0) < 0 && errno != ENOENT) ||
		(unlinkat(state_fd, NOTIFY_DIRECTORY, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return -errno;
	return 0;
}
