/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/companions/egress_connection.h"
#include "specs/error.h"

/* Other rules: a datagram of one byte with fds. The first fd takes the answer, "ready" or an error
 * text. The second is a setup as on stdin, in which an fd is an index of this list. Then come
 * listeners. All of it happens between two events. As with the BPF programs of the cgroup, new
 * rules are added beside the old ones first, and only then replace them: the process that sends
 * them may be killed in between. */

enum {
	ANSWER,
	INPUT,
	FIRST_LISTENER,
	FDS_MAX = FIRST_LISTENER + RELAY_LISTENERS_MAX,
};

union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Fds that did not come are -1; the kernel closes those that do not fit. */
static bool receive(int sock, int ret_fds[FDS_MAX])
{
	char byte;
	struct iovec part = {&byte, 1};
	union control control;
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	const ssize_t n = recvmsg(sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message);

	for (size_t i = 0; i < FDS_MAX; i++)
		ret_fds[i] = -1;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return ret_fds[ANSWER] >= 0 && ret_fds[INPUT] >= 0;
}

static struct listener *find_listener(struct setup *setup, uint16_t port)
{
	for (size_t i = 0; i < setup->n_listeners; i++)
		if (setup->listeners[i].watch.fd >= 0 && setup->listeners[i].port == port)
			return &setup->listeners[i];
	return NULL;
}

/* Checks everything that NEXT needs before anything is changed. */
static int check_listeners(struct setup *setup, const struct setup *next, const int fds[FDS_MAX],
	struct nacre_error *err)
{
	bool taken[FDS_MAX] = {false};

	for (size_t i = 0; i < next->n_listeners; i++) {
		const int place = next->listeners[i].watch.fd;

		if (place < 0 ? !find_listener(setup, next->listeners[i].port)
			      : place < FIRST_LISTENER || place >= FDS_MAX || fds[place] < 0 ||
					taken[place])
			return fail(err, EPROTO, "nacre-egress has no listener for port %u",
				next->listeners[i].port);
		if (place >= 0)
			taken[place] = true;
	}
	return 0;
}

/* Closes listeners whose port has gone, or gets another socket. */
static void close_listeners(struct setup *setup, struct setup *next)
{
	for (size_t i = 0; i < setup->n_listeners; i++) {
		struct listener *listener = &setup->listeners[i];
		bool stays = false;

		for (size_t k = 0; k < next->n_listeners && !stays; k++)
			stays = next->listeners[k].port == listener->port &&
				next->listeners[k].watch.fd < 0;
		if (!stays)
			close_fd(&listener->watch.fd);
	}
}

static struct listener *find_place(struct setup *setup)
{
	for (size_t i = 0; i < setup->n_listeners; i++)
		if (setup->listeners[i].watch.fd < 0)
			return &setup->listeners[i];
	return setup->n_listeners < RELAY_LISTENERS_MAX ? &setup->listeners[setup->n_listeners++]
							: NULL;
}

static int open_listeners(
	struct relay *relay, const struct setup *next, int fds[FDS_MAX], struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; i < next->n_listeners && r == 0; i++) {
		const int place = next->listeners[i].watch.fd;
		struct listener *listener = place < 0 ? NULL : find_place(&relay->setup);

		if (place < 0)
			continue;
		if (!listener)
			return fail(err, E2BIG, "nacre-egress: the rules need too many listeners");
		*listener = (struct listener){.port = next->listeners[i].port,
			.watch = {.fd = fds[place], .ready = connection_accept, .data = listener}};
		fds[place] = -1;
		r = relay_watch(relay, &listener->watch, EPOLLIN);
		if (r < 0)
			close_fd(&listener->watch.fd);
	}
	return r < 0 ? fail_errno(err, r, "nacre-egress: epoll") : 0;
}

/* --- rules --- */

bool rules_allow(const struct rules *rules, const char *name)
{
	while (rules && egress_names_allow(&rules->policy, name))
		rules = rules->others;
	return !rules;
}

bool rules_allow_port(const struct rules *rules, const char *name, uint16_t port, bool unchecked)
{
	while (rules && egress_names_allow_port(&rules->policy, name, port, unchecked))
		rules = rules->others;
	return !rules;
}

bool rules_allow_answer(const struct rules *rules, const char *name, uint16_t port, bool unchecked,
	const struct egress_answer *answer)
{
	while (rules && egress_names_allow_answer(
				&rules->policy, rules->metadata, name, port, unchecked, answer))
		rules = rules->others;
	return !rules;
}

static bool is_allowed(const struct rules *rules, const struct connection *connection)
{
	return rules_allow_port(rules, connection->name, connection->port, connection->unchecked) &&
	       (connection->server.fd < 0 ||
		       rules_allow_answer(rules, connection->name, connection->port,
			       connection->unchecked, &connection->answers[connection->tried - 1]));
}

static void end_connections(struct relay *relay)
{
	struct connection *next;

	for (struct connection *connection = relay->connections; connection; connection = next) {
		next = connection->next;
		if (!is_allowed(relay->setup.rules, connection))
			connection_end(relay, connection, false);
	}
}

static void free_rules(struct rules *rules)
{
	while (rules) {
		struct rules *others = rules->others;

		arena_free(rules->arena);
		rules = others;
	}
}

/* Makes NEXT's rules the only ones. */
static int replace(
	struct relay *relay, struct setup *next, int fds[FDS_MAX], struct nacre_error *err)
{
	struct setup *setup = &relay->setup;
	struct rules *old = setup->rules;
	int r = check_listeners(setup, next, fds, err);

	if (r < 0) {
		free_rules(next->rules);
		return r;
	}
	close_listeners(setup, next);
	setup->rules = next->rules;
	end_connections(relay);
	free_rules(old);
	return open_listeners(relay, next, fds, err);
}

static int update(struct relay *relay, int fds[FDS_MAX], char *text, struct nacre_error *err)
{
	struct setup next;
	int r = setup_read_file(fds[INPUT], text, err);

	if (r == 0)
		r = setup_read_update(text, &next, err);
	if (r < 0)
		return r;
	if (!next.beside)
		return replace(relay, &next, fds, err);
	next.rules->others = relay->setup.rules;
	relay->setup.rules = next.rules;
	return 0;
}

void update_ready(struct relay *relay, struct watch *watch, uint32_t events)
{
	char *text = malloc(RELAY_INPUT_MAX + 1);
	struct nacre_error err = {.code = ENOMEM, .text = "nacre-egress: out of memory"};
	const char *answer = "ready";
	int fds[FDS_MAX];

	(void)events;
	if (receive(watch->fd, fds)) {
		if (!text || update(relay, fds, text, &err) < 0)
			answer = err.text;
		(void)!write(fds[ANSWER], answer, strlen(answer));
	}
	for (size_t i = 0; i < FDS_MAX; i++)
		close_fd(&fds[i]);
	free(text);
}
