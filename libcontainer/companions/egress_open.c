/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libcontainer/companions/egress_connection.h"

/* A connection that has both sides. */

enum {
	TURNS = 16, /* then others have theirs */
};

/* Returns how many bytes, 0 if there is nothing to do now, or -errno. */
static ssize_t send_judged(struct connection *connection)
{
	ssize_t n;

	if (connection->judged == 0)
		return 0;
	n = send(connection->server.fd, connection->buffer, connection->judged,
		MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	connection->judged -= (size_t)n;
	connection->have -= (size_t)n;
	memmove(connection->buffer, connection->buffer + n, connection->have);
	return n;
}

static ssize_t receive(struct connection *connection)
{
	ssize_t n;

	if (connection->up.ended || connection->have == RELAY_BUFFER)
		return 0;
	n = recv(connection->client.fd, connection->buffer + connection->have,
		RELAY_BUFFER - connection->have, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	connection->up.ended = n == 0;
	connection->have += (size_t)n;
	return n;
}

/* The requests of HTTP, each with its judgement. Returns as pump_run; -ECANCELED: it is gone. */
static int run_http(struct relay *relay, struct connection *connection)
{
	for (int i = 0; i < TURNS; i++) {
		ssize_t sent = send_judged(connection), came;

		if (sent < 0)
			return (int)sent;
		if (connection->judged > 0)
			return 0; /* the server has to take it first */
		came = receive(connection);
		if (came < 0)
			return (int)came;
		if (connection_judge_http(relay, connection) == JUDGED_REFUSED)
			return -ECANCELED;
		if (connection->judged > 0)
			continue;
		if (connection->up.ended && !connection->up.shut) {
			connection->up.shut = true;
			(void)shutdown(connection->server.fd, SHUT_WR);
		}
		if (came == 0)
			return 0;
	}
	return 1;
}

static int run_up(struct relay *relay, struct connection *connection)
{
	ssize_t n;

	if (connection->is_http)
		return run_http(relay, connection);
	if (connection->buffer) { /* what came before it was open */
		n = send_judged(connection);
		if (n < 0 || connection->judged > 0)
			return n < 0 ? (int)n : 0;
		free(connection->buffer);
		connection->buffer = NULL;
	}
	return pump_run(relay, &connection->up, connection->client.fd, connection->server.fd);
}

void connection_run(struct relay *relay, struct connection *connection)
{
	const int up = run_up(relay, connection);
	int down;

	if (up == -ECANCELED)
		return;
	down = up < 0 ? up
		      : pump_run(relay, &connection->down, connection->server.fd,
				connection->client.fd);
	if (down < 0)
		connection_end(relay, connection, false);
	else if (connection->up.shut && connection->down.shut)
		connection_end(relay, connection, true);
	else if (up > 0 || down > 0) /* it is ready again at once, behind the others */
		(void)relay_watch(relay, &connection->client, connection->client.events);
}
