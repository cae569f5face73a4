/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/sync.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"

int sync_pair(int ret_fds[2], struct nacre_error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return fail_errno(err, errno, "socketpair between runtime and init");
	return 0;
}

/* Does not send the unused end of the text: a turn is 16 bytes. */
static size_t message_length(const struct sync_message *message)
{
	size_t text = strlen(message->text);

	return offsetof(struct sync_message, text) + (text ? text + 1 : 0);
}

static struct sync_message make_message(
	enum sync_kind kind, unsigned step, int32_t code, int32_t value, const char *text)
{
	struct sync_message message = {
		.version = SYNC_VERSION,
		.kind = (uint16_t)kind,
		.step = (uint16_t)step,
		.code = code,
		.value = value,
	};

	if (text)
		(void)snprintf(message.text, sizeof(message.text), "%s", text);
	return message;
}

static int write_once(int fd, const struct sync_message *message, size_t length)
{
	ssize_t sent;

	do
		sent = write(fd, message, length);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int sync_send(int sync, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text, int fd)
{
	const struct sync_message message = make_message(kind, step, code, value, text);

	if (fd >= 0)
		return fd_send(sync, &message, message_length(&message), &fd, 1);
	return write_once(sync, &message, message_length(&message));
}

/* The size is below PIPE_BUF, so one write(2) is one message. */
int sync_send_whole(
	int fifo, enum sync_kind kind, unsigned step, int32_t code, int32_t value, const char *text)
{
	const struct sync_message message = make_message(kind, step, code, value, text);

	return write_once(fifo, &message, sizeof(message));
}

static void tame(char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\n' && *text != '\t') || *text == 127)
			*text = '?';
}

static ssize_t receive_once(int sync, struct sync_message *message, int *fd)
{
	ssize_t length;

	if (fd)
		return fd_receive(sync, message, sizeof(*message), fd, 1);
	do
		length = read(sync, message, sizeof(*message));
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : length;
}

int sync_receive(int sync, struct sync_message *ret_message, int *ret_fd)
{
	struct sync_message message = {.kind = 0};
	int fd = -1;
	ssize_t length = receive_once(sync, &message, ret_fd ? &fd : NULL);

	/* The peer has ended without reading a turn. The kernel reports that first, and then
	 * delivers the peer's last message, which says why it ended. */
	if (length == -ECONNRESET)
		length = receive_once(sync, &message, ret_fd ? &fd : NULL);
	if (length <= 0)
		return (int)length;
	if ((size_t)length < offsetof(struct sync_message, text) ||
		message.version != SYNC_VERSION) {
		fd_close(&fd);
		return -EPROTO;
	}
	message.text[sizeof(message.text) - 1] = '\0';
	tame(message.text);
	*ret_message = message;
	if (ret_fd)
		*ret_fd = fd;
	return 1;
}
