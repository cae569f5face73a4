/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/explain.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/resctrl.h"
#include "libcontainer/life/audit.h"

static int may_delete(struct life *l, struct nacre_error *err)
{
	enum container_status status;
	int r;

	r = container_look_at_status(&l->container, &status, err);
	if (r < 0)
		return r;
	/* A container that is "creating" while this command holds its lock is left from a crashed
	 * create. */
	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return 0;
	return fail(err, EBUSY, "cannot delete container %s that is not stopped: %s",
		l->container.id, status_name(status));
}

/* Whether the error of record_load means a damaged record, and not a read that failed this time. */
static bool is_damaged(int r)
{
	return r == -EINVAL || r == -E2BIG || r == -EILSEQ || r == -EISDIR || r == -ELOOP ||
	       r == -ENXIO;
}

/* Continues without a damaged record: the cgroup is enough to kill and remove everything. */
static int fall_back_to_lock(struct life *l, struct nacre_error *err)
{
	struct container_record *record;
	int r;

	container_warn(&l->container, err->text);
	r = state_load_note(l->container.arena, l->container.root_fd, l->container.id,
		l->container.lock_fd, &record, err);
	if (r < 0)
		return r;
	l->container.record = *record;
	l->container.record.active = container_cgroup_driver(record);
	return 0;
}

/* The config, which create writes before it makes the resctrl group, names the group. If resctrl is
 * not mounted any more, its groups are gone. */
static int find_resctrl(struct life *l, struct nacre_error *err)
{
	const bool crashed = l->container.record.pid == 0;
	struct nacre_error why;
	int r = 0;

	if (!l->container.config && (crashed || l->container.record.active & RESCTRL))
		r = container_load_process(l, &why);
	if (crashed && (r == -ENOENT || is_damaged(r))) /* create did not get that far */
		return 0;
	if (r < 0) {
		*err = why;
		return r;
	}
	if (crashed && l->container.config->linux_ && l->container.config->linux_->intel_rdt)
		l->container.record.active |= RESCTRL;
	if (!(l->container.record.active & RESCTRL))
		return 0;
	l->resctrl_fd = resctrl_open(&why);
	l->resctrl_made = l->resctrl_fd >= 0;
	return fail_except(l->resctrl_made ? 0 : l->resctrl_fd, ENOTSUP, &why, err);
}

/* Loads what the undo column needs of the config. If the config cannot be understood, for instance
 * one of a newer nacre, --force continues without it. */
static int load_for_delete(struct life *l, bool force, struct nacre_error *err)
{
	struct nacre_error why;
	int r = 0;

	if (l->container.record.active & HOOKS_POSTSTOP)
		r = container_load_process(l, &why);
	if (r == 0)
		r = find_resctrl(l, &why);
	if (r == 0)
		return 0;
	if (!force || !(r == -ENOENT || is_damaged(r))) {
		*err = why;
		return r;
	}
	(void)fail_prefix(&why, "poststop hooks and resctrl are left out");
	container_warn(&l->container, why.text);
	l->container.record.active &= ~(uint64_t)(HOOKS_POSTSTOP | RESCTRL);
	return 0;
}

/* Only the newer nacre can undo what it made for such a condition. */
static void warn_of_unknown(const struct container *c)
{
	const struct oci_strings *unknown = &c->record.unknown_conditions;
	struct nacre_error text;

	for (size_t i = 0; i < unknown->n; i++) {
		(void)fail(&text, ENOTSUP,
			"condition \"%s\" of container \"%s\" is not known to this nacre: what a "
			"newer one made for it may be left behind",
			unknown->items[i], c->id);
		container_warn(c, text.text);
	}
}

/* Opens what the undo column needs. */
static int prepare(struct life *l, bool force, struct nacre_error *err)
{
	struct container *c = &l->container;
	struct nacre_error why;
	int r = force ? 0 : may_delete(l, err);

	/* Anything that could prevent the removal must be found before the container is killed. */
	if (r == 0)
		r = state_tidy(c->state_fd, c->id, err);
	if (r == 0)
		r = load_for_delete(l, force, err);
	if (r < 0)
		return r;
	/* A crashed creation has recorded none of its conditions. Undoing what it did not make is
	 * no error. */
	if (c->record.pid == 0)
		c->record.active |= EGRESS_NAMES | WORKSPACES;
	if (c->record.cgroup) {
		r = record_open_cgroup(&c->record, &c->cgroup, &why);
		l->cgroup_made = r == 0;
		l->relay_cgroup_made = true;
		r = fail_except(r, ENOENT, &why, err);
	}
	if (r < 0)
		return r;
	c->pidfd = record_open_pidfd(&c->record, &why);
	return fail_except(c->pidfd < 0 ? c->pidfd : 0, ESRCH, &why, err);
}

/* FORCE: accepts a directory without a lock. -ENOENT: there is no container. */
static int open_for_delete(
	struct nacre *nacre, const char *id, bool force, struct life *l, struct nacre_error *err)
{
	const enum container_lock lock = force ? CONTAINER_SEIZED : CONTAINER_LOCKED;
	struct nacre_error why;
	int r = container_open(nacre, id, lock, &l->container, NULL, &why);

	if (r == -ENOENT && force && l->container.state_fd >= 0 && l->container.lock_fd < 0) {
		r = state_make_lock(l->container.state_fd, id, &why);
		if (r == 0) {
			life_done(l);
			life_init(l);
			r = container_open(nacre, id, lock, &l->container, NULL, &why);
		}
	}
	if (is_damaged(r) && force && l->container.lock_fd >= 0)
		r = fall_back_to_lock(l, &why);
	if (r < 0)
		*err = why;
	return r;
}

/* The caller holds the lock. */
static int check_stopped(struct nacre *nacre, const char *id, struct nacre_error *err)
{
	struct life l;
	int r;

	life_init(&l);
	r = container_open(nacre, id, CONTAINER_LOOKED_AT, &l.container, NULL, err);
	if (r == 0)
		r = may_delete(&l, err);
	life_done(&l);
	return r;
}

/* Deletes a container whose own processes may have written to the state. The most that they can
 * achieve is that the state stays. */
static int discard(struct nacre *nacre, const char *id, bool force, struct nacre_error *err)
{
	cleanup_close int state_fd = -1, lock_fd = -1;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	state_fd = state_open(nacre->root_fd, id, err);
	r = state_fd < 0 ? state_fd : 0;
	if (r == 0 && !force)
		r = state_lock(state_fd, id, nacre->lock_flags | STATE_LOCK_TRY, &lock_fd, err);
	if (r == 0 && !force)
		r = check_stopped(nacre, id, err);
	if (r == 0)
		r = state_tidy(state_fd, id, err);
	if (r == 0)
		r = state_remove(nacre->root_fd, id, state_fd, err);
	return r == -ENOENT && force ? 0 : r;
}

int nacre_delete(struct nacre *nacre, const char *id, bool force, struct nacre_error *err)
{
	struct audit_event event = {.event = "delete"};
	struct nacre_error why;
	bool gone;
	struct life l;
	int r;

	if (nacre->untrusted)
		return discard(nacre, id, force, err);
	life_init(&l);
	r = open_for_delete(nacre, id, force, &l, &why);
	gone = r == -ENOENT && force;
	if (r == 0)
		r = prepare(&l, force, &why);
	if (r == 0) {
		warn_of_unknown(&l.container);
		explain_audit(&l.container);
		audit_usage(&l.container, &event);
		l.state_owned = true;
		r = receipt_end(&l, &why);
		if (r == 0)
			r = life_delete(&l, &why);
		audit_fact(&l.container, &event, r, &why);
	}
	life_done(&l);
	if (gone)
		return 0;
	if (r < 0)
		*err = why;
	return r;
}
