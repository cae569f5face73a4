/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/companions/egress.h"
#include "specs/dns_message.h"

/* The resolver for the container's programs. It forwards no question, since a question could carry
 * data out, and answers each itself. */

enum {
	CALLERS_MAX = 32, /* TCP connections at a time */
	TURNS = 64, /* per event; then other sockets get their turn */
	TTL = 60, /* seconds; an address never changes */
	PREFIX = 2, /* length field before each message over TCP */
};

/* A TCP connection to the stub. */
struct caller {
	struct watch watch;
	int64_t deadline;
	uint8_t bytes[PREFIX + DNS_MESSAGE_MAX];
	size_t n;
};

struct stub {
	struct watch udp, tcp;
	struct caller callers[CALLERS_MAX];
};

static uint32_t find_address(struct relay *relay, const char *name)
{
	const uint32_t address = egress_names_address(&relay->setup.rules->policy, name);

	return address ? address : below_address(&relay->below, name);
}

/* Returns the reason of a denial. No rule can allow a question for anything but an address: apt,
 * for example, asks for _https._tcp.HOST, SRV, before HOST. */
static const char *reason_of(const struct dns_question *question)
{
	switch (question->type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
	case DNS_TYPE_ANY:
		return "name";
	default:
		return "no-address";
	}
}

/* Returns whether NAME is a name that rules allow plus a search domain, which the C library
 * appends: with the ndots of Kubernetes it asks for such names before the name itself. */
static bool is_try(const struct relay *relay, const char *name)
{
	const char *domains = relay->setup.search;
	char shorter[DNS_NAME_MAX + 1];
	bool allowed = false;
	size_t n;

	while (!allowed && (n = resolv_conf_shorten(&domains, name)) > 0) {
		(void)snprintf(shorter, sizeof(shorter), "%.*s", (int)n, name);
		allowed = rules_allow(relay->setup.rules, shorter);
	}
	return allowed;
}

/* Returns the length of the answer; 0: BYTES gets no answer. */
static size_t answer(
	struct relay *relay, const uint8_t *bytes, size_t n, uint8_t ret_bytes[DNS_MESSAGE_MAX])
{
	struct dns_question question;
	uint32_t address = 0;
	int code = dns_question_read(bytes, n, &question);

	if (code < 0)
		return 0;
	if (code == DNS_OK && !rules_allow(relay->setup.rules, question.name)) {
		if (!is_try(relay, question.name))
			relay_deny(relay, question.name, 0, reason_of(&question));
		code = DNS_NO_NAME;
	} else if (code == DNS_OK &&
		   (question.type == DNS_TYPE_A || question.type == DNS_TYPE_ANY)) {
		address = find_address(relay, question.name);
		if (!address) {
			relay_deny(relay, question.name, 0, "too-many-names");
			code = DNS_SERVER_FAILURE;
		}
	}
	return dns_answer_write(&question, (enum dns_code)code, address, TTL, ret_bytes);
}

/* --- UDP --- */

union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* Sends the answer from the address that was asked, one of many of lo: a program with a connected
 * socket accepts no other. */
static void answer_from(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	if (header && header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *info = (struct in_pktinfo *)(void *)CMSG_DATA(header);

		*info = (struct in_pktinfo){.ipi_spec_dst = info->ipi_addr};
	}
}

static void udp_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	uint8_t bytes[DNS_MESSAGE_MAX + 1], reply[DNS_MESSAGE_MAX];

	(void)events;
	for (int i = 0; i < TURNS; i++) {
		struct sockaddr_in peer;
		union control control;
		struct iovec part = {bytes, sizeof(bytes)};
		struct msghdr message = {
			.msg_name = &peer,
			.msg_namelen = sizeof(peer),
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		const ssize_t n = recvmsg(watch->fd, &message, MSG_DONTWAIT);

		if (n < 0)
			break;
		part = (struct iovec){reply, answer(relay, bytes, (size_t)n, reply)};
		answer_from(&message);
		if (part.iov_len > 0)
			(void)sendmsg(watch->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* --- TCP --- */

static void hang_up(struct caller *caller)
{
	(void)close(caller->watch.fd);
	caller->watch = (struct watch){.fd = -1};
}

/* Sends without waiting: an answer fits into the socket's buffer, unless the caller does not
 * read. */
static bool reply_to(struct relay *relay, struct caller *caller, size_t length)
{
	uint8_t reply[PREFIX + DNS_MESSAGE_MAX];
	const size_t n = answer(relay, caller->bytes + PREFIX, length, reply + PREFIX);

	if (n == 0)
		return false;
	reply[0] = (uint8_t)(n >> 8);
	reply[1] = (uint8_t)n;
	return send(caller->watch.fd, reply, PREFIX + n, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)(PREFIX + n);
}

/* Returns false if the connection must be closed. */
static bool serve(struct relay *relay, struct caller *caller)
{
	const ssize_t n = recv(caller->watch.fd, caller->bytes + caller->n,
		sizeof(caller->bytes) - caller->n, MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	caller->n += (size_t)n;
	while (caller->n >= PREFIX) {
		const size_t length = (size_t)caller->bytes[0] << 8 | caller->bytes[1];

		if (length > DNS_MESSAGE_MAX)
			return false;
		if (caller->n < PREFIX + length)
			break;
		if (!reply_to(relay, caller, length))
			return false;
		caller->n -= PREFIX + length;
		memmove(caller->bytes, caller->bytes + PREFIX + length, caller->n);
		caller->deadline = relay->now + RELAY_FIRST_BYTES;
	}
	return true;
}

static void caller_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	struct caller *caller = watch->data;

	(void)events;
	if (!serve(relay, caller))
		hang_up(caller);
}

/* Returns a free place, or takes the one with the earliest deadline. */
static struct caller *find_place(struct stub *stub)
{
	struct caller *place = &stub->callers[0];

	for (size_t i = 0; i < CALLERS_MAX; i++) {
		if (stub->callers[i].watch.fd < 0)
			return &stub->callers[i];
		if (stub->callers[i].deadline < place->deadline)
			place = &stub->callers[i];
	}
	hang_up(place);
	return place;
}

static void tcp_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	struct caller *caller;
	const int fd = relay_accept(relay, watch);

	(void)events;
	if (fd < 0)
		return;
	caller = find_place(relay->stub);
	caller->watch = (struct watch){.fd = fd, .ready = caller_ready, .data = caller};
	caller->deadline = relay->now + RELAY_FIRST_BYTES;
	caller->n = 0;
	if (relay_watch(relay, &caller->watch, EPOLLIN) < 0)
		hang_up(caller);
}

size_t stub_tick(struct relay *relay)
{
	size_t n = 0;

	for (size_t i = 0; i < CALLERS_MAX; i++) {
		struct caller *caller = &relay->stub->callers[i];

		if (caller->watch.fd >= 0 && caller->deadline <= relay->now)
			hang_up(caller);
		n += caller->watch.fd >= 0;
	}
	return n;
}

void stub_listen(struct relay *relay)
{
	if (relay->stub->tcp.fd >= 0)
		(void)relay_watch(relay, &relay->stub->tcp, EPOLLIN);
}

int stub_start(struct relay *relay)
{
	struct stub *stub = calloc(1, sizeof(*stub));
	int r;

	if (!stub)
		return -ENOMEM;
	for (size_t i = 0; i < CALLERS_MAX; i++)
		stub->callers[i].watch.fd = -1;
	stub->tcp.fd = -1;
	relay->stub = stub;
	if (relay->setup.stub_udp < 0) /* no rule allows a name */
		return 0;
	stub->udp = (struct watch){.fd = relay->setup.stub_udp, .ready = udp_ready};
	stub->tcp = (struct watch){.fd = relay->setup.stub_tcp, .ready = tcp_ready};
	r = relay_watch(relay, &stub->udp, EPOLLIN);
	return r < 0 ? r : relay_watch(relay, &stub->tcp, EPOLLIN);
}
