/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/mount_cgroups.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/process/program.h"
#include "specs/egress.h"
#include "specs/harden.h"

/* The rows about egress rules: what a container may connect to. */

/* Warns that RULE is not enforced, and WHY; or fails if it must be. A caller without privileges
 * gets no warning, as for the device filter. */
static int go_without(const struct life *l, const char *rule, const struct nacre_error *why,
	struct nacre_error *err)
{
	struct nacre_error message;
	int r;

	if (oci_strings_have(&l->container.record.require, rule)) {
		*err = *why;
		return fail_prefix(err, "rule %s is required", rule);
	}
	if (!bpf_is_absent(-why->code)) {
		*err = *why;
		return fail_prefix(err, "rule %s", rule);
	}
	r = why->code == EPERM ? idmap_is_host_root(err) : 1;
	if (r <= 0)
		return r;
	(void)fail(&message, why->code, "rule %s is not enforced: %s", rule, why->text);
	container_warn(&l->container, message.text);
	return 0;
}

static int read_rules(
	const struct life *l, struct egress_policy *ret_rules, struct nacre_error *err)
{
	return egress_policy_parse(
		l->container.arena, &l->container.config->nacre->egress, ret_rules, err);
}

/* Whether rules treat the container's loopback as the host's. Decided by create: a later command
 * may be in another network. */
static bool has_host_network(const struct container *c)
{
	return !(c->record.active & (NEW_NETNS | OTHERS_NETNS));
}

struct egress_bpf_policy step_egress_policy(const struct container *c,
	const struct oci_hardened *nacre, const struct egress_policy *rules)
{
	return (struct egress_bpf_policy){
		.rules = rules,
		.relay = c->record.active & EGRESS_NAMES,
		.no_metadata = nacre->no_metadata,
		.no_metadata_datagrams = oci_strings_have(&c->record.require, "metadata"),
		.no_listening = nacre->no_listening,
		.host_network = has_host_network(c),
	};
}

static int apply(const struct life *l, const struct egress_policy *rules, struct nacre_error *err)
{
	const struct egress_bpf_policy policy = step_egress_policy(
		&l->container, l->container.config->nacre, rules);

	if (!l->container.record.cgroup)
		return fail(err, ENOTSUP, "the container has no cgroup");
	return egress_bpf_apply(l->container.cgroup.fd, &policy, err);
}

int step_apply_egress(struct life *l, struct nacre_error *err)
{
	struct egress_policy rules;
	struct nacre_error why;
	int r = read_rules(l, &rules, err);

	if (r == 0 && harden_egress_holds(l->container.config->nacre))
		r = program_refuse_sockets(
			l->container.config->process->terminal, l->options->preserve_fds, err);
	if (r < 0)
		return r;
	r = apply(l, &rules, &why);
	if (r == 0)
		return 0;
	if (!harden_egress_holds(l->container.config->nacre))
		return go_without(l, "egress", &why, err);
	return fail(err, why.code,
		"egress rules cannot be enforced here: %s (they need root of the host and a "
		"cgroup, or a network namespace of the container's own: --network none)",
		why.text);
}

/* Whether the rules allow the address that step_check_egress tries. */
static bool allows_nowhere(const struct egress_policy *rules)
{
	const uint32_t nowhere = htonl(EGRESS_NOWHERE);

	for (size_t i = 0; i < rules->n_rules; i++)
		if (rules->rules[i].kind == EGRESS_ADDRESS && rules->rules[i].udp &&
			egress_network_has(
				&rules->rules[i].network, (const uint8_t *)&nowhere, false))
			return true;
	return false;
}

/* Runs in the container's cgroup and network, before any process of the container's own: checks
 * that the kernel asks the programs at INIT's cgroup. (Up to Linux 5.15 a socket with a net_cls
 * class belonged to no cgroup2.) */
int step_check_egress(struct life *l, struct nacre_error *err)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(EGRESS_NOWHERE_PORT),
		.sin_addr.s_addr = htonl(EGRESS_NOWHERE)};
	cleanup_close int sock = -1;
	struct egress_policy rules;
	int r = read_rules(l, &rules, err);

	if (r < 0)
		return r;
	if (!harden_egress_holds(l->container.config->nacre) || allows_nowhere(&rules))
		return 0;
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail_errno(err, errno, "egress rules: open a socket");
	if (connect(sock, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno == EPERM)
		return 0;
	return fail(err, ENOTSUP,
		"egress rules do not hold: a connection to 192.0.2.1, which they refuse, was not "
		"refused");
}

/* Checks the mounts when all are in place as the program will see them. */
int step_check_cgroups(struct life *l, struct nacre_error *err)
{
	const bool delegated = l->container.record.active & DELEGATE_CGROUP;
	int proc_fd, r;

	if (!harden_egress_holds(l->container.config->nacre))
		return 0;
	if (l->own_proc_fd < 0 && l->proc_fd < 0)
		l->proc_fd = procfs_open(err);
	proc_fd = l->own_proc_fd < 0 ? l->proc_fd : l->own_proc_fd;
	r = proc_fd < 0 ? proc_fd : mount_cgroups_check(proc_fd, delegated, err);
	if (!(l->container.record.active & LSM)) {
		fd_close(&l->proc_fd);
		fd_close(&l->own_proc_fd);
	}
	return r < 0 ? fail_prefix(err, "egress rules") : 0;
}

/* Applies the profile's rules when there are no egress rules: best effort, unless the rule is
 * required. */
int step_refuse_metadata(struct life *l, struct nacre_error *err)
{
	const struct oci_hardened *nacre = l->container.config->nacre;
	struct nacre_error why;

	if (l->container.record.active & (EGRESS | EGRESS_BY_RELAY) || !nacre ||
		(!nacre->no_metadata && !nacre->no_listening) ||
		!l->container.record.cgroup) /* create has warned, or has refused the config */
		return 0;
	if (apply(l, NULL, &why) == 0)
		return 0;
	return go_without(l, nacre->no_metadata ? "metadata" : "egress", &why, err);
}
