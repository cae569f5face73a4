/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/close_aside.h"
#include "shim/logger.h"
#include "shim/typed_file.h"
#include "shim/unix_socket.h"

void stdio_clear(struct stdio *io)
{
	*io = (struct stdio){.found = {-1, -1, -1},
		.held = {-1, -1, -1},
		.given = {-1, -1, -1},
		.console_fd = -1,
		.master_fd = -1,
		.ready_fd = -1};
}

int stdio_init(
	struct stdio *io, bool terminal, const char *input, const char *output, const char *error)
{
	const char *const paths[] = {input, output, terminal ? "" : error};

	stdio_clear(io);
	io->terminal = terminal;
	for (int i = 0; i < 3; i++)
		io->paths[i] = strdup(paths[i]);
	if (io->paths[0] && io->paths[1] && io->paths[2])
		return 0;
	stdio_free(io);
	return -ENOMEM;
}

/* Accepts nothing but a FIFO: to open a device could act on it. */
static int find_fifo(struct stdio *io, int i, char text[static JOB_TEXT])
{
	const int r = io->found[i] = typed_file_find(io->paths[i], S_IFIFO);

	if (r >= 0)
		return 0;
	(void)snprintf(text, JOB_TEXT, "open %.900s: %s", io->paths[i],
		r == -ENXIO ? "it is not a FIFO" : strerror(-r));
	return -1;
}

/* Opens both ends of a FIFO, one of them for the process. No open blocks. Returns 1, 0 if nobody
 * reads it yet, or -errno. */
static int open_fifo(struct stdio *io, int i, bool anyway)
{
	int first = -1, r;

	/* Tests for a reader before the shim opens the FIFO, since the shim's O_RDWR counts as a
	 * reader. Stays open until then, or the reader would find the end of file. */
	if (i > 0 && !anyway) {
		first = typed_file_open(io->found[i], O_WRONLY | O_NONBLOCK);
		if (first < 0)
			return first == -ENXIO ? 0 : first;
	}
	r = io->held[i] = typed_file_open(io->found[i], O_RDWR | O_NONBLOCK);
	close_now(&first);
	if (r >= 0 && !io->terminal)
		r = io->given[i] = typed_file_open(io->found[i], i == 0 ? O_RDONLY : O_WRONLY);
	close_now(&io->found[i]);
	if (i == 0 && io->input_closed)
		close_now(&io->held[0]);
	return r < 0 ? r : 1;
}

int stdio_open_fifos(struct stdio *io, bool anyway, char text[static JOB_TEXT])
{
	int r = 1, all = 1;

	for (int i = 0; r >= 0 && i < 3; i++) {
		r = io->found[i] >= 0 ? open_fifo(io, i, anyway) : 1;
		all = all && r;
		if (r < 0)
			(void)snprintf(
				text, JOB_TEXT, "open %.900s: %s", io->paths[i], strerror(-r));
	}
	for (int i = 0; r < 0 && i < 3; i++)
		/* The command that undoes a creation must not wait for them. */
		close_now(&io->found[i]);
	return r < 0 ? -1 : all;
}

/* Binds through the bundle's fd: the path of a socket has at most 107 bytes, and a bundle's may be
 * longer. */
static int open_console(struct stdio *io, const char *bundle, char text[static JOB_TEXT])
{
	static unsigned count;
	char name[32], path[64];
	int directory, r;

	(void)snprintf(name, sizeof(name), "pty-%u", count++);
	if (asprintf(&io->console, "%s/%s", bundle, name) < 0)
		io->console = NULL;
	directory = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = !io->console || directory < 0 ? -errno : 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", directory, name);
	if (r == 0)
		r = io->console_fd = unix_socket_listen(path, 1);
	if (r < 0)
		(void)snprintf(
			text, JOB_TEXT, "open the console socket in %s: %s", bundle, strerror(-r));
	close_now(&directory);
	return r < 0 ? -1 : 0;
}

int stdio_open(struct stdio *io, const char *bundle, const char *id, const char *namespace,
	char text[static JOB_TEXT])
{
	for (int i = 0; i < 3; i++) {
		if (io->paths[i][0] == '/' && find_fifo(io, i, text) < 0)
			return -1;
	}
	if (logger_wants(io->paths[1]) || logger_wants(io->paths[2])) {
		/* Takes the URI of stdout for both, as containerd's own shim does. */
		int fds[3];

		if (logger_start(io->paths[1], id, namespace, &io->logger, fds, text) < 0)
			return -1;
		io->given[1] = fds[0];
		io->given[2] = fds[1];
		io->ready_fd = fds[2];
	}
	return io->terminal ? open_console(io, bundle, text) : 0;
}

/* Receives the master, which nacre sends before it ends. */
static int receive_master(struct stdio *io)
{
	char byte[256];
	struct iovec part = {.iov_base = byte, .iov_len = sizeof(byte)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	int peer = accept4(io->console_fd, NULL, NULL, SOCK_CLOEXEC);
	struct cmsghdr *head = NULL;

	if (peer >= 0 && recvmsg(peer, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) >= 0)
		head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&io->master_fd, CMSG_DATA(head), sizeof(int));
	close_now(&peer);
	return io->master_fd >= 0 ? 0 : -1;
}

static void drop_console(struct stdio *io)
{
	close_now(&io->console_fd);
	if (io->console)
		(void)unlink(io->console);
	free(io->console);
	io->console = NULL;
}

static int take_terminal(struct stdio *io, char text[static JOB_TEXT])
{
	int r = receive_master(io);

	if (r == 0 && io->held[0] >= 0) {
		r = pump_start(io->held[0], fcntl(io->master_fd, F_DUPFD_CLOEXEC, 3), &io->input);
		io->held[0] = -1;
	}
	if (r == 0 && (io->held[1] >= 0 || io->given[1] >= 0)) {
		int *to = io->held[1] >= 0 ? &io->held[1] : &io->given[1];

		r = pump_start(fcntl(io->master_fd, F_DUPFD_CLOEXEC, 3), *to, &io->output);
		*to = -1;
	}
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "nacre did not send the terminal");
	return r;
}

void stdio_given(struct stdio *io)
{
	for (int i = 0; i < 3 && !io->terminal; i++)
		close_now(&io->given[i]);
}

int stdio_begun(struct stdio *io, char text[static JOB_TEXT])
{
	const int r = io->terminal ? take_terminal(io, text) : 0;

	drop_console(io);
	close_now(&io->ready_fd);
	for (int i = 0; i < 3; i++)
		close_now(&io->given[i]);
	return r;
}

void stdio_close_input(struct stdio *io)
{
	io->input_closed = true;
	close_aside(&io->held[0], 1);
	pump_stop(io->input);
}

int stdio_resize(struct stdio *io, unsigned short rows, unsigned short columns)
{
	const struct winsize size = {.ws_row = rows, .ws_col = columns};

	if (io->master_fd < 0)
		return -ENOTTY;
	return ioctl(io->master_fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

void stdio_ended(struct stdio *io)
{
	for (int i = 0; i < 3; i++) {
		close_now(&io->found[i]);
		close_now(&io->given[i]);
	}
	/* What an exec has started, for instance, may still have them. */
	close_aside(io->held, 3);
	drop_console(io);
	close_now(&io->ready_fd);
	pump_stop(io->input);
	/* Only this pump keeps the master: it still copies the terminal's last output. */
	pump_finish(io->output);
	close_now(&io->master_fd);
}

bool stdio_has_output(const struct stdio *io)
{
	return io->logger || pump_has_output(io->output);
}

void stdio_free(struct stdio *io)
{
	stdio_ended(io);
	pump_stop(io->output);
	logger_leave(io->logger);
	for (int i = 0; i < 3; i++) {
		free(io->paths[i]);
		io->paths[i] = NULL;
	}
}
