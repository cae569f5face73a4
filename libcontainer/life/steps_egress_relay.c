/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/cgroup_limits.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/net/egress_listeners.h"
#include "libcontainer/net/egress_relay.h"
#include "libcontainer/net/egress_resolv.h"
#include "libcontainer/net/egress_routes.h"
#include "libcontainer/systemd/systemd.h"

/* The rows about the relay of egress rules, of both sides, in table order. */

/* Runs before the fork, since INIT needs the plan too. */
int step_plan_egress_relay(struct life *l, struct nacre_error *err)
{
	struct egress_relay *relay;
	int r = egress_relay_plan(l->container.arena, l->container.config,
		&l->hardened_by->egress_resolvers, l->container.record.active & EGRESS_BY_RELAY,
		&l->egress_relay, err);

	if (r < 0 || !l->egress_relay->names)
		return r;
	relay = l->egress_relay;
	relay->resolv_fd = egress_resolv_make(
		l->container.state_fd, relay->resolv.text, &relay->resolv_cloned, err);
	return relay->resolv_fd < 0 ? relay->resolv_fd : 0;
}

/* --- its cgroup --- */

/*
 * The cgroup of the relay is beside the container's, not in it: the limits of the container would
 * apply to the relay, and the relay would end with it. A container ID has no colon, so no other
 * container has this name. The relay is born in a cgroup that nacre makes; a systemd scope is
 * started for it when it runs.
 */
#define CGROUP_NAME "egress"

struct limits {
	struct oci_pids pids;
	struct oci_memory memory;
	struct oci_resources resources;
};

static const struct oci_resources *limit(struct limits *limits)
{
	*limits = (struct limits){
		.pids.limit = 1, /* one thread */
		/* 1,024 connections, each with 32 KiB of data to judge and two full pipes, need 160
		 * MiB; the rest is for socket buffers, which the kernel keeps within the limit. */
		.memory.limit = {.set = true, .value = 256 << 20},
	};
	limits->resources = (struct oci_resources){
		.pids = &limits->pids, .memory = &limits->memory};
	return &limits->resources;
}

static int name_cgroup(const struct life *l, char ret_path[PATH_MAX], struct nacre_error *err)
{
	return snprintf(ret_path, PATH_MAX, "%s:" CGROUP_NAME, l->container.record.cgroup) <
			       PATH_MAX
		       ? 0
		       : fail_errno(err, ENAMETOOLONG, "cgroup of nacre-egress");
}

/* If the caller cannot make a cgroup beside the container's, the relay has none. */
static int make_cgroup(struct life *l, struct cgroup *ret_cgroup, struct nacre_error *err)
{
	struct nacre_error why;
	struct limits limits;
	char path[PATH_MAX];
	int mount_fd, r;

	if (!l->container.record.cgroup || !(l->container.record.active & CGROUPFS))
		return 0;
	r = name_cgroup(l, path, err);
	mount_fd = r < 0 ? r : cgroup_open_mount(err);
	if (mount_fd < 0)
		return mount_fd;
	r = cgroup_create(mount_fd, path, ret_cgroup, &why);
	if (r == -EACCES || r == -EPERM || r == -EROFS)
		return 0;
	if (r < 0) {
		*err = why;
		return r;
	}
	l->relay_cgroup_made = true;
	return cgroup_limits_apply(ret_cgroup->fd, limit(&limits),
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY, NULL, NULL, NULL, err);
}

static int make_scope(struct life *l, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;
	const struct container_record *record = &l->container.record;
	const struct oci_map none = {.n = 0};
	cleanup_free char *properties = NULL;
	struct systemd_unit unit;
	struct limits limits;
	char path[PATH_MAX];
	pid_t pid;
	int r;

	if (!(record->active & SYSTEMD))
		return 0;
	r = pid = egress_relay_pid(l->container.state_fd, err);
	if (pid == 0)
		r = fail(err, ESRCH, "it has ended");
	if (r >= 0)
		r = systemd_unit_from_path(linux_ ? linux_->cgroups_path : NULL, l->container.id,
			record->user_unit, &unit, err);
	if (r >= 0)
		r = systemd_name_beside(record->unit, CGROUP_NAME, unit.name, err);
	if (r >= 0)
		r = systemd_unit_properties(&unit, l->container.id, pid, limit(&limits), &none,
			false, &properties, err);
	if (r >= 0)
		r = systemd_start(&unit, pid, properties, path, err);
	l->relay_cgroup_made = r >= 0;
	return r < 0 ? fail_prefix(err, "nacre-egress") : 0;
}

static int drop_scope(const struct life *l, struct nacre_error *err)
{
	char name[SYSTEMD_NAME_SIZE];
	int r = systemd_name_beside(l->container.record.unit, CGROUP_NAME, name, err);

	return r < 0 ? r : systemd_stop(name, l->container.record.user_unit, err);
}

static int drop_cgroup(struct life *l, struct nacre_error *err)
{
	struct nacre_error why;
	struct cgroup cgroup;
	char path[PATH_MAX];
	int r;

	if (!l->relay_cgroup_made)
		return 0;
	if (l->container.record.active & SYSTEMD)
		return drop_scope(l, err);
	r = name_cgroup(l, path, err);
	if (r < 0)
		return r;
	r = cgroup_open(path, &cgroup, &why);
	if (r < 0)
		return fail_except(r, ENOENT, &why, err);
	r = cgroup_destroy(&cgroup, err);
	cgroup_close(&cgroup);
	return r;
}

int step_end_egress_relay(struct life *l, struct nacre_error *err)
{
	int r = l->container.state_fd < 0 ? 0 : egress_relay_end(l->container.state_fd, err);

	return r < 0 ? r : drop_cgroup(l, err);
}

/* --- in INIT --- */

int step_mount_egress_resolv(struct life *l, struct nacre_error *err)
{
	int r;

	if (!l->egress_relay->names)
		return 0;
	r = egress_resolv_mount(
		l->rootfs_fd, l->egress_relay->resolv_fd, l->egress_relay->resolv_cloned, err);
	fd_close(&l->egress_relay->resolv_fd);
	return r;
}

static int add_routes(const struct egress_relay *relay, struct nacre_error *err)
{
	const struct egress_policy *policy = &relay->policy;
	int r = relay->names ? egress_route_add(&egress_names_network, err) : 0;

	for (size_t i = 0; relay->alone && r == 0 && i < policy->n_rules; i++)
		if (policy->rules[i].kind == EGRESS_ADDRESS &&
			!egress_rule_is_loopback(&policy->rules[i]))
			r = egress_route_add(&policy->rules[i].network, err);
	return r;
}

static int open_listeners(void *data, struct nacre_error *err)
{
	struct egress_relay *relay = data;
	char interface[IF_NAMESIZE] = "";
	int r = relay->alone ? 0 : egress_network_look(interface, err);

	relay->wired = interface[0];
	if (r == 0)
		r = egress_check_loopback(err);
	if (r == 0)
		r = add_routes(relay, err);
	for (size_t i = 0; r == 0 && i < relay->n_listeners; i++) {
		struct egress_listener *listener = &relay->listeners[i];

		listener->fd = egress_listener_open(relay->alone ? &listener->at : NULL,
			listener->at.udp, &listener->listening, err);
		r = listener->fd < 0 ? listener->fd : 0;
	}
	return r;
}

/* --- in a network that leads nowhere --- */

static int send_listeners(const struct life *l, struct nacre_error *err)
{
	struct egress_relay *relay = l->egress_relay;
	int r = 0;

	for (size_t i = 0; r == 0 && i < relay->n_listeners; i++) {
		r = sync_send(l->sync, SYNC_LISTENER, 0, 0, (int)i, NULL, relay->listeners[i].fd);
		fd_close(&relay->listeners[i].fd);
	}
	return r < 0 ? fail_errno(err, r, "hand over the listeners of egress rules") : 0;
}

/* Runs after the hooks, which could add interfaces to the network. RUNTIME may not enter the
 * network namespace, so INIT opens the sockets and sends them. */
int step_close_network(struct life *l, struct nacre_error *err)
{
	int r = program_refuse_sockets(
		l->container.config->process->terminal, l->options->preserve_fds, err);

	if (r == 0)
		r = egress_close_routes(err);
	if (r == 0)
		r = egress_check_alone(err);
	if (r < 0 || !l->egress_relay)
		return r;
	r = open_listeners(l->egress_relay, err);
	return r < 0 ? r : send_listeners(l, err);
}

int step_take_listener_of_relay(
	struct life *l, const struct sync_message *message, int fd, struct nacre_error *err)
{
	struct egress_relay *relay = l->egress_relay;
	cleanup_close int came = fd;

	if (came < 0 || !relay || !relay->alone || message->value < 0 ||
		(size_t)message->value >= relay->n_listeners ||
		relay->listeners[message->value].fd >= 0)
		return fail(err, EPROTO, "init sent a listener out of turn");
	relay->listeners[message->value].fd = fd_steal(&came);
	return 0;
}

static int check_listeners(const struct egress_relay *relay, struct nacre_error *err)
{
	for (size_t i = 0; i < relay->n_listeners; i++)
		if (relay->listeners[i].fd < 0)
			return fail(err, EPROTO, "init has sent too few listeners");
	return 0;
}

/* --- the relay --- */

/* Makes the programs of the cgroup redirect connections to the listeners from now on. */
static int open_ports(const struct life *l, struct nacre_error *err)
{
	const struct egress_relay *relay = l->egress_relay;
	int r = 0;

	for (size_t i = 0; r == 0 && i < relay->n_listeners; i++)
		r = egress_bpf_set_listener(l->container.cgroup.fd, relay->listeners[i].at.port,
			relay->listeners[i].at.udp, relay->listeners[i].listening, err);
	return r;
}

/* RUNTIME opens the sockets: the container's rules apply to INIT's sockets, and would refuse the
 * answers of a resolver. By now Docker's hooks have added interfaces to a new network namespace,
 * and its resolver to the resolv.conf that is bound. The relay then runs in that network: names
 * must lead nowhere that the network itself does not. */
static int visit_network(struct life *l, int joined, int *ret_netns_fd, struct nacre_error *err)
{
	const int network = joined >= 0 ? joined : l->container.pidfd;
	int r = namespaces_visit("network", network, open_listeners, l->egress_relay, err);

	*ret_netns_fd = joined >= 0 || l->egress_relay->wired ? network : -1;
	return r;
}

/* NETNS_FD: the container's network namespace, if the relay runs there; -1: it runs in the host's.
 */
static int find_servers(const struct life *l, int netns_fd, struct nacre_error *err)
{
	const struct oci_strings *resolvers = &l->hardened_by->egress_resolvers;
	struct resolv_conf *conf = &l->egress_relay->resolv;
	int r = egress_resolv_read(l->container.config, netns_fd >= 0, resolvers, conf, err);

	if (r < 0 || netns_fd < 0)
		return r;
	r = namespaces_visit("network", netns_fd, egress_resolv_drop_own, conf, err);
	if (r == 0 && conf->n_servers == 0 && resolvers->n) {
		egress_resolv_take(conf, resolvers);
		r = namespaces_visit("network", netns_fd, egress_resolv_drop_own, conf, err);
	}
	if (r == 0 && conf->n_servers == 0)
		return fail(err, EINVAL,
			"egress rules: the name servers of resolv.conf are addresses of the "
			"container's own network, where a program inside could answer; give others "
			"by egress.resolvers of the policy");
	return r;
}

/* Starts the relay before the program runs. */
int step_start_egress_relay(struct life *l, struct nacre_error *err)
{
	struct egress_relay *relay = l->egress_relay;
	const int joined = namespaces_joined(&l->namespaces, "network");
	struct cgroup own = CGROUP_CLOSED;
	struct egress_place place = {
		.state_fd = l->container.state_fd,
		.pidfd = l->container.pidfd,
		.cgroup_fd = l->container.cgroup.fd,
		.netns_fd = -1,
	};
	int r = relay->alone ? check_listeners(relay, err)
			     : visit_network(l, joined, &place.netns_fd, err);

	if (r == 0 && relay->names)
		r = find_servers(l, place.netns_fd, err);
	if (r == 0)
		r = make_cgroup(l, &own, err);
	place.own_cgroup_fd = own.fd;
	if (r == 0)
		r = egress_relay_start(relay, &place, err);
	if (r == 0)
		r = make_scope(l, err);
	cgroup_close(&own);
	return r < 0 || relay->alone ? r : open_ports(l, err);
}
