/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "shim/loop.h"

struct pump {
	struct source from; /* the first member */
	struct source to;
	struct pump **handle;
	size_t begin, end; /* of what waits in the buffer */
	char buffer[4096];
};

void pump_stop(struct pump *pump)
{
	if (!pump)
		return;
	loop_forget(&pump->from);
	loop_forget(&pump->to);
	(void)close(pump->from.fd);
	(void)close(pump->to.fd);
	*pump->handle = NULL;
	free(pump);
}

static bool is_over(ssize_t n)
{
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* Copies until one of the two has to be waited for. A limit leaves the loop to others. */
static void copy(struct pump *pump)
{
	for (int turn = 0; turn < 16; turn++) {
		ssize_t n;

		if (pump->begin == pump->end) {
			pump->begin = pump->end = 0;
			n = read(pump->from.fd, pump->buffer, sizeof(pump->buffer));
			if (is_over(n)) { /* EIO: nobody has the terminal open any more */
				pump_stop(pump);
				return;
			}
			if (n < 0)
				break;
			pump->end = (size_t)n;
		}
		n = write(pump->to.fd, pump->buffer + pump->begin, pump->end - pump->begin);
		if (is_over(n)) {
			pump_stop(pump);
			return;
		}
		if (n < 0)
			break;
		pump->begin += (size_t)n;
	}
	if (loop_watch(&pump->from, pump->begin == pump->end ? EPOLLIN : 0u) < 0 ||
		loop_watch(&pump->to, pump->begin == pump->end ? 0u : EPOLLOUT) < 0)
		pump_stop(pump);
}

static void from_ready(struct source *source, uint32_t events)
{
	(void)events;
	copy((struct pump *)source);
}

static void to_ready(struct source *source, uint32_t events)
{
	(void)events;
	copy((void *)((char *)source - offsetof(struct pump, to)));
}

int pump_start(int from_fd, int to_fd, struct pump **handle)
{
	struct pump *pump = calloc(1, sizeof(*pump));
	int r = 0;

	if (!pump || from_fd < 0 || to_fd < 0 || fcntl(from_fd, F_SETFL, O_NONBLOCK) < 0 ||
		fcntl(to_fd, F_SETFL, O_NONBLOCK) < 0)
		r = -ENOMEM;
	if (r < 0) {
		free(pump);
		if (from_fd >= 0)
			(void)close(from_fd);
		if (to_fd >= 0)
			(void)close(to_fd);
		return r;
	}
	pump->from = (struct source){.fd = from_fd, .ready = from_ready};
	pump->to = (struct source){.fd = to_fd, .ready = to_ready};
	pump->handle = handle;
	*handle = pump;
	r = loop_watch(&pump->from, EPOLLIN);
	if (r < 0)
		pump_stop(pump);
	return r;
}
