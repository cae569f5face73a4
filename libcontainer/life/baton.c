/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/baton.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "specs/state.h"

int baton_pair(int ret_fds[2], struct nacre_error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return fail_errno(err, errno, "socketpair between runtime and init");
	return 0;
}

/* The text's unused end is not sent: a turn is 20 bytes. */
static size_t message_length(const struct baton_message *message)
{
	size_t text = strlen(message->text);

	return offsetof(struct baton_message, text) + (text ? text + 1 : 0);
}

int baton_send(int baton, enum baton_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text, int fd)
{
	struct baton_message message = {
		.version = RECORD_VERSION,
		.kind = (uint16_t)kind,
		.step = (uint16_t)step,
		.code = code,
		.value = value,
	};
	ssize_t sent;

	if (text)
		(void)snprintf(message.text, sizeof(message.text), "%s", text);
	if (fd >= 0)
		return fd_send(baton, &message, message_length(&message), &fd, 1);
	do
		sent = write(baton, &message, message_length(&message));
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static ssize_t receive_once(int baton, struct baton_message *message, int *fd)
{
	ssize_t length;

	if (fd)
		return fd_receive(baton, message, sizeof(*message), fd, 1);
	do
		length = read(baton, message, sizeof(*message));
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : length;
}

int baton_receive(int baton, struct baton_message *ret_message, int *ret_fd)
{
	struct baton_message message = {.kind = 0};
	int fd = -1;
	ssize_t length = receive_once(baton, &message, ret_fd ? &fd : NULL);

	/* The peer ended with a turn of ours unread: the kernel says so before it hands out what
	 * the peer wrote last, which is why it ended. */
	if (length == -ECONNRESET)
		length = receive_once(baton, &message, ret_fd ? &fd : NULL);
	if (length <= 0)
		return (int)length;
	if ((size_t)length < offsetof(struct baton_message, text) ||
		message.version != RECORD_VERSION) {
		close_fd(&fd);
		return -EPROTO;
	}
	message.text[sizeof(message.text) - 1] = '\0';
	*ret_message = message;
	if (ret_fd)
		*ret_fd = fd;
	return 1;
}
