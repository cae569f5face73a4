/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "libcontainer/companions/egress_connection.h"

/* Connections with both sides open. */

enum {
	TURNS = 16, /* per event; then other connections get their turn */
};

/* Returns the number of bytes sent, 0 if it would block or there is nothing to send, or -errno. */
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

/* Copies HTTP requests and judges each. Returns as pump_run does; -ECANCELED: the connection was
 * ended. */
static int run_http(struct relay *relay, struct connection *connection)
{
	for (int i = 0; i < TURNS; i++) {
		ssize_t sent = send_judged(connection), came;

		if (sent < 0)
			return (int)sent;
		if (connection->judged > 0)
			return 0; /* the server has to take them first */
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
	if (connection->buffer) { /* bytes that came before the server was connected */
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
	else if (up > 0 || down > 0) /* reports it again at once, behind other events */
		(void)relay_watch(relay, &connection->client, connection->client.events);
}
