/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/cgroup/resctrl.h"
#include "libcontainer/life/audit.h"

static int may_delete(struct life *l, struct nacre_error *err)
{
	enum container_status status;

	if (container_look_at_status(l, &status, err) < 0)
		return -err->code;
	/* One that is "creating" while we hold its lock is left from a create that crashed. */
	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return 0;
	return fail(err, EBUSY, "cannot delete container %s that is not stopped: %s", l->id,
		status_name(status));
}

/* A record that is damaged, or another version's: the cgroup is enough to kill and remove
 * everything. */
static int fall_back_to_lock(struct life *l, struct nacre_error *err)
{
	struct container_record *record;

	life_warn(l, err->text);
	if (state_load_lock(l->arena, l->root_fd, l->id, l->lock_fd, &record, err) < 0)
		return -err->code;
	l->record = *record;
	l->record.active = container_cgroup_driver(record);
	return 0;
}

/* A group in resctrl is named by the config, which create writes before it makes one. Where that
 * file system is not mounted (any more), its groups are gone. */
static int find_resctrl(struct life *l, struct nacre_error *err)
{
	const bool crashed = l->record.pid == 0;
	struct nacre_error ignored;

	if (!l->config && crashed && container_load_config(l, &ignored) == 0 && l->config->linux_ &&
		l->config->linux_->intel_rdt)
		l->record.active |= RESCTRL;
	if (!(l->record.active & RESCTRL))
		return 0;
	if (!l->config && container_load_config(l, err) < 0)
		return -err->code;
	l->resctrl_fd = resctrl_open(&ignored);
	l->resctrl_made = l->resctrl_fd >= 0;
	return 0;
}

int nacre_delete(struct nacre *nacre, const char *id, bool force, struct nacre_error *err)
{
	struct audit_event event = {.event = "delete"};
	struct life l;
	int result = container_open(nacre, id, true, &l, NULL, err);

	if (result < 0 && force && l.lock_fd >= 0)
		result = fall_back_to_lock(&l, err);
	if (result == 0 && !force)
		result = may_delete(&l, err);
	if (result == 0 && l.record.active & HOOKS_POSTSTOP)
		result = container_load_config(&l, err);
	if (result == 0)
		result = find_resctrl(&l, err);
	if (result == 0 && l.record.cgroup) {
		result = status_open_cgroup(&l.record, &l.cgroup, err);
		l.cgroup_made = result == 0;
		if (result == -ENOENT)
			result = 0;
	}
	if (result == 0) {
		l.pidfd = status_open_pidfd(&l.record);
		audit_usage(&l, &event);
		result = life_delete(&l, err);
		audit_fact(&l, &event, result, err);
	} else if (result == -ENOENT && force) {
		(void)state_remove_empty(nacre->root_fd, id);
		result = 0;
	}
	life_done(&l);
	return result;
}
