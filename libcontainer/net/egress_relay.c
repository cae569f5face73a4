/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/net/egress_resolv.h"

enum {
	END_WAIT_MS = 1000,
	ANSWER_WAIT_MS = 10000,
};

static void add_listener(struct egress_relay *relay, const struct egress_socket *at)
{
	relay->listeners[relay->n_listeners++] = (struct egress_listener){*at, -1, 0};
}

/* Adds one listener per port: the filter at the cgroup redirects to it. */
static int plan_ports(struct egress_relay *relay, struct nacre_error *err)
{
	uint16_t ports[EGRESS_NAME_PORTS_MAX + 1];
	const size_t n = egress_names_ports(&relay->policy, ports);

	add_listener(relay, &(struct egress_socket){.port = EGRESS_RESOLVER_PORT, .udp = true});
	add_listener(relay, &(struct egress_socket){.port = EGRESS_RESOLVER_PORT});
	for (size_t i = 0; i < n; i++) {
		if (ports[i] == EGRESS_RESOLVER_PORT)
			return fail(err, EINVAL, EGRESS_RESOLVER_PORT_TAKEN);
		add_listener(relay, &(struct egress_socket){.port = ports[i]});
	}
	return 0;
}

static int plan_sockets(struct egress_relay *relay, struct nacre_error *err)
{
	struct egress_sockets sockets;
	int r = egress_sockets_plan(&relay->policy, &sockets, err);

	for (size_t i = 0; r == 0 && i < sockets.n; i++)
		add_listener(relay, &sockets.items[i]);
	return r;
}

static int plan(struct arena *arena, const struct oci_config *config, bool alone,
	struct egress_relay **ret_relay, struct nacre_error *err)
{
	struct egress_relay *relay = arena_alloc(arena, sizeof(*relay));
	int r;

	if (!relay)
		return arena_fail(arena, "egress rules", err);
	relay->resolv_fd = -1;
	relay->metadata = !config->nacre->no_metadata;
	relay->alone = alone;
	r = egress_policy_parse(arena, &config->nacre->egress, &relay->policy, err);
	if (r == 0)
		r = egress_names_assign(arena, &config->nacre->egress_names, &relay->policy, err);
	relay->names = r == 0 && egress_names_any(&relay->policy);
	if (r == 0)
		r = alone ? plan_sockets(relay, err) : plan_ports(relay, err);
	if (r == 0)
		*ret_relay = relay;
	return r;
}

int egress_relay_plan_update(struct arena *arena, const struct oci_config *config,
	struct egress_relay **ret_relay, struct nacre_error *err)
{
	return plan(arena, config, false, ret_relay, err);
}

int egress_relay_plan(struct arena *arena, const struct oci_config *config,
	const struct oci_strings *resolvers, bool alone, struct egress_relay **ret_relay,
	struct nacre_error *err)
{
	struct egress_relay *relay = NULL;
	int r = plan(arena, config, alone, &relay, err);

	if (r == 0 && relay->names)
		r = egress_resolv_read(config, true, resolvers, &relay->resolv, err);
	if (r == 0)
		*ret_relay = relay;
	return r;
}

void egress_relay_done(struct egress_relay *relay)
{
	for (size_t i = 0; relay && i < relay->n_listeners; i++)
		fd_close(&relay->listeners[i].fd);
	if (relay)
		fd_close(&relay->resolv_fd);
}

/* --- start --- */

/* See libcontainer/companions/egress_setup.c. */
static void write_rules(FILE *file, const struct egress_relay *relay, bool beside)
{
	(void)fputs("nacre-egress 2\n", file);
	if (beside)
		(void)fputs("beside\n", file);
	if (relay->metadata)
		(void)fputs("metadata\n", file);
	if (relay->policy.private_answers)
		(void)fputs("rule private\n", file);
	for (size_t i = 0; i < relay->policy.n_rules; i++)
		(void)fprintf(file, "rule %s\n", relay->policy.rules[i].text);
	for (size_t i = 0; i < relay->policy.names.n; i++)
		(void)fprintf(file, "name %s\n", relay->policy.names.items[i]);
}

/* The fds that the relay gets besides its listeners. */
struct starting {
	int denials, events, control; /* -1: none, except of DENIALS */
};

static int write_setup(const struct egress_relay *relay, const struct starting *with, int pidfd,
	char **ret_text, struct nacre_error *err)
{
	size_t length;
	FILE *file = open_memstream(ret_text, &length);

	if (!file)
		return fail_errno(err, errno, "nacre-egress");
	write_rules(file, relay, false);
	if (relay->alone)
		(void)fputs("alone\n", file);
	(void)fprintf(file, "denials %d\nend %d\n", with->denials, pidfd);
	if (with->control >= 0)
		(void)fprintf(file, "control %d\n", with->control);
	if (with->events >= 0)
		(void)fprintf(file, "events %d\n", with->events);
	for (size_t i = 0; i < relay->resolv.n_servers; i++)
		(void)fprintf(file, "resolver %s\n", relay->resolv.servers[i]);
	if (relay->resolv.search) {
		const char *domains = relay->resolv.text + relay->resolv.search;

		(void)fprintf(file, "search %.*s\n", (int)strcspn(domains, "\n"), domains);
	}
	if (relay->names)
		(void)fprintf(
			file, "udp %d\ntcp %d\n", relay->listeners[0].fd, relay->listeners[1].fd);
	for (size_t i = relay->names ? EGRESS_RELAY_OWN : 0; i < relay->n_listeners; i++)
		(void)fprintf(file, "listener %u %d\n", relay->listeners[i].at.port,
			relay->listeners[i].fd);
	if (fclose(file) != 0)
		return fail_errno(err, ENOMEM, "nacre-egress");
	return 0;
}

static int start(const struct egress_relay *relay, const struct egress_place *place,
	const struct starting *with, struct nacre_error *err)
{
	int fds[EGRESS_SOCKETS_MAX + 4];
	struct companion_detached detached = {.name = "nacre-egress",
		.fds = fds,
		.netns_fd = place->netns_fd,
		.cgroup_fd = place->own_cgroup_fd};
	cleanup_free char *input = NULL;
	int r = write_setup(relay, with, place->pidfd, &input, err);

	if (r < 0)
		return r;
	detached.input = input;
	for (size_t i = 0; i < relay->n_listeners; i++)
		fds[detached.n_fds++] = relay->listeners[i].fd;
	fds[detached.n_fds++] = with->denials;
	fds[detached.n_fds++] = place->pidfd;
	if (with->control >= 0)
		fds[detached.n_fds++] = with->control;
	if (with->events >= 0)
		fds[detached.n_fds++] = with->events;
	return companion_detach(&detached, err);
}

int egress_relay_start(
	const struct egress_relay *relay, const struct egress_place *place, struct nacre_error *err)
{
	cleanup_close int denials = openat(place->state_fd, RELAY_DENIALS_FILE,
		O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	cleanup_close int events = place->cgroup_fd < 0
					   ? -1
					   : openat(place->cgroup_fd, "cgroup.events",
						     O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int control = -1;

	if (denials < 0)
		return fail_errno(err, errno, "make \"" RELAY_DENIALS_FILE "\" of the state");
	if (place->cgroup_fd >= 0 && events < 0)
		return fail_errno(err, errno, "cgroup.events");
	/* A relay that is alone takes no other rules. */
	if (!relay->alone)
		control = socket_bind(place->state_fd, EGRESS_RELAY_SOCKET, SOCK_DGRAM, 0600);
	if (!relay->alone && control < 0)
		return fail_errno(err, control, "make \"" EGRESS_RELAY_SOCKET "\" of the state");
	return start(relay, place, &(struct starting){denials, events, control}, err);
}

/* --- other rules --- */

int egress_relay_connect(int state_fd, struct nacre_error *err)
{
	int sock = socket_connect(state_fd, EGRESS_RELAY_SOCKET, SOCK_DGRAM | SOCK_NONBLOCK);

	if (sock == -ENOENT)
		return fail(err, ENOTSUP,
			"the container's nacre-egress, which an older nacre started, takes no "
			"other "
			"rules: make it again");
	if (sock == -ECONNREFUSED)
		return fail(err, ECONNREFUSED,
			"the container's nacre-egress has ended, and with it all names: make it "
			"again, or give addresses");
	return sock < 0 ? fail_errno(err, sock, "connect to nacre-egress") : sock;
}

/* See libcontainer/companions/egress_update.c. RET_FDS: what is sent with it. The caller sets the
 * first, which takes the answer, and closes the second. Returns how many. */
static int write_update(const struct egress_relay *relay, bool beside,
	int ret_fds[EGRESS_NAME_PORTS_MAX + 2], struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);
	int n = 2;

	if (!file)
		return fail_errno(err, errno, "nacre-egress");
	write_rules(file, relay, beside);
	for (size_t i = EGRESS_RELAY_OWN; !beside && i < relay->n_listeners; i++) {
		const struct egress_listener *listener = &relay->listeners[i];

		if (listener->fd < 0) {
			(void)fprintf(file, "keep %u\n", listener->at.port);
			continue;
		}
		(void)fprintf(file, "listener %u %d\n", listener->at.port, n);
		ret_fds[n++] = listener->fd;
	}
	if (fclose(file) != 0)
		return fail_errno(err, ENOMEM, "nacre-egress");
	ret_fds[1] = file_in_memory("rules", text, length, err);
	return ret_fds[1] < 0 ? ret_fds[1] : n;
}

/* Reads "ready", or an error text. The end of the relay ends the pipe, too. */
static int await_answer(int fd, struct nacre_error *err)
{
	char text[sizeof(err->text)];
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	ssize_t n;
	int r;

	do
		r = poll(&answer, 1, ANSWER_WAIT_MS);
	while (r < 0 && errno == EINTR);
	if (r <= 0)
		return fail_errno(err, r < 0 ? errno : ETIMEDOUT, "wait for nacre-egress");
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return fail_errno(err, n < 0 ? errno : ECONNRESET, "answer of nacre-egress");
	text[n] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return strcmp(text, "ready") == 0 ? 0 : fail(err, ECANCELED, "%s", text);
}

int egress_relay_update(
	const struct egress_relay *relay, bool beside, int sock, struct nacre_error *err)
{
	cleanup_close int answer = -1, takes = -1, input = -1;
	int fds[EGRESS_NAME_PORTS_MAX + 2], ends[2], n, r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "nacre-egress");
	answer = ends[0];
	fds[0] = takes = ends[1];
	n = write_update(relay, beside, fds, err);
	if (n < 0)
		return n;
	input = fds[1];
	r = fd_send(sock, "u", 1, fds, (size_t)n);
	fd_close(&takes);
	return r < 0 ? fail_errno(err, r, "send the rules to nacre-egress")
		     : await_answer(answer, err);
}

/* --- end --- */

/* The process that holds the lock; 0: none. */
static pid_t find_holder(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

pid_t egress_relay_pid(int state_fd, struct nacre_error *err)
{
	cleanup_close int fd = openat(
		state_fd, RELAY_DENIALS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const pid_t pid = fd < 0 ? -errno : find_holder(fd);

	if (pid == -ENOENT)
		return 0;
	return pid < 0 ? fail_errno(err, pid, "find nacre-egress") : pid;
}

/* The relay of a container that ends exits by itself. */
int egress_relay_end(int state_fd, struct nacre_error *err)
{
	cleanup_close int fd = openat(
		state_fd, RELAY_DENIALS_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	const pid_t pid = fd < 0 ? 0 : find_holder(fd);
	cleanup_close int pidfd = pid > 0 ? sys_pidfd_open(pid) : -1;

	if (fd < 0 && errno != ENOENT)
		return fail_errno(err, errno, "open \"" RELAY_DENIALS_FILE "\" of the state");
	if (pid < 0)
		return fail_errno(err, pid, "find nacre-egress");
	/* If it still holds the lock now that its pidfd is open, the pidfd is that of the relay. */
	if (pid == 0 || pidfd == -ESRCH || (pidfd >= 0 && find_holder(fd) != pid))
		return 0;
	if (pidfd < 0)
		return fail_errno(err, pidfd, "open nacre-egress %d", (int)pid);
	return pidfd_end(pidfd, END_WAIT_MS, "nacre-egress", err);
}

int egress_relay_denied(
	int state_fd, struct relay_denial ret_denials[RELAY_DENIALS_MAX], struct nacre_error *err)
{
	cleanup_close int fd = openat(
		state_fd, RELAY_DENIALS_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char line[RELAY_DENIAL_LINE];
	int n = 0, r;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : fail_errno(err, errno,
						 "open \"" RELAY_DENIALS_FILE "\" of the state");
	while (n < RELAY_DENIALS_MAX) {
		r = file_read_at(fd, line, sizeof(line), (off_t)n * RELAY_DENIAL_LINE);
		if (r == 0)
			break;
		if (r < 0 || r != RELAY_DENIAL_LINE || !relay_denial_read(line, &ret_denials[n]))
			return fail_errno(err, r < 0 ? r : EBADMSG,
				"read line %d of \"" RELAY_DENIALS_FILE "\" of the state", n + 1);
		n++;
	}
	return n;
}
