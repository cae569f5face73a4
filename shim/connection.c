/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/call.h"
#include "shim/log.h"
#include "shim/loop.h"
#include "shim/receive.h"
#include "shim/service.h"

/* Limits the connections, the unanswered calls of a connection, and the unsent bytes of a
 * connection. Above either of the last two the shim stops to read from the connection. */
#define MAX_CONNECTIONS 1024 /* one or two per container of a pod */
#define MAX_CALLS 16384
#define MAX_OUTPUT ((size_t)8 * 1024 * 1024)

#define ACCEPT_MS 100

struct connection {
	struct source source; /* the first member; fd -1: it has been closed */
	struct ttrpc_input input;
	uint8_t *output; /* not sent yet */
	size_t output_n;
	unsigned calls; /* unanswered calls, which refer to it */
};

struct call {
	struct connection *connection; /* NULL: it was answered because its time had passed */
	uint32_t stream;
	int64_t timeout_ms;
	struct timer deadline;
};

static struct source listener = {.fd = -1};
static struct timer accepting; /* while it is set, the listener is not watched */
static const char *listener_path;
static unsigned n_connections;
static unsigned n_unsent; /* connections with unsent output */

static void free_if_unused(struct connection *c)
{
	if (c->source.fd < 0 && c->calls == 0)
		free(c);
}

static void forget_output(struct connection *c)
{
	n_unsent -= c->output_n > 0;
	free(c->output);
	c->output = NULL;
	c->output_n = 0;
}

static void close_connection(struct connection *c)
{
	if (c->source.fd < 0)
		return;
	loop_forget(&c->source);
	(void)close(c->source.fd);
	c->source.fd = -1;
	ttrpc_input_free(&c->input);
	forget_output(c);
	if (--n_connections == 0)
		service_unused();
}

static void watch(struct connection *c)
{
	const bool read = c->calls < MAX_CALLS && c->output_n < MAX_OUTPUT;

	if (c->source.fd < 0)
		return;
	if (loop_watch(&c->source,
		    (read ? EPOLLIN : 0u) | (c->output_n > 0 ? EPOLLOUT : 0u) | EPOLLRDHUP) < 0)
		close_connection(c);
}

/* Sends as much of the output as the client takes now. */
static void send_output(struct connection *c)
{
	const ssize_t n = send(c->source.fd, c->output, c->output_n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_connection(c);
		return;
	}
	if (n <= 0)
		return;
	if ((size_t)n == c->output_n) {
		forget_output(c);
		return;
	}
	c->output_n -= (size_t)n;
	memmove(c->output, c->output + n, c->output_n);
}

static void add_output(struct connection *c, const uint8_t *frame, size_t n)
{
	uint8_t *output = realloc(c->output, c->output_n + n);

	if (!output) {
		close_connection(c); /* the client would wait for ever for the lost answer */
		return;
	}
	n_unsent += c->output_n == 0;
	memcpy(output + c->output_n, frame, n);
	c->output = output;
	c->output_n += n;
	send_output(c);
}

static void respond(struct call *call, const void *message, int code, const char *error)
{
	struct connection *c = call->connection;
	uint8_t *frame;
	size_t n;

	if (!c)
		return;
	loop_unset(&call->deadline);
	call->connection = NULL;
	c->calls--;
	if (c->source.fd >= 0) {
		int r = message_respond(call->stream, message, code, error, &frame, &n);

		if (r == -E2BIG)
			r = message_respond(call->stream, NULL, CALL_INTERNAL,
				"the response is longer than a ttrpc message can be", &frame, &n);
		if (r == 0) {
			add_output(c, frame, n);
			free(frame);
		} else {
			close_connection(c);
		}
	}
	watch(c);
	free_if_unused(c);
}

/* Answers a call whose time has passed: its client reads no later answer, and calls would pile
 * up. */
static void deadline_due(struct timer *timer)
{
	struct call *call = (void *)((char *)timer - offsetof(struct call, deadline));

	respond(call, NULL, CALL_DEADLINE,
		"the call took longer than its timeout: deadline exceeded");
}

void call_answer(struct call *call, const void *message)
{
	respond(call, message, 0, NULL);
	free(call);
}

void call_answer_empty(struct call *call)
{
	Wire__Empty empty = WIRE__EMPTY__INIT;

	call_answer(call, &empty);
}

void call_fail(struct call *call, enum call_code code, const char *format, ...)
{
	char text[1500];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	respond(call, NULL, code, text);
	free(call);
}

int64_t call_timeout(const struct call *call)
{
	return call->timeout_ms;
}

bool call_is_over(const struct call *call)
{
	return !call->connection || call->connection->source.fd < 0;
}

bool call_connected(void)
{
	return n_connections > 0;
}

bool call_pending(void)
{
	return n_unsent > 0;
}

/* Closes the connection if the frame is not a request; a request with a wrong message is answered
 * with an error. */
static void take_frame(struct connection *c, const struct ttrpc_head *head, const uint8_t *bytes)
{
	struct call *call = malloc(sizeof(*call));
	Wire__Request *request = NULL;

	if (head->type != TTRPC_REQUEST || !call) {
		free(call);
		close_connection(c);
		return;
	}
	*call = (struct call){.connection = c, .stream = head->stream};
	c->calls++;
	request = message_read(&wire__request__descriptor, bytes, head->length);
	if (!request) {
		call_fail(call, CALL_INVALID, "the request cannot be decoded");
		return;
	}
	if (request->timeout_nano > 0) {
		call->timeout_ms = request->timeout_nano / 1000000 + 1;
		call->deadline.due = deadline_due;
		loop_set(&call->deadline, call->timeout_ms);
	}
	service_call(call, request);
	message_free(request);
}

static void receive(struct connection *c)
{
	struct ttrpc_head head;
	const uint8_t *message;
	const int r = receive_frame(c->source.fd, &c->input, &head, &message);

	if (r < 0)
		close_connection(c);
	if (r <= 0)
		return;
	take_frame(c, &head, message);
	if (c->source.fd >= 0)
		ttrpc_input_next(&c->input);
}

static void connection_ready(struct source *source, uint32_t events)
{
	struct connection *c = (struct connection *)source;

	c->calls++; /* keeps it from being freed while it is used */
	if (events & EPOLLOUT)
		send_output(c);
	if (c->source.fd >= 0 && (events & EPOLLIN))
		receive(c);
	else if (c->source.fd >= 0 && (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)))
		close_connection(c);
	c->calls--;
	watch(c);
	free_if_unused(c);
}

static void accept_again(struct timer *timer)
{
	(void)timer;
	if (listener.fd >= 0 && loop_watch(&listener, EPOLLIN) < 0)
		loop_set(&accepting, ACCEPT_MS);
}

static void accept_connection(struct source *source, uint32_t events)
{
	const int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *c;

	(void)events;
	if (fd < 0) {
		/* Without a free fd or memory the listener stays ready: pauses instead of
		 * spinning. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			loop_forget(&listener);
			loop_set(&accepting, ACCEPT_MS);
		}
		return;
	}
	c = n_connections < MAX_CONNECTIONS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		log_warning("a connection is refused: %u are open already", n_connections);
		(void)close(fd);
		return;
	}
	n_connections++;
	c->source = (struct source){.fd = fd, .ready = connection_ready};
	watch(c);
	free_if_unused(c);
}

int call_serve(int listener_fd, const char *path)
{
	listener = (struct source){.fd = listener_fd, .ready = accept_connection};
	accepting.due = accept_again;
	listener_path = path;
	return loop_watch(&listener, EPOLLIN);
}

void call_stop_serving(void)
{
	if (listener.fd < 0)
		return;
	/* Unlinks the path first. A closed listener whose path still exists would be taken for a
	 * killed shim's, and this unlink would then remove the socket of its replacement. */
	(void)unlink(listener_path);
	loop_unset(&accepting);
	loop_forget(&listener);
	(void)close(listener.fd);
	listener.fd = -1;
}
