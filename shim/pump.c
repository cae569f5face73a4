/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "shim/loop.h"

#define RETRY_MS 50

struct pump {
	struct source from;
	struct source to;
	struct pump **handle;
	struct timer retry; /* set: nobody has the terminal open, and no fd is watched */
	bool finishing, drops;
	size_t begin, end; /* bounds of the buffered bytes */
	char buffer[4096];
};

void pump_stop(struct pump *pump)
{
	if (!pump)
		return;
	loop_unset(&pump->retry);
	loop_forget(&pump->from);
	loop_forget(&pump->to);
	(void)close(pump->from.fd);
	(void)close(pump->to.fd);
	*pump->handle = NULL;
	free(pump);
}

/* Handles a read or a write that moved nothing. */
static void pause_or_stop(struct pump *pump, ssize_t n)
{
	if (n == 0 || errno != EIO || pump->finishing) {
		pump_stop(pump);
		return;
	}
	/* A master whose slave nobody has open is always ready. */
	loop_forget(&pump->from);
	loop_forget(&pump->to);
	loop_set(&pump->retry, RETRY_MS);
}

static bool has_failed(ssize_t n)
{
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* Drops the bytes once the logger has ended, so that the program is not blocked. */
static ssize_t write_or_drop(struct pump *pump)
{
	const size_t left = pump->end - pump->begin;
	const ssize_t n = pump->drops ? (ssize_t)left
				      : write(pump->to.fd, pump->buffer + pump->begin, left);

	pump->drops = pump->drops || (n < 0 && errno == EPIPE);
	return pump->drops ? (ssize_t)left : n;
}

/* Copies until one of the two fds would block. The limit gives other sources their turn. */
static void copy(struct pump *pump)
{
	for (int turn = 0; turn < 16; turn++) {
		ssize_t n;

		if (pump->begin == pump->end) {
			pump->begin = pump->end = 0;
			n = read(pump->from.fd, pump->buffer, sizeof(pump->buffer));
			if (has_failed(n)) {
				pause_or_stop(pump, n);
				return;
			}
			if (n < 0)
				break;
			pump->end = (size_t)n;
		}
		n = write_or_drop(pump);
		if (has_failed(n)) {
			pause_or_stop(pump, n);
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

static void retry_due(struct timer *timer)
{
	copy((void *)((char *)timer - offsetof(struct pump, retry)));
}

void pump_finish(struct pump *pump)
{
	if (!pump)
		return;
	pump->finishing = true;
	if (pump->retry.at) {
		loop_unset(&pump->retry);
		copy(pump);
	}
}

bool pump_has_output(const struct pump *pump)
{
	struct pollfd from = {.events = POLLIN};

	if (!pump)
		return false;
	from.fd = pump->from.fd;
	return pump->begin != pump->end || (poll(&from, 1, 0) > 0 && from.revents & POLLIN);
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
	pump->retry.due = retry_due;
	pump->handle = handle;
	*handle = pump;
	r = loop_watch(&pump->from, EPOLLIN);
	if (r < 0)
		pump_stop(pump);
	return r;
}
