/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/notify.h"

/* RUNTIME's rows that report to the caller: the pid, a pidfd, and sd_notify(3) messages. */

int step_make_notify_socket(struct life *l, struct nacre_error *err)
{
	int r;

	r = notify_make(l->container.arena, l->container.state_fd, l->container.config, err);
	if (r < 0)
		return r;
	l->guard.own = l->container.config->mounts[l->container.config->n_mounts - 1].source;
	l->notify_socket = notify_listen(l->container.state_fd, err);
	return l->notify_socket < 0 ? l->notify_socket : 0;
}

int step_send_pidfd(struct life *l, struct nacre_error *err)
{
	static const char name[] = "pidfd";
	const char *path = l->options->pidfd_socket;
	cleanup_close int sock = socket_connect(AT_FDCWD, path, SOCK_STREAM);
	int r;

	if (sock < 0)
		return fail_errno(err, sock, "connect to %s", path);
	r = fd_send(sock, name, strlen(name), &l->container.pidfd, 1);
	return r < 0 ? fail_errno(err, r, "send to %s", path) : 0;
}

int step_write_pid_file(struct life *l, struct nacre_error *err)
{
	char *path = strdup(l->options->pid_file);
	cleanup_free char *for_directory = path ? strdup(path) : NULL;
	cleanup_free char *for_name = path;
	cleanup_close int dir = -1;
	char text[16];
	int length;

	if (!for_directory)
		return fail_errno(err, ENOMEM, "%s", l->options->pid_file);
	dir = open(dirname(for_directory), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail_errno(err, errno, "directory of %s", l->options->pid_file);
	/* No newline: go-runc parses the whole file as a number. */
	length = snprintf(text, sizeof(text), "%d", l->container.pid);
	return file_replace(dir, basename(for_name), text, (size_t)length, 0644, err);
}
