/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/egress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "specs/error.h"

/*
 * Theory of operation
 *
 * nacre starts the relay before the program of the container runs, outside of all of the
 * container's namespaces, except for a network namespace that somebody else made. Its listening
 * sockets were made inside. The relay reads its setup (egress_setup.c), opens what it needs,
 * confines itself, and writes "ready", or an error, to stdout. From then on it has only its
 * sockets. One of them receives other rules (egress_update.c).
 *
 * It has one thread and one epoll(7), and takes one event at a time, so that no event can refer to
 * an object that an earlier event has freed.
 *
 * It ends with the container. If it ends earlier, its listeners are closed: connections to names
 * then fail with ECONNREFUSED.
 */

int relay_watch(struct relay *relay, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	const int operation = watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(relay->epoll, operation, watch->fd, &event) < 0)
		return -errno;
	watch->events = events;
	return 0;
}

int relay_accept(struct relay *relay, struct watch *watch)
{
	const int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	/* The connection stays in the queue, so a level-triggered epoll(7) would report it again
	 * and again. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) &&
		relay_watch(relay, watch, EPOLLET) == 0)
		relay->full = true;
	return fd;
}

static void listen_again(struct relay *relay)
{
	struct setup *setup = &relay->setup;

	relay->full = false;
	for (size_t i = 0; i < setup->n_listeners; i++)
		if (setup->listeners[i].watch.fd >= 0)
			(void)relay_watch(relay, &setup->listeners[i].watch, EPOLLIN);
	stub_listen(relay);
}

/* --- denials --- */

static struct relay_denial *find_denial(
	struct relay *relay, const char *name, uint16_t port, const char *reason)
{
	struct relay_denial *denial = relay->denials;

	for (size_t i = 0; i < relay->n_denials; i++, denial++)
		if (denial->port == port && !strcmp(denial->reason, reason) &&
			!strcmp(denial->name, name))
			return denial;
	if (relay->n_denials == RELAY_DENIALS_MAX)
		return denial - 1;
	relay->n_denials++;
	*denial = (struct relay_denial){.port = port};
	(void)snprintf(denial->reason, sizeof(denial->reason), "%s", reason);
	(void)snprintf(denial->name, sizeof(denial->name), "%s", name);
	if (relay->n_denials == RELAY_DENIALS_MAX)
		*denial = (struct relay_denial){.reason = "others", .name = "-"};
	return denial;
}

void relay_deny(struct relay *relay, const char *name, uint16_t port, const char *reason)
{
	struct relay_denial *denial = find_denial(relay, name && *name ? name : "-", port, reason);
	char line[RELAY_DENIAL_LINE];

	denial->count++;
	relay_denial_write(denial, line);
	/* If this write fails, the next one writes the new count as well. */
	(void)!pwrite(relay->setup.denials, line, sizeof(line),
		(denial - relay->denials) * RELAY_DENIAL_LINE);
}

/* --- the relay's life --- */

static void see_end(struct relay *relay, struct watch *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	relay->ended = true;
}

/* Reads the file, which is also what arms the next event. */
static void see_cgroup(struct relay *relay, struct watch *watch, uint32_t events)
{
	char text[256];
	ssize_t n;

	(void)events;
	n = pread(watch->fd, text, sizeof(text) - 1, 0);
	if (n >= 0)
		text[n] = '\0';
	if (n < 0 || strstr(text, "populated 0"))
		relay->ended = true;
}

static int64_t read_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * RELAY_SECOND + now.tv_nsec / 1000000;
}

static void serve(struct relay *relay)
{
	int64_t last_tick = read_clock();
	size_t callers = 0;

	while (!relay->ended) {
		const bool waits = relay->n_waiting > 0 || callers > 0 || relay->full;
		const size_t before = relay->n_connections;
		struct epoll_event event;
		const int n = epoll_wait(relay->epoll, &event, 1,
			upstream_timeout(relay, waits ? RELAY_SECOND : -1));

		relay->now = read_clock();
		if (n > 0) {
			struct watch *watch = event.data.ptr;

			watch->ready(relay, watch, event.events);
		}
		if (n < 0 && errno != EINTR)
			relay->ended = true;
		callers = stub_tick(relay);
		if (n == 0 || relay->now - last_tick >= RELAY_SECOND) { /* there may be no pause */
			last_tick = relay->now;
			upstream_tick(relay);
			connection_tick(relay);
			listen_again(relay);
		} else if (relay->full && relay->n_connections < before) {
			listen_again(relay);
		}
	}
}

static int watch_all(struct relay *relay)
{
	static struct watch end, cgroup, control;
	struct setup *setup = &relay->setup;
	int r;

	end = (struct watch){.fd = setup->end, .ready = see_end};
	cgroup = (struct watch){.fd = setup->events, .ready = see_cgroup};
	control = (struct watch){.fd = setup->control, .ready = update_ready};
	r = relay_watch(relay, &end, EPOLLIN);
	if (r == 0 && setup->control >= 0)
		r = relay_watch(relay, &control, EPOLLIN);
	if (r == 0 && setup->events >= 0) {
		r = relay_watch(relay, &cgroup, EPOLLPRI);
		see_cgroup(relay, &cgroup, 0);
	}
	for (size_t i = 0; r == 0 && i < setup->n_listeners; i++) {
		struct listener *listener = &setup->listeners[i];

		listener->watch.ready = connection_accept;
		listener->watch.data = listener;
		r = relay_watch(relay, &listener->watch, EPOLLIN);
	}
	return r < 0 ? r : stub_start(relay);
}

/* Locks the file until the relay ends: the lock's owner is how nacre finds the relay. */
static int hold(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(fd, F_SETLK, &lock) < 0 ? -errno : 0;
}

static int prepare(struct relay *relay, struct nacre_error *err)
{
	int r = upstream_start(relay, err);

	if (r < 0)
		return r;
	relay->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = relay->epoll < 0 ? -errno : watch_all(relay);
	if (r < 0)
		return fail_errno(err, r, "nacre-egress: epoll");
	r = hold(relay->setup.denials);
	if (r < 0)
		return fail_errno(err, r, "nacre-egress: lock \"" RELAY_DENIALS_FILE "\"");
	return relay_confine(relay, err);
}

int main(void)
{
	static char text[RELAY_INPUT_MAX + 1];
	static struct relay relay;
	struct nacre_error err;
	int r = setup_read_file(STDIN_FILENO, text, &err);

	(void)signal(SIGPIPE, SIG_IGN); /* splice(2) has no MSG_NOSIGNAL */
	if (r == 0)
		r = setup_read(text, &relay.setup, &err);
	relay.now = read_clock();
	if (r == 0)
		r = prepare(&relay, &err);
	if (r < 0)
		(void)dprintf(STDOUT_FILENO, "%s", err.text);
	if (r < 0 || write(STDOUT_FILENO, "ready", 5) != 5)
		return 1;
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	serve(&relay);
	return 0;
}
