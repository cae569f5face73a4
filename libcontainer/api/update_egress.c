/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/update_egress.h"

#include <errno.h>

#include "libcontainer/api/policy_file.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/namespace/namespaces.h"
#include "specs/egress_names.h"

int update_egress_ask(const struct container *c, const char *const *egress,
	struct harden_request *request, struct nacre_error *err)
{
	struct oci_strings asked = {.items = (const char **)egress};
	struct policy *policy;
	int r = policy_load(c->arena, POLICY_DIRECTORY, &policy, err);

	while (egress[asked.n])
		asked.n++;
	return r < 0 ? r : policy_decide_update(c->arena, policy, &asked, request, err);
}

/* Whether the loopback of the container's network is the host's. */
static int has_host_network(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_namespace *network = oci_find_namespace(config, "network");
	const struct namespace_type *type;
	cleanup_close int fd = -1;

	if (!network)
		return 1;
	if (!network->path || !*network->path)
		return 0;
	fd = namespaces_open(network, &type, err);
	return fd < 0 ? fd : namespaces_is_host(type, fd, err);
}

/* A name has an address and a listener, and the relay knows it: all made with the container. */
static int refuse_names(
	const struct container *c, const struct oci_config *next, struct nacre_error *err)
{
	if (egress_names_in(&next->nacre->egress) ||
		(c->config->nacre && egress_names_in(&c->config->nacre->egress)))
		return fail(err, ENOTSUP,
			"--egress: rules with names cannot be changed while the container is "
			"there: make it again, or give addresses");
	return 0;
}

int update_egress_plan(struct container *c, const struct oci_config *next,
	struct update_egress *update, struct nacre_error *err)
{
	const struct oci_hardened *nacre = next->nacre;
	int r = refuse_names(c, next, err);

	if (r == 0)
		r = egress_policy_parse(c->arena, &nacre->egress, &update->rules, err);
	if (r == 0)
		r = has_host_network(next, err);
	if (r < 0)
		return r;
	update->policy = (struct egress_bpf_policy){
		.rules = harden_has_egress(nacre) ? &update->rules : NULL,
		.no_metadata = nacre->no_metadata,
		.no_metadata_datagrams = oci_strings_have(&c->record.require, "metadata"),
		.no_listening = nacre->no_listening,
		.host_network = r,
	};
	return 0;
}

int update_egress_begin(
	const struct container *c, struct update_egress *update, struct nacre_error *err)
{
	int r;

	update->begun = true;
	r = egress_bpf_attach(c->cgroup.fd, &update->policy, &update->swap, err);
	update->swapping = r == 0;
	return r;
}

int update_egress_finish(
	const struct container *c, const struct update_egress *update, struct nacre_error *err)
{
	int r = egress_bpf_detach_old(c->cgroup.fd, &update->swap, err);

	return r < 0 ? fail_prefix(err, "--egress: the new rules hold, and the old ones still do: "
					"do it again")
		     : 0;
}

void update_egress_done(struct update_egress *update)
{
	if (update->swapping)
		egress_bpf_swap_done(&update->swap);
}
