/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/net/egress_listeners.h"
#include "libcontainer/net/egress_relay.h"
#include "libcontainer/net/egress_resolv.h"

/* Names in egress rules: the rows of both sides, in table order. */

/* Before the fork: INIT has the plan as well. */
int step_plan_egress_relay(struct life *l, struct nacre_error *err)
{
	struct egress_relay *relay;
	int r = egress_relay_plan(l->container.arena, l->container.config,
		&l->hardened_by->egress_resolvers, &l->egress_relay, err);

	if (r < 0)
		return r;
	relay = l->egress_relay;
	relay->resolv_fd = egress_resolv_make(
		l->container.state_fd, relay->resolv.text, &relay->resolv_cloned, err);
	return relay->resolv_fd < 0 ? relay->resolv_fd : 0;
}

int step_end_egress_relay(struct life *l, struct nacre_error *err)
{
	return l->container.state_fd < 0 ? 0 : egress_relay_end(l->container.state_fd, err);
}

int step_mount_egress_resolv(struct life *l, struct nacre_error *err)
{
	int r = egress_resolv_mount(
		l->rootfs_fd, l->egress_relay->resolv_fd, l->egress_relay->resolv_cloned, err);

	fd_close(&l->egress_relay->resolv_fd);
	return r;
}

static int open_listeners(void *data, struct nacre_error *err)
{
	struct egress_relay *relay = data;
	int r = egress_network_look(&relay->wired, err);

	if (r == 0)
		r = egress_route_add(err);
	for (size_t i = 0; r == 0 && i < relay->n_listeners; i++) {
		struct egress_listener *listener = &relay->listeners[i];

		listener->fd = egress_listener_open(listener->udp, &listener->listening, err);
		r = listener->fd < 0 ? listener->fd : 0;
	}
	return r;
}

/* The programs of the cgroup lead connections to the listeners from now on. */
static int open_ports(const struct life *l, struct nacre_error *err)
{
	const struct egress_relay *relay = l->egress_relay;
	int r = 0;

	for (size_t i = 0; r == 0 && i < relay->n_listeners; i++)
		r = egress_bpf_set_listener(l->container.cgroup.fd, relay->listeners[i].port,
			relay->listeners[i].udp, relay->listeners[i].listening, err);
	return r;
}

/* Before the program runs. RUNTIME makes the sockets: those of INIT would be under the container's
 * own rules, which the answers of a resolver are not allowed by. Docker's hooks have put interfaces
 * into a new network namespace by now, and its resolver into the resolv.conf that is bound: what
 * the network of the container does not lead to, its names do not. */
int step_start_egress_relay(struct life *l, struct nacre_error *err)
{
	struct egress_relay *relay = l->egress_relay;
	const int joined = namespaces_joined(&l->namespaces, "network");
	const int network = joined >= 0 ? joined : l->container.pidfd;
	struct egress_place place = {
		.state_fd = l->container.state_fd,
		.pidfd = l->container.pidfd,
		.cgroup_fd = l->container.cgroup.fd,
		.netns_fd = -1,
	};
	int r = namespaces_visit("network", network, open_listeners, relay, err);

	if (r == 0 && (joined >= 0 || relay->wired))
		place.netns_fd = network;
	if (r == 0)
		r = egress_resolv_read(l->container.config, place.netns_fd >= 0,
			&l->hardened_by->egress_resolvers, &relay->resolv, err);
	if (r == 0)
		r = egress_relay_start(relay, &place, err);
	return r < 0 ? r : open_ports(l, err);
}
