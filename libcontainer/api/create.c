/* SPDX-License-Identifier: Apache-2.0 */

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/life/audit.h"

int create_audit(struct life *l, const char *event_name, int result, struct nacre_error *err)
{
	const struct harden_request *request = l->hardened_by;
	struct audit_event event = {
		.event = event_name, .bundle = l->container.record.bundle, .pid = l->container.pid};

	if (l->container.record.audit.n == 0)
		return result;
	event.args = l->process->args;
	event.left_out = *l->left_out;
	if (l->container.config->nacre)
		event.egress = l->container.config->nacre->egress;
	if (workspace_words(l->container.arena, l->container.config, &event.workspaces) < 0)
		event.workspaces.n = 0;
	event.n_grants = request->grants.n;
	event.grants = arena_array(l->container.arena, event.n_grants, sizeof(*event.grants));
	for (size_t i = 0; event.grants && i < event.n_grants; i++)
		event.grants[i] = (struct audit_grant){
			request->grants.items[i], request->granted_by[i]};
	if (!event.grants)
		event.n_grants = 0;
	return audit_result(l, &event, result, life_delete, err);
}

static int create(struct nacre *nacre, const char *id, const struct nacre_create_options *options,
	struct nacre_error *err)
{
	const struct life_options life_options = prepare_life_options(options, true);
	struct life l;
	int r;

	life_init(&l);
	r = container_begin(nacre, id, &l.container, err);

	l.options = &life_options;
	if (r == 0)
		r = prepare_container(&l, options, err);
	if (r == 0)
		r = create_audit(&l, "create", life_create(&l, err), err);
	life_done(&l);
	return r;
}

int nacre_create(struct nacre *nacre, const char *id, const struct nacre_create_options *given,
	struct nacre_error *err)
{
	struct nacre_create_options options;
	int r = options_take_create(given, &options, err);

	return r < 0 ? r : create(nacre, id, &options, err);
}
