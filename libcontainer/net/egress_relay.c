/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/net/egress_resolv.h"

enum {
	RESOLVER_PORT = 53,
	END_WAIT_MS = 1000,
};

static void add_listener(struct egress_relay *relay, uint16_t port, bool udp)
{
	relay->listeners[relay->n_listeners++] = (struct egress_listener){port, udp, -1, 0};
}

int egress_relay_plan(struct arena *arena, const struct oci_config *config,
	const struct oci_strings *resolvers, struct egress_relay **ret_relay,
	struct nacre_error *err)
{
	struct egress_relay *relay = arena_alloc(arena, sizeof(*relay));
	uint16_t ports[EGRESS_NAME_PORTS_MAX + 1];
	size_t n;
	int r;

	if (!relay)
		return arena_fail(arena, "egress rules", err);
	relay->resolv_fd = -1;
	relay->metadata = !config->nacre->no_metadata;
	r = egress_policy_parse(arena, &config->nacre->egress, &relay->policy, err);
	if (r == 0)
		r = egress_resolv_read(config, true, resolvers, &relay->resolv, err);
	if (r < 0)
		return r;
	add_listener(relay, RESOLVER_PORT, true);
	add_listener(relay, RESOLVER_PORT, false);
	n = egress_names_ports(&relay->policy, ports);
	for (size_t i = 0; i < n; i++) {
		if (ports[i] == RESOLVER_PORT)
			return fail(err, EINVAL,
				"egress rules: port %d of names is the resolver's inside; allow "
				"the "
				"address in place of the name",
				RESOLVER_PORT);
		add_listener(relay, ports[i], false);
	}
	*ret_relay = relay;
	return 0;
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
static int write_setup(const struct egress_relay *relay, int denials, int pidfd, int events,
	char **ret_text, struct nacre_error *err)
{
	size_t length;
	FILE *file = open_memstream(ret_text, &length);

	if (!file)
		return fail_errno(err, errno, "nacre-egress");
	(void)fprintf(file, "nacre-egress 1\ndenials %d\nend %d\n", denials, pidfd);
	if (events >= 0)
		(void)fprintf(file, "events %d\n", events);
	if (relay->metadata)
		(void)fputs("metadata\n", file);
	if (relay->policy.private_answers)
		(void)fputs("rule private\n", file);
	for (size_t i = 0; i < relay->policy.n_rules; i++)
		(void)fprintf(file, "rule %s\n", relay->policy.rules[i].text);
	for (size_t i = 0; i < relay->resolv.n_servers; i++)
		(void)fprintf(file, "resolver %s\n", relay->resolv.servers[i]);
	(void)fprintf(file, "udp %d\ntcp %d\n", relay->listeners[0].fd, relay->listeners[1].fd);
	for (size_t i = 2; i < relay->n_listeners; i++)
		(void)fprintf(
			file, "listener %u %d\n", relay->listeners[i].port, relay->listeners[i].fd);
	if (fclose(file) != 0)
		return fail_errno(err, ENOMEM, "nacre-egress");
	return 0;
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
	int fds[EGRESS_NAME_PORTS_MAX + 5];
	struct companion_detached detached = {
		.name = "nacre-egress", .fds = fds, .netns_fd = place->netns_fd};
	cleanup_free char *input = NULL;
	int r;

	if (denials < 0)
		return fail_errno(err, errno, "make \"" RELAY_DENIALS_FILE "\" of the state");
	if (place->cgroup_fd >= 0 && events < 0)
		return fail_errno(err, errno, "cgroup.events");
	r = write_setup(relay, denials, place->pidfd, events, &input, err);
	if (r < 0)
		return r;
	detached.input = input;
	for (size_t i = 0; i < relay->n_listeners; i++)
		fds[detached.n_fds++] = relay->listeners[i].fd;
	fds[detached.n_fds++] = denials;
	fds[detached.n_fds++] = place->pidfd;
	if (events >= 0)
		fds[detached.n_fds++] = events;
	return companion_detach(&detached, err);
}

/* --- end --- */

/* Who holds the lock; 0: nobody. */
static pid_t find_holder(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	if (fcntl(fd, F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

/* With the container's end it ends by itself. */
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
	/* One that holds the lock still, while its pidfd is open, is the one. */
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
