/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "specs/error.h"

enum {
	MESSAGE_MAX = 4096,
	MESSAGES = 16, /* per look at the socket */
	BARRIER_MS = 30000, /* as long as runc waits */
	LAST_MS = 1000,
};

const char *notify_manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') && path[1] ? path : NULL;
}

static int connect_manager(struct nacre_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = notify_manager();
	size_t n = path ? strlen(path) : 0;
	int sock, r;

	if (n == 0 || n >= sizeof(address.sun_path))
		return fail(err, EINVAL, "NOTIFY_SOCKET: \"%s\" is no address of a socket",
			path ? path : "");
	memcpy(address.sun_path, path, n);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail_errno(err, errno, "NOTIFY_SOCKET: socket");
	/* The address length is part of an abstract name, and a path needs no NUL. */
	if (connect(sock, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0)
		return sock;
	r = fail_errno(err, errno, "NOTIFY_SOCKET: connect to %s", path);
	(void)close(sock);
	return r;
}

static int tell(int manager, pid_t pid, struct nacre_error *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "READY=1\nMAINPID=%ld\n", (long)pid);

	if (send(manager, text, (size_t)n, MSG_NOSIGNAL) < 0)
		return fail_errno(err, errno, "NOTIFY_SOCKET: send");
	return 0;
}

/* Waits until the manager has read all earlier messages: it then closes the pipe, see
 * sd_notify_barrier(3). Otherwise it could not tell the service of a sender that has ended
 * meanwhile. A manager that does not know barriers closes nothing, and the wait ends with a
 * timeout. */
static int barrier(int manager, struct nacre_error *err)
{
	static char text[] = "BARRIER=1";
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {text, sizeof(text) - 1};
	const struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct pollfd closed = {.events = 0};
	int ends[2];
	ssize_t n;
	int r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "NOTIFY_SOCKET: pipe");
	memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
	n = sendmsg(manager, &message, MSG_NOSIGNAL);
	if (n < 0)
		r = fail_errno(err, errno, "NOTIFY_SOCKET: send a barrier");
	(void)close(ends[1]);
	closed.fd = ends[0];
	if (n >= 0)
		(void)poll(&closed, 1, BARRIER_MS);
	(void)close(ends[0]);
	return r;
}

/* Returns whether a line of MESSAGE is "READY=1". */
static bool says_ready(char *message)
{
	char *at = NULL;

	for (char *line = strtok_r(message, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
		if (strcmp(line, "READY=1") == 0)
			return true;
	}
	return false;
}

/* Reads messages. The kernel closes file descriptors that come with them, since no room is given
 * for them. */
static bool is_ready(int sock)
{
	char message[MESSAGE_MAX + 1];

	for (int i = 0; i < MESSAGES; i++) {
		ssize_t n = recv(sock, message, MESSAGE_MAX, MSG_DONTWAIT);

		if (n < 0)
			return false;
		message[n] = '\0';
		if (says_ready(message))
			return true;
	}
	return false;
}

/* Reads messages until one says "ready", and writes a byte to COMMAND then. At the end of COMMAND
 * it looks for the last time. */
static _Noreturn void hear(int sock, int command)
{
	struct pollfd polls[] = {{.fd = sock, .events = POLLIN}, {.fd = command, .events = POLLIN}};
	char go;
	bool ready = false;

	if (read(command, &go, 1) != 1)
		_exit(1);
	do {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		ready = is_ready(sock);
	} while (!ready && !polls[1].revents);
	if (ready)
		(void)send(command, "", 1, MSG_NOSIGNAL);
	_exit(0);
}

/* Runs hear in a child, with nothing else open. It has the last copy of SOCK as soon as it gets a
 * byte. */
static int begin(int sock, const int ends[2])
{
	const pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)dup2(sock, STDIN_FILENO);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close_range(STDERR_FILENO, ~0U, 0);
		hear(STDIN_FILENO, STDOUT_FILENO);
	}
	return 0;
}

int notify_begin(int *notify, struct nacre_error *err)
{
	int ends[2], r;

	if (*notify < 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, errno, "NOTIFY_SOCKET: socketpair");
	r = begin(*notify, ends);
	(void)close(*notify);
	*notify = ends[0];
	(void)close(ends[1]);
	if (r == 0 && send(ends[0], "", 1, MSG_NOSIGNAL) != 1)
		r = -errno;
	return r < 0 ? fail_errno(err, r, "NOTIFY_SOCKET: start a process that reads messages") : 0;
}

int notify_relay(int notify, bool ended, pid_t pid, struct nacre_error *err)
{
	struct pollfd told = {.fd = notify, .events = POLLIN};
	char byte;
	int manager, r;

	if (ended) {
		(void)shutdown(notify, SHUT_WR);
		(void)poll(&told, 1, LAST_MS);
	}
	r = (int)recv(notify, &byte, 1, MSG_DONTWAIT);
	if (r == 0 && !ended)
		return fail(
			err, ECHILD, "NOTIFY_SOCKET: the process that reads messages was killed");
	if (r != 1)
		return 0;
	manager = connect_manager(err);
	if (manager < 0)
		return manager;
	r = tell(manager, pid, err);
	(void)close(manager);
	return r < 0 ? r : 1;
}

static int wait_until_ready(
	int notify, const struct nacre_process *process, struct nacre_error *err)
{
	struct pollfd polls[] = {
		{.fd = notify, .events = POLLIN},
		{.fd = nacre_process_pidfd(process), .events = POLLIN},
	};
	int manager, r;

	do {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return fail_errno(err, errno, "wait until the program is ready");
		/* Counts also what the program sent before its end. */
		r = notify_relay(notify, polls[1].revents, nacre_process_pid(process), err);
	} while (r == 0 && !polls[1].revents);
	if (r <= 0)
		return r;
	manager = connect_manager(err);
	if (manager < 0)
		return manager;
	r = barrier(manager, err);
	(void)close(manager);
	return r;
}

int notify_wait(struct nacre_process *process, struct nacre_error *err)
{
	int notify = nacre_process_take_notify(process);
	int r;

	if (notify < 0)
		return 0;
	r = notify_begin(&notify, err);
	if (r == 0)
		r = wait_until_ready(notify, process, err);
	(void)close(notify);
	return r;
}
