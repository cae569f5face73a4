/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/nacre.h"
#include "specs/defaults.h"
#include "specs/harden_opened.h"
#include "specs/receipt_plan.h"

static const char *owner_name(uint32_t uid, struct arena *arena)
{
	/* getpwuid(3) would load all of NSS into a static program; only root matters. */
	return uid == 0 ? "root" : arena_printf(arena, "%u", uid);
}

struct oci_state container_state(
	const struct container_record *record, enum container_status status, struct arena *arena)
{
	bool lives = status != STATUS_STOPPED && status != STATUS_CREATING;

	return (struct oci_state){
		.oci_version = OCI_VERSION,
		.id = record->id,
		.pid = lives ? record->pid : 0,
		.status = status_name(status),
		.bundle = record->bundle ? record->bundle : "",
		.rootfs = record->rootfs,
		.created = record->created,
		.annotations = record->annotations,
		.owner = owner_name(record->owner_uid, arena),
		.profile = record->profile,
		.first_id = record->first_id,
	};
}

/* Works after the end too: the cgroup stays until delete. A removed cgroup counts nothing. */
static int count_oom_kills(struct container *c, uint64_t *ret_kills, struct nacre_error *err)
{
	int r = record_open_cgroup(&c->record, &c->cgroup, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return cgroup_read_oom_kills(&c->cgroup, ret_kills, err);
}

/* Whether the rule user-namespace applies to the container: it may have been left out, and an
 * earlier nacre created containers of the profile without it. Returns 1, 0 or an error. */
static int has_rule_of_ids(const struct container *c, struct nacre_error *err)
{
	const struct harden_request request = {.profile = c->record.profile};
	struct receipt report = {.profile = NULL};
	int r;

	if (container_has_rule_of_ids(&c->record))
		return 1;
	/* One that is being created has no profile yet. */
	if (!request.profile || !harden_has_rule(&request, RULE_user_namespace))
		return 0;
	r = container_load_report(c, &report, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* no rule applies before create has written the report
					      */
	return receipt_has_rule_of_ids(&report);
}

int nacre_state(struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err)
{
	enum container_status status;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, &status, err);

	if (r == 0) {
		struct oci_state state = container_state(&c.record, status, c.arena);
		const int shifted = has_rule_of_ids(&c, err);

		r = shifted < 0 ? shifted : count_oom_kills(&c, &state.oom_kills, err);
		if (r == 0 && harden_list_rules(c.arena, state.profile, shifted, &state.rules) < 0)
			r = fail_errno(err, ENOMEM, "state");
		if (r == 0)
			r = oci_state_encode(&state, true, ret_json, err);
	}
	container_done(&c);
	return r;
}
