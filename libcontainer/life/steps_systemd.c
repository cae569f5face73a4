/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/record/state.h"
#include "libcontainer/systemd/systemd.h"
#include "specs/profiles.h"

/*
 * The rows of a container whose cgroup is a systemd unit, of both sides.
 *
 * A scope starts with its first process, and systemd moves that process into it. So INIT exists
 * before its cgroup, and waits for its first turn. If RUNTIME ends meanwhile, INIT ends too, and
 * systemd removes a scope without processes: no unit is left that no record names.
 */

/* Profile oci uses the config as it is. */
static bool trusts_annotations(const struct life *l)
{
	const struct profile *profile = profile_find(
		l->container.record.profile ? l->container.record.profile : "");

	return profile && !profile_hardens(profile);
}

/* Refuses a scope whose cgroup exists: it is not nacre's, and would be removed with the scope. A
 * user's manager has its units at an unknown place below its own cgroup. */
static int check_scope(
	const struct life *l, const struct systemd_unit *unit, struct nacre_error *err)
{
	char path[PATH_MAX];

	if (unit->of_user || systemd_is_slice(unit->name))
		return 0;
	systemd_scope_cgroup(unit, path);
	return cgroup_check_free(l->container.cgroup.mount_fd, path, err);
}

static int start_unit(struct life *l, char ret_cgroup[PATH_MAX], struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;
	cleanup_free char *properties = NULL;
	struct systemd_unit unit;
	int r;

	r = systemd_unit_from_path(linux_ ? linux_->cgroups_path : NULL, l->container.id,
		l->container.record.user_unit, &unit, err);
	if (r >= 0)
		r = check_scope(l, &unit, err);
	if (r >= 0)
		r = systemd_unit_properties(&unit, l->container.id, l->container.pid,
			linux_ ? linux_->resources : NULL, &l->container.record.annotations,
			trusts_annotations(l), &properties, err);
	if (r < 0)
		return r;
	return systemd_start(&unit, l->container.pid, properties, ret_cgroup, err);
}

int step_make_unit(struct life *l, struct nacre_error *err)
{
	char path[PATH_MAX];
	struct stat st;
	int r;

	r = start_unit(l, path, err);
	if (r < 0)
		return r;
	l->cgroup_made = true;
	r = cgroup_adopt(fd_steal(&l->container.cgroup.mount_fd), path, &l->container.cgroup, err);
	if (r < 0)
		return r;
	l->oom_kills = cgroup_oom_kills(&l->container.cgroup);
	r = systemd_is_slice(l->container.record.unit)
		    ? cgroup_attach(&l->container.cgroup, l->container.pid, err)
		    : 0;
	if (r < 0)
		return r;
	if (fstat(l->container.cgroup.fd, &st) < 0)
		return fail_errno(err, errno, "cgroup %s", path);
	l->container.record.cgroup_id = st.st_ino;
	l->container.record.cgroup = arena_strdup(l->container.arena, path);
	if (!l->container.record.cgroup)
		return fail_errno(err, ENOMEM, "cgroup %s", path);
	return state_note_cgroup(l->container.lock_fd, &l->container.record, err);
}

/* Kills everything in the cgroup at once: systemd would send SIGTERM and wait for 90 s. The cgroup
 * itself stays until systemd has stopped the unit: if the cgroup is gone when systemd, notified by
 * inotify, reads its cgroup.events, the unit stays active (seen with systemd 252), and after an
 * interrupted delete the next one would find nothing to do. */
int step_drop_unit(struct life *l, struct nacre_error *err)
{
	const bool open = l->container.cgroup.fd >= 0;
	int r;

	if (!l->cgroup_made)
		return 0;
	r = open ? cgroup_empty(&l->container.cgroup, err) : step_kill_init(l, err);
	if (r == 0)
		r = systemd_stop(l->container.record.unit, l->container.record.user_unit, err);
	if (r < 0)
		return r;
	return open ? cgroup_destroy(&l->container.cgroup, err) : 0;
}

/* INIT: opens the cgroup that systemd has moved it to. */
int step_find_unit_cgroup(struct life *l, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r;

	r = cgroup_of_process(0, path, err);
	if (r < 0)
		return r;
	if (cgroup_open(path, &l->container.cgroup, err) < 0)
		return fail(err, ENOENT, "cgroup %s of the unit went away", path);
	fd_close(&l->container.cgroup.mount_fd);
	return 0;
}

/* exec: moves the process to the cgroup below the unit's in which it would have been born
 * otherwise. */
int step_attach_to_unit(struct life *l, struct nacre_error *err)
{
	const struct cgroup *cgroup = l->exec_cgroup.fd < 0 ? &l->container.cgroup
							    : &l->exec_cgroup;
	size_t length = strlen(l->container.record.cgroup);

	return systemd_attach(l->container.record.unit, true, l->container.pid,
		strncmp(cgroup->path, l->container.record.cgroup, length) == 0
			? cgroup->path + length
			: "",
		err);
}
