/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/companions/egress_connection.h"

/* A connection until both sides are connected: accepts, judges, resolves, connects. */

#define ACCEPTS 16 /* per event; then other sockets get their turn */

enum {
	/* Edge-triggered: each change is reported once, so a handler goes on until it would
	 * block. */
	EVENTS = EPOLLIN | EPOLLOUT | EPOLLET,
};

static void reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
}

static void close_side(struct watch *watch, bool at_rest)
{
	if (watch->fd < 0)
		return;
	if (at_rest)
		(void)close(watch->fd);
	else
		reset(watch->fd);
}

void connection_end(struct relay *relay, struct connection *connection, bool at_rest)
{
	upstream_forget(connection->lookup);
	close_side(&connection->client, at_rest);
	close_side(&connection->server, at_rest);
	pump_close(relay, &connection->up);
	pump_close(relay, &connection->down);
	if (connection->before)
		connection->before->next = connection->next;
	else
		relay->connections = connection->next;
	if (connection->next)
		connection->next->before = connection->before;
	relay->n_connections--;
	relay->n_waiting -= connection->state != CONNECTION_OPEN;
	free(connection->buffer);
	free(connection);
}

void connection_refuse(
	struct relay *relay, struct connection *connection, const char *name, const char *reason)
{
	relay_deny(relay, name ? name : connection->name, connection->port, reason);
	connection_end(relay, connection, false);
}

/* --- the server's side --- */

static void set_options(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* Returns a socket with a connect(2) under way, or -errno. */
static int begin_connect(const struct egress_answer *answer, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int fd = socket(
		answer->v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	memcpy(&v4.sin_addr, answer->address, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, answer->address, sizeof(v6.sin6_addr));
	set_options(fd);
	r = answer->v6 ? connect(fd, (struct sockaddr *)&v6, sizeof(v6))
		       : connect(fd, (struct sockaddr *)&v4, sizeof(v4));
	if (r == 0 || errno == EINPROGRESS)
		return fd;
	r = -errno;
	(void)close(fd);
	return r;
}

static void server_ready(struct relay *relay, struct watch *watch, uint32_t events);

/* Judges the address that a name resolved to. A target given as an address was judged by
 * judge_target. */
static bool may_connect(struct relay *relay, const struct connection *connection,
	const struct egress_answer *answer)
{
	return (connection->is_address ||
		       rules_allow_answer(relay->setup.rules, connection->name, connection->port,
			       connection->unchecked, answer)) &&
	       upstream_is_remote(relay, answer);
}

/* Connects to the next allowed address; if there is none left, ends the connection. */
static void try_next(struct relay *relay, struct connection *connection)
{
	close_side(&connection->server, true);
	connection->server.fd = -1;
	while (connection->tried < connection->n_answers) {
		const struct egress_answer *answer = &connection->answers[connection->tried++];

		if (!may_connect(relay, connection, answer))
			continue;
		connection->reached = true;
		connection->server = (struct watch){
			.fd = begin_connect(answer, connection->port),
			.ready = server_ready,
			.data = connection,
		};
		if (connection->server.fd < 0)
			continue;
		connection->state = CONNECTION_CONNECTING;
		connection->deadline_of_one = relay->now + RELAY_CONNECT_ONE;
		if (relay_watch(relay, &connection->server, EVENTS) == 0)
			return;
		close_side(&connection->server, true);
	}
	connection->server.fd = -1;
	connection_refuse(relay, connection, NULL,
		connection->n_answers == 0 ? "unresolved"
		: connection->reached	   ? "unreachable"
		: connection->is_address   ? "own-host"
					   : "address");
}

void connection_resolved(struct relay *relay, struct connection *connection,
	const struct egress_answer *answers, size_t n)
{
	connection->lookup = NULL;
	connection->deadline = relay->now + RELAY_CONNECT;
	for (size_t i = 0; i < n; i++)
		connection->answers[i] = answers[i];
	connection->n_answers = n;
	try_next(relay, connection);
}

static void server_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	struct connection *connection = watch->data;
	socklen_t length = sizeof(int);
	int error = 0;

	if (connection->state == CONNECTION_CONNECTING) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error) {
			try_next(relay, connection);
			return;
		}
		connection->state = CONNECTION_OPEN;
		relay->n_waiting--;
	}
	connection_run(relay, connection);
}

/* --- the client's side --- */

/* Starts the lookup. The answer may come at once, and end the connection. */
static void resolve(struct relay *relay, struct connection *connection)
{
	struct lookup *lookup;

	connection->state = CONNECTION_RESOLVING;
	connection->deadline = relay->now + RELAY_RESOLVE;
	lookup = upstream_resolve(relay, connection, connection->name);
	if (lookup)
		connection->lookup = lookup;
}

static void read_first(struct relay *relay, struct connection *connection)
{
	while (connection->have < RELAY_BUFFER) {
		const ssize_t n = recv(connection->client.fd, connection->buffer + connection->have,
			RELAY_BUFFER - connection->have, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* the program has closed it, or it failed */
			connection_end(relay, connection, false);
			return;
		}
		connection->have += (size_t)n;
	}
	if (connection_judge_first(relay, connection) == JUDGED_OK)
		resolve(relay, connection);
}

static void client_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	struct connection *connection = watch->data;

	if (connection->state == CONNECTION_OPEN)
		connection_run(relay, connection);
	else if (events & (EPOLLERR | EPOLLHUP))
		connection_end(relay, connection, false);
	else if (connection->state == CONNECTION_READING)
		read_first(relay, connection);
}

/* The address that the program connected to, and the name that it stands for. */
struct target {
	const char *name; /* NULL: the address stands for no name */
	struct egress_answer address;
	char text[EGRESS_NETWORK_TEXT];
	uint16_t port;
};

static bool find_target(struct relay *relay, int fd, struct target *ret_target)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} own;
	socklen_t length = sizeof(own);
	struct egress_network network = {.prefix = 0};
	uint32_t address;

	if (getsockname(fd, &own.any, &length) < 0)
		return false;
	network.v6 = own.any.sa_family == AF_INET6;
	network.prefix = network.v6 ? 128 : 32;
	if (network.v6)
		memcpy(network.address, &own.v6.sin6_addr, 16);
	else
		memcpy(network.address, &own.v4.sin_addr, 4);
	(void)egress_network_text(&network, ret_target->text);
	ret_target->address.v6 = network.v6;
	memcpy(ret_target->address.address, network.address, 16);
	if (network.v6)
		return true;
	address = ntohl(own.v4.sin_addr.s_addr);
	ret_target->name = egress_names_at(&relay->setup.rules->policy, address);
	if (!ret_target->name)
		ret_target->name = below_at(relay->below, address);
	return true;
}

static struct connection *add(struct relay *relay, int fd, const struct target *target)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	const char *name = target->name ? target->name : target->text;

	if (!connection)
		return NULL;
	*connection = (struct connection){
		.next = relay->connections,
		.client = {.fd = fd, .ready = client_ready, .data = connection},
		.server = {.fd = -1},
		.is_address = !target->name,
		.port = target->port,
		.unchecked = !target->name ||
			     rules_allow_port(relay->setup.rules, target->name, target->port, true),
		.deadline = relay->now + RELAY_FIRST_BYTES,
		.up.pipe = {-1, -1},
		.down.pipe = {-1, -1},
	};
	memcpy(connection->name, name, strlen(name) + 1);
	if (connection->next)
		connection->next->before = connection;
	relay->connections = connection;
	relay->n_connections++;
	relay->n_waiting++;
	connection->buffer = connection->unchecked ? NULL : malloc(RELAY_BUFFER);
	return connection;
}

/* Returns the reason why it is refused at once; NULL: it is not. */
static const char *judge_target(const struct relay *relay, const struct target *target)
{
	static const char *const reasons[] = {
		[EGRESS_NO_RULE] = "no-rule",
		[EGRESS_NO_NAME] = "no-name",
		[EGRESS_IS_NOWHERE] = "nowhere",
		[EGRESS_IS_METADATA] = "metadata",
	};
	enum egress_judgement judgement = EGRESS_ALLOWED;

	if (!target->name && !relay->setup.alone)
		return reasons[EGRESS_NO_NAME];
	if (target->name &&
		!rules_allow_port(relay->setup.rules, target->name, target->port, false))
		return "port";
	for (const struct rules *rules = relay->setup.rules;
		!target->name && rules && judgement == EGRESS_ALLOWED; rules = rules->others)
		judgement = egress_address_judge(
			&rules->policy, rules->metadata, &target->address, target->port);
	if (judgement != EGRESS_ALLOWED)
		return reasons[judgement];
	return relay->n_connections >= relay->connections_max ? "too-many-connections" : NULL;
}

/* Starts an accepted connection. A name with a tcp: rule needs no first bytes; an address needs no
 * lookup. */
static void begin(struct relay *relay, struct connection *connection, const struct target *target)
{
	set_options(connection->client.fd);
	if ((!connection->unchecked && !connection->buffer) ||
		relay_watch(relay, &connection->client, EVENTS) < 0) {
		connection_end(relay, connection, false);
	} else if (connection->is_address) {
		connection_resolved(relay, connection, &target->address, 1);
	} else if (connection->unchecked) {
		resolve(relay, connection);
	}
}

static void take(struct relay *relay, int fd, uint16_t port)
{
	struct target target = {.port = port};
	struct connection *connection = NULL;
	const char *reason;

	if (!find_target(relay, fd, &target)) {
		reset(fd);
		return;
	}
	reason = judge_target(relay, &target);
	if (reason)
		relay_deny(relay, target.name ? target.name : target.text, port, reason);
	else
		connection = add(relay, fd, &target);
	if (connection)
		begin(relay, connection, &target);
	else
		reset(fd);
}

void connection_accept(struct relay *relay, struct watch *watch, uint32_t events)
{
	const struct listener *listener = watch->data;

	(void)events;
	for (int i = 0; i < ACCEPTS; i++) {
		const int fd = relay_accept(relay, watch);

		if (fd < 0)
			break;
		take(relay, fd, listener->port);
	}
}

/* The reason for a passed deadline, by state. */
static const char *const too_late[] = {
	[CONNECTION_READING] = "nothing-said",
	[CONNECTION_RESOLVING] = "unresolved",
	[CONNECTION_CONNECTING] = "unreachable",
};

void connection_tick(struct relay *relay)
{
	struct connection *next;

	for (struct connection *connection = relay->connections; connection; connection = next) {
		next = connection->next;
		if (connection->state == CONNECTION_OPEN)
			continue;
		if (connection->deadline <= relay->now)
			connection_refuse(relay, connection, NULL, too_late[connection->state]);
		else if (connection->state == CONNECTION_CONNECTING &&
			 connection->deadline_of_one <= relay->now)
			try_next(relay, connection);
	}
}
