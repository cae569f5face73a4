/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/companions/egress.h"

/* Copies from one socket to another inside the kernel: splice(2) through a pipe. */

enum {
	CHUNK = 65536, /* the size of a pipe */
	TURNS = 16, /* per event; then other connections get their turn */
};

static int take_pipe(struct relay *relay, struct pump *pump)
{
	int ends[2];

	if (relay->n_spare > 0) {
		pump->pipe = relay->spare[--relay->n_spare];
		return 0;
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pump->pipe = (struct pipe_pair){ends[1], ends[0]};
	return 0;
}

void pump_close(struct relay *relay, struct pump *pump)
{
	if (pump->pipe.in < 0)
		return;
	if (pump->inside == 0 && relay->n_spare < sizeof(relay->spare) / sizeof(relay->spare[0])) {
		relay->spare[relay->n_spare++] = pump->pipe;
	} else {
		(void)close(pump->pipe.in);
		(void)close(pump->pipe.out);
	}
	pump->pipe = (struct pipe_pair){-1, -1};
	pump->inside = 0;
}

/* Returns 1 if bytes were moved, 0 if it would block, or -errno. */
static int fill(struct pump *pump, int from)
{
	ssize_t n = splice(
		from, NULL, pump->pipe.in, NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	pump->ended = n == 0;
	pump->inside = (size_t)n;
	return n > 0;
}

static int drain(struct pump *pump, int to)
{
	ssize_t n = splice(
		pump->pipe.out, NULL, to, NULL, pump->inside, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	pump->inside -= (size_t)n;
	return n > 0;
}

int pump_run(struct relay *relay, struct pump *pump, int from, int to)
{
	int r = 1;

	for (int i = 0; r > 0 && i < TURNS; i++) {
		if (pump->inside == 0 && !pump->ended) {
			r = pump->pipe.in < 0 ? take_pipe(relay, pump) : 0;
			r = r < 0 ? r : fill(pump, from);
		}
		if (r >= 0 && pump->inside > 0)
			r = drain(pump, to);
		if (pump->ended && pump->inside == 0)
			r = r < 0 ? r : 0;
	}
	if (pump->inside == 0)
		pump_close(relay, pump);
	if (r >= 0 && pump->ended && pump->inside == 0 && !pump->shut) {
		pump->shut = true;
		/* Ignores a failure: if the other side is gone, a read from it reports that. */
		(void)shutdown(to, SHUT_WR);
	}
	return r;
}
