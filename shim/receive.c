/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/receive.h"

#include <errno.h>
#include <sys/socket.h>

int receive_frame(
	int fd, struct ttrpc_input *in, struct ttrpc_head *ret_head, const uint8_t **ret_message)
{
	uint8_t *at;
	size_t room;
	ssize_t n;
	const int r = ttrpc_input_room(in, &at, &room);

	if (r < 0)
		return r;
	n = recv(fd, at, room, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	return ttrpc_input_take(in, (size_t)n, ret_head, ret_message);
}
