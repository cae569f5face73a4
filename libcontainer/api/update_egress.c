/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/update_egress.h"

#include <errno.h>

#include "libcontainer/api/facts.h"
#include "libcontainer/api/policy_file.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/mount_cgroups.h"
#include "libcontainer/namespace/namespaces.h"
#include "libcontainer/net/egress_listeners.h"
#include "specs/conditions.h"
#include "specs/egress_names.h"

int update_egress_ask(const struct container *c, const char *const *egress,
	struct harden_request *request, struct nacre_error *err)
{
	struct oci_strings asked = {.items = (const char **)egress};
	struct policy *policy;
	int r;

	if (c->record.active & EGRESS_BY_RELAY)
		return fail(err, ENOTSUP,
			"--egress: rules that the relay alone enforces, without root of the host "
			"or without a cgroup, cannot be changed: delete the container and create "
			"it with other rules");
	r = policy_load(c->arena, POLICY_DIRECTORY, &policy, err);
	while (egress[asked.n])
		asked.n++;
	return r < 0 ? r : policy_decide_update(c->arena, policy, &asked, request, err);
}

int update_egress_look(const struct container *c, const struct oci_config *config,
	struct harden_request *request, struct nacre_error *err)
{
	struct oci_namespace *pids = oci_find_namespace(config, "pid");
	const char *const path = pids ? pids->path : NULL;
	const struct namespace_type *type;
	cleanup_close int fd = -1;
	int r;

	if (!path)
		return facts_look(c->arena, config, NULL, request, err);
	pids->path = arena_printf(c->arena, "/proc/%d/ns/pid", (int)c->record.pid);
	if (!pids->path)
		r = fail_errno(err, ENOMEM, "linux.namespaces");
	else
		r = fd = namespaces_open(pids, &type, err);
	if (r >= 0)
		r = facts_look(c->arena, config, NULL, request, err);
	pids->path = path;
	return r;
}

/* --- the plan --- */

static int check_names(bool has_relay, bool names, bool open, struct nacre_error *err)
{
	if (names && !has_relay)
		return fail(err, ENOTSUP,
			"--egress: names need a resolv.conf and a relay, which are made with a "
			"container that has rules with names: make it again, or give addresses");
	if (open && has_relay)
		return fail(err, ENOTSUP,
			"--egress open: the container's resolv.conf asks nacre, which knows the "
			"names of rules alone: give rules, or make the container again");
	return 0;
}

/* Finds the names that have an address in the relay. */
static int find_names(struct container *c, struct oci_strings *ret_names, struct nacre_error *err)
{
	const struct oci_hardened *nacre = c->config->nacre;
	struct egress_policy rules;
	int r = egress_policy_parse(c->arena, &nacre->egress, &rules, err);

	if (r == 0)
		r = egress_names_assign(c->arena, &nacre->egress_names, &rules, err);
	if (r == 0)
		*ret_names = rules.names;
	return r;
}

static int plan_relay(struct container *c, struct oci_config *next, struct update_egress *update,
	struct nacre_error *err)
{
	struct oci_hardened *nacre = next->nacre;
	struct nacre_error why;
	int r = find_names(c, &nacre->egress_names, err);

	if (r == 0)
		r = egress_relay_plan_update(c->arena, next, &update->relay, err);
	if (r < 0)
		return r;
	update->has_new_names = update->relay->policy.names.n > c->config->nacre->egress_names.n;
	nacre->egress_names = update->relay->policy.names;
	r = update->relay_fd = egress_relay_connect(c->state_fd, &why);
	if (r == -ECONNREFUSED && !egress_names_any(&update->rules)) {
		update->relay = NULL;
		return 0;
	}
	if (r < 0) {
		*err = why;
		return fail_prefix(err, "--egress");
	}
	return 0;
}

int update_egress_plan(struct container *c, struct oci_config *next, struct update_egress *update,
	struct nacre_error *err)
{
	const struct oci_hardened *nacre = next->nacre;
	const bool has_relay = c->record.active & EGRESS_NAMES;
	int r = egress_policy_parse(c->arena, &nacre->egress, &update->rules, err);

	if (r == 0)
		r = check_names(
			has_relay, egress_names_any(&update->rules), update->rules.open, err);
	if (r < 0)
		return r;
	update->policy = step_egress_policy(
		c, nacre, harden_has_egress(nacre) ? &update->rules : NULL);
	return has_relay ? plan_relay(c, next, update, err) : 0;
}

static int check_cgroups(const struct container *c, struct nacre_error *err)
{
	cleanup_close int pidfd = record_open_pidfd(&c->record, err), proc_fd = -1;
	int r;

	if (pidfd == -ESRCH)
		return fail(err, ESRCH, "container not running");
	if (pidfd < 0)
		return pidfd;
	proc_fd = procfs_open(err);
	if (proc_fd < 0)
		return proc_fd;
	r = mount_cgroups_check_process(proc_fd, c->record.pid, c->cgroup.path, err);
	/* If the process has ended, what was read may be of another process with the same pid. */
	if (pidfd_wait_end(pidfd, 0) != 0)
		return fail(err, ESRCH, "container not running");
	return r;
}

int update_egress_check(
	const struct container *c, const struct update_egress *update, struct nacre_error *err)
{
	if (!update->policy.rules || harden_egress_holds(c->config->nacre))
		return 0;
	return check_cgroups(c, err) < 0
		       ? fail_prefix(err, "--egress: the container was created without egress "
					  "rules and cannot get any later")
		       : 0;
}

/* --- the swap --- */

/* The stored config, with the names that have an address in the relay by now. */
struct stored {
	struct oci_config config;
	struct oci_hardened nacre;
};

static const struct oci_config *with_names(
	const struct container *c, const struct update_egress *update, struct stored *stored)
{
	stored->config = *c->config;
	stored->nacre = *c->config->nacre;
	stored->nacre.egress_names = update->relay->policy.names;
	stored->config.nacre = &stored->nacre;
	return &stored->config;
}

/* Stores the names before the relay gives them addresses: a command after a kill must not give the
 * addresses to others. */
static int save_names(
	const struct container *c, const struct update_egress *update, struct nacre_error *err)
{
	struct stored stored;

	if (!update->relay || !update->has_new_names)
		return 0;
	return container_save_config(c, with_names(c, update, &stored), err);
}

/* Killed updates have left programs, which would add up to the kernel's maximum. The stored rules
 * are among them. */
static int settle(const struct container *c, struct nacre_error *err)
{
	const struct oci_hardened *nacre = c->config->nacre;
	struct egress_bpf_policy policy = {.rules = NULL};
	struct egress_policy rules;
	int r = nacre ? egress_policy_parse(c->arena, &nacre->egress, &rules, err) : 0;

	if (r == 0 && nacre)
		policy = step_egress_policy(c, nacre, harden_has_egress(nacre) ? &rules : NULL);
	return r < 0 ? r : egress_bpf_settle(c->cgroup.fd, &policy, err);
}

int update_egress_begin(
	const struct container *c, struct update_egress *update, struct nacre_error *err)
{
	int r;

	update->begun = true;
	r = save_names(c, update, err);
	if (r == 0)
		r = settle(c, err);
	if (r == 0) {
		r = egress_bpf_attach(c->cgroup.fd, &update->policy, &update->swap, err);
		update->swapping = r == 0;
	}
	if (r < 0 || !update->relay)
		return r;
	update->told = true;
	return egress_relay_update(update->relay, true, update->relay_fd, err);
}

struct listeners {
	int cgroup_fd;
	struct egress_relay *relay;
};

/* Runs in the container's network namespace: opens the listeners that it does not have. */
static int open_listeners(void *data, struct nacre_error *err)
{
	const struct listeners *listeners = data;
	struct egress_relay *relay = listeners->relay;
	int r = 0;

	for (size_t i = EGRESS_RELAY_OWN; r >= 0 && i < relay->n_listeners; i++) {
		struct egress_listener *listener = &relay->listeners[i];

		r = egress_bpf_has_listener(listeners->cgroup_fd, listener->at.port, err);
		if (r == 0)
			r = listener->fd = egress_listener_open(
				NULL, false, &listener->listening, err);
	}
	return r < 0 ? r : 0;
}

/* A port may lead to the relay only while the relay has a listener for it. */
static int swap_listeners(
	const struct container *c, const struct update_egress *update, struct nacre_error *err)
{
	struct egress_relay *relay = update->relay;
	struct listeners listeners = {c->cgroup.fd, relay};
	uint16_t ports[EGRESS_NAME_PORTS_MAX + EGRESS_RELAY_OWN];
	cleanup_close int pidfd = record_open_pidfd(&c->record, err);
	int r = pidfd < 0 ? pidfd : 0;

	for (size_t i = 0; i < relay->n_listeners; i++)
		ports[i] = relay->listeners[i].at.port;
	if (r == 0)
		r = egress_bpf_keep_listeners(c->cgroup.fd, ports, relay->n_listeners, err);
	if (r == 0)
		r = namespaces_visit("network", pidfd, open_listeners, &listeners, err);
	if (r == 0)
		r = egress_relay_update(relay, false, update->relay_fd, err);
	for (size_t i = EGRESS_RELAY_OWN; r == 0 && i < relay->n_listeners; i++)
		if (relay->listeners[i].fd >= 0)
			r = egress_bpf_set_listener(c->cgroup.fd, relay->listeners[i].at.port,
				false, relay->listeners[i].listening, err);
	return r;
}

void update_egress_undo(const struct container *c, const struct update_egress *update)
{
	struct update_egress back = {.relay_fd = update->relay_fd};
	struct nacre_error ignored;
	struct stored stored;

	if (update->swapping)
		egress_bpf_detach_new(c->cgroup.fd, &update->swap);
	if (!update->told)
		return;
	if (egress_relay_plan_update(
		    c->arena, with_names(c, update, &stored), &back.relay, &ignored) == 0)
		(void)swap_listeners(c, &back, &ignored);
	egress_relay_done(back.relay);
}

int update_egress_finish(
	const struct container *c, const struct update_egress *update, struct nacre_error *err)
{
	int r = egress_bpf_detach_old(c->cgroup.fd, &update->swap, err);

	if (r == 0 && update->relay)
		r = swap_listeners(c, update, err);
	return r < 0 ? fail_prefix(err, "--egress: the new rules hold, but the old ones may, too, "
					"until it is done again")
		     : 0;
}

void update_egress_done(struct update_egress *update)
{
	egress_relay_done(update->relay);
	fd_close(&update->relay_fd);
	if (update->swapping)
		egress_bpf_swap_done(&update->swap);
}
