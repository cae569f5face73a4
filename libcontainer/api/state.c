/* SPDX-License-Identifier: Apache-2.0 */

#include "libcontainer/api/nacre.h"
#include "specs/defaults.h"

static const char *owner_name(uint32_t uid, struct arena *arena)
{
	/* getpwuid(3) would load the whole of NSS into a static program; root is what matters. */
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
	};
}

int nacre_state(struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err)
{
	enum container_status status;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, &status, err);

	if (r == 0) {
		struct oci_state state = container_state(&c.record, status, c.arena);
		struct nacre_error ignored; /* one that is gone has nothing to tell */

		/* Also after the end: the cgroup stays until delete. */
		if (c.record.cgroup && cgroup_open(c.record.cgroup, &c.cgroup, &ignored) == 0)
			state.oom_kills = cgroup_oom_kills(&c.cgroup);
		r = harden_list_rules(c.arena, state.profile, &state.rules);
		r = r < 0 ? fail_errno(err, r, "state")
			  : oci_state_encode(&state, true, ret_json, err);
	}
	container_done(&c);
	return r;
}
