/* SPDX-License-Identifier: Apache-2.0 */
#include <ares.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/companions/egress.h"
#include "specs/error.h"

/* Resolves names with c-ares(3) when a connection is made, and caches the answers for as long as
 * their TTL says. */

enum {
	SOCKETS_MAX = 64, /* of c-ares at a time */
	CACHE_MAX = 128,
	/* Limits unanswered lookups, of two questions each. A lookup outlives its connection;
	 * c-ares has 65,536 query ids in all, and searches for a free one without a limit. */
	LOOKUPS_MAX = RELAY_CONNECTIONS_MAX,
	TTL_MAX = 300, /* seconds; limits how long a changed address stays unnoticed */
	TIMEOUT = 3000, /* ms per question and try */
	TRIES = 3,
	REPLIES_MAX =
		1024, /* messages skipped before a reply; more than the socket's buffer holds */
};

struct cached {
	char name[EGRESS_NAME_MAX + 1];
	int64_t until;
	struct egress_answer answers[RELAY_ANSWERS_MAX];
	size_t n;
};

struct resolver {
	ares_channel channel;
	struct watch sockets[SOCKETS_MAX];
	struct cached cache[CACHE_MAX];
	size_t n_cached;
	size_t n_asked; /* lookups that are not answered */
};

struct lookup {
	struct relay *relay;
	struct connection *connection; /* NULL: see upstream_forget */
	bool starting; /* ares_getaddrinfo has not returned yet */
	bool done;
	char name[EGRESS_NAME_MAX + 1];
};

static void socket_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	const bool failed = events & (EPOLLERR | EPOLLHUP);

	ares_process_fd(relay->resolver->channel,
		failed || events & EPOLLIN ? watch->fd : ARES_SOCKET_BAD,
		failed || events & EPOLLOUT ? watch->fd : ARES_SOCKET_BAD);
}

/* Watches the sockets of c-ares for it. If there is no room for a socket, its question times
 * out. */
static void watch_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	struct relay *relay = data;
	struct watch *free_place = NULL, *watch = NULL;

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		struct watch *place = &relay->resolver->sockets[i];

		if (place->fd == fd)
			watch = place;
		else if (place->fd < 0)
			free_place = place;
	}
	if (!readable && !writable) { /* c-ares is about to close it, which removes it from epoll */
		if (watch)
			*watch = (struct watch){.fd = -1};
		return;
	}
	if (!watch && free_place) {
		watch = free_place;
		*watch = (struct watch){.fd = fd, .ready = socket_ready};
	}
	if (watch)
		(void)relay_watch(relay, watch,
			(readable ? (uint32_t)EPOLLIN : 0) | (writable ? (uint32_t)EPOLLOUT : 0));
}

int upstream_start(struct relay *relay, struct nacre_error *err)
{
	char lookups[] = "b"; /* DNS only, no hosts file */
	struct ares_options options = {
		/* Names are complete: no domain is appended. */
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = TIMEOUT,
		.tries = TRIES,
		.lookups = lookups,
		.sock_state_cb = watch_socket,
		.sock_state_cb_data = relay,
	};
	const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
			 ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB;
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int r;

	if (!resolver)
		return fail_errno(err, ENOMEM, "nacre-egress: start the resolver");
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		resolver->sockets[i].fd = -1;
	relay->resolver = resolver;
	r = ares_library_init(ARES_LIB_INIT_ALL);
	if (r == ARES_SUCCESS)
		r = ares_init_options(&resolver->channel, &options, mask);
	if (r == ARES_SUCCESS && *relay->setup.servers)
		r = ares_set_servers_ports_csv(resolver->channel, relay->setup.servers);
	if (r != ARES_SUCCESS)
		return fail(err, EINVAL, "nacre-egress: resolver %s: %s", relay->setup.servers,
			ares_strerror(r));
	relay->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	return relay->route < 0 ? fail_errno(err, errno, "nacre-egress: open rtnetlink") : 0;
}

int upstream_timeout(struct relay *relay, int most)
{
	struct timeval left, *found;

	if (!relay->resolver->n_asked)
		return most;
	found = ares_timeout(relay->resolver->channel, NULL, &left);
	if (found) {
		const int64_t milliseconds = (int64_t)found->tv_sec * 1000 + found->tv_usec / 1000 +
					     1;

		if (most < 0 || milliseconds < most)
			return (int)milliseconds;
	}
	return most;
}

void upstream_tick(struct relay *relay)
{
	if (relay->resolver->n_asked)
		ares_process_fd(relay->resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* --- the cache --- */

static struct cached *find_cached(struct relay *relay, const char *name)
{
	struct resolver *resolver = relay->resolver;

	for (size_t i = 0; i < resolver->n_cached; i++)
		if (resolver->cache[i].until > relay->now && !strcmp(resolver->cache[i].name, name))
			return &resolver->cache[i];
	return NULL;
}

/* Replaces the entry that expires first if the cache is full. */
static void keep(struct relay *relay, const char *name, const struct egress_answer *answers,
	size_t n, int64_t until)
{
	struct resolver *resolver = relay->resolver;
	struct cached *place = &resolver->cache[0];

	if (resolver->n_cached < CACHE_MAX)
		place = &resolver->cache[resolver->n_cached++];
	for (size_t i = 0; i < resolver->n_cached; i++)
		if (resolver->cache[i].until < place->until)
			place = &resolver->cache[i];
	memcpy(place->name, name, strlen(name) + 1);
	place->until = until;
	memcpy(place->answers, answers, n * sizeof(*answers));
	place->n = n;
}

/* --- lookups --- */

/* Refuses ::ffff:a.b.c.d: connect(2) treats it as a.b.c.d, but the routing tables of IPv6, which
 * are asked, do not know that address. */
static bool is_usable(const struct ares_addrinfo_node *node, int family)
{
	return node->ai_family == family &&
	       (family == AF_INET ||
		       !IN6_IS_ADDR_V4MAPPED(
			       &((struct sockaddr_in6 *)(void *)node->ai_addr)->sin6_addr));
}

/* Puts IPv4 first: a host without a route for IPv6 then loses no time. */
static size_t collect(
	const struct ares_addrinfo *found, struct egress_answer *ret_answers, int64_t *ret_ttl)
{
	size_t n = 0;

	*ret_ttl = TTL_MAX;
	for (int v6 = 0; v6 < 2; v6++) {
		const struct ares_addrinfo_node *node = found->nodes;

		for (; node && n < RELAY_ANSWERS_MAX; node = node->ai_next) {
			struct egress_answer *answer = &ret_answers[n];

			if (!is_usable(node, v6 ? AF_INET6 : AF_INET))
				continue;
			*answer = (struct egress_answer){.v6 = v6};
			if (v6)
				memcpy(answer->address,
					&((struct sockaddr_in6 *)(void *)node->ai_addr)->sin6_addr,
					16);
			else
				memcpy(answer->address,
					&((struct sockaddr_in *)(void *)node->ai_addr)->sin_addr,
					4);
			if (node->ai_ttl < *ret_ttl)
				*ret_ttl = node->ai_ttl;
			n++;
		}
	}
	return n;
}

static void take_answer(void *data, int status, int timeouts, struct ares_addrinfo *found)
{
	struct egress_answer answers[RELAY_ANSWERS_MAX];
	struct lookup *lookup = data;
	struct relay *relay = lookup->relay;
	struct connection *connection = lookup->connection;
	int64_t ttl = 0;
	size_t n = 0;

	(void)timeouts;
	relay->resolver->n_asked--;
	if (status == ARES_SUCCESS && found)
		n = collect(found, answers, &ttl);
	if (found)
		ares_freeaddrinfo(found);
	if (n > 0 && ttl > 0)
		keep(relay, lookup->name, answers, n, relay->now + ttl * RELAY_SECOND);
	lookup->done = true;
	if (!lookup->starting)
		free(lookup);
	if (connection)
		connection_resolved(relay, connection, answers, n);
}

struct lookup *upstream_resolve(
	struct relay *relay, struct connection *connection, const char *name)
{
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	const struct cached *cached = find_cached(relay, name);
	const bool asks = !cached && relay->resolver->n_asked < LOOKUPS_MAX;
	struct lookup *lookup = asks ? calloc(1, sizeof(*lookup)) : NULL;

	if (!lookup) {
		connection_resolved(
			relay, connection, cached ? cached->answers : NULL, cached ? cached->n : 0);
		return NULL;
	}
	*lookup = (struct lookup){relay, connection, true, false, ""};
	memcpy(lookup->name, name, strlen(name) + 1);
	relay->resolver->n_asked++;
	ares_getaddrinfo(relay->resolver->channel, name, NULL, &hints, take_answer, lookup);
	lookup->starting = false;
	if (!lookup->done)
		return lookup;
	free(lookup);
	return NULL;
}

void upstream_forget(struct lookup *lookup)
{
	if (lookup)
		lookup->connection = NULL;
}

/* --- routes --- */

struct route_request {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr attribute;
	uint8_t address[16];
};

union route_reply {
	struct nlmsghdr header;
	uint8_t bytes[4096];
};

/* Reads the kernel's answer to question NUMBER, which has already arrived. Other messages are
 * skipped: processes with CAP_NET_ADMIN in this network namespace may send here as well, and an
 * earlier answer may be left. Returns its length. */
static ssize_t read_reply(const struct relay *relay, uint32_t number, union route_reply *ret_reply)
{
	for (int i = 0; i < REPLIES_MAX; i++) {
		struct sockaddr_nl from = {.nl_pid = 0};
		socklen_t length = sizeof(from);
		const ssize_t n = recvfrom(relay->route, ret_reply, sizeof(*ret_reply), 0,
			(struct sockaddr *)&from, &length);

		if (n < 0)
			return -errno;
		if (length == sizeof(from) && from.nl_pid == 0 &&
			n >= (ssize_t)sizeof(ret_reply->header) &&
			ret_reply->header.nlmsg_seq == number)
			return n;
	}
	return -EIO;
}

/* Returns the route type of the address, RTN_*, or -errno. */
static int ask_route(struct relay *relay, const struct egress_answer *answer)
{
	const uint16_t size = answer->v6 ? 16 : 4;
	struct route_request request = {
		.header = {.nlmsg_len = (uint32_t)(offsetof(struct route_request, address) + size),
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = ++relay->n_routes},
		.route = {.rtm_family = answer->v6 ? AF_INET6 : AF_INET,
			.rtm_dst_len = (uint8_t)(8 * size)},
		.attribute = {.rta_len = (uint16_t)(sizeof(struct rtattr) + size),
			.rta_type = RTA_DST},
	};
	union route_reply reply;
	ssize_t n;

	memcpy(request.address, answer->address, size);
	/* The kernel answers before sendto(2) returns. */
	if (sendto(relay->route, &request, request.header.nlmsg_len, 0, NULL, 0) < 0)
		return -errno;
	n = read_reply(relay, request.header.nlmsg_seq, &reply);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)))
		return -EIO;
	if (reply.header.nlmsg_type == RTM_NEWROUTE)
		return ((struct rtmsg *)NLMSG_DATA(&reply.header))->rtm_type;
	return reply.header.nlmsg_type == NLMSG_ERROR
		       ? ((struct nlmsgerr *)NLMSG_DATA(&reply.header))->error
		       : -EIO;
}

/* Asks the routing tables, which know all addresses of the host itself: only RTN_UNICAST leaves it.
 * An IPv4 address inside an IPv6 address may come back to the host through NAT64 or a 6to4 relay,
 * so it is asked for as well. It need not be reachable in any other way. */
bool upstream_is_remote(struct relay *relay, const struct egress_answer *answer)
{
	const struct egress_answer inside = egress_answer_inner(answer);
	int r = ask_route(relay, answer);

	if (r != RTN_UNICAST || inside.v6 == answer->v6)
		return r == RTN_UNICAST;
	r = ask_route(relay, &inside);
	return r == RTN_UNICAST || r == -ENETUNREACH || r == -EHOSTUNREACH;
}
