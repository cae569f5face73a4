/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "libcontainer/api/control.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/namespace/pid_namespace.h"
#include "specs/defaults.h"
#include "specs/harden.h"

/* Calls of container.h that look at a container or signal it. */

int container_open_cgroup(struct life *l, struct nacre_error *err)
{
	int result;

	if (!l->record.cgroup)
		return fail(err, ENOTSUP, "container \"%s\" has no cgroup", l->id);
	result = status_open_cgroup(&l->record, &l->cgroup, err);
	return result == -ENOENT
		       ? fail(err, ESRCH, "container \"%s\" has no cgroup any more", l->id)
		       : result;
}

/* -ESRCH: there are none. */
static int find_pids(struct life *l, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	cleanup_close int pidfd = -1;

	if (l->record.cgroup)
		return container_open_cgroup(l, err) < 0
			       ? -err->code
			       : cgroup_pids(&l->cgroup, ret_pids, ret_n, err);
	pidfd = status_open_pidfd(&l->record);
	if (pidfd < 0)
		return fail(err, ESRCH, "container not running");
	return pid_namespace_pids((pid_t)l->record.pid, ret_pids, ret_n, err);
}

static int signal_all(struct life *l, int sig, struct nacre_error *err)
{
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	int result = find_pids(l, &pids, &n, err);

	if (result == -ESRCH)
		return 0; /* nobody is left to signal */
	if (result < 0)
		return result;
	if (sig == SIGKILL && l->record.cgroup)
		return cgroup_kill(&l->cgroup, err);
	for (size_t i = 0; i < n; i++) {
		cleanup_close int pidfd = sys_pidfd_open(pids[i]);

		result = pidfd < 0 ? pidfd : sys_pidfd_send_signal(pidfd, sig);
		if (result < 0 && result != -ESRCH)
			return fail_errno(err, result, "signal process %d", pids[i]);
	}
	return 0;
}

/* Some can outlive the first process, where there is no pid namespace that ends with it. */
static bool has_processes(const struct life *l)
{
	struct cgroup cgroup = CGROUP_CLOSED;
	cleanup_free pid_t *pids = NULL;
	struct nacre_error ignored;
	size_t n = 0;

	if (l->record.cgroup && cgroup_open(l->record.cgroup, &cgroup, &ignored) == 0)
		(void)cgroup_pids(&cgroup, &pids, &n, &ignored);
	cgroup_close(&cgroup);
	return n > 0;
}

static int signal_init(struct life *l, int sig, struct nacre_error *err)
{
	int result;

	l->pidfd = status_open_pidfd(&l->record);
	/* Without a pid namespace of its own nothing dies with the first process. */
	if (sig == SIGKILL && !(l->record.active & NEW_PIDNS) &&
		(l->pidfd >= 0 || has_processes(l)))
		return signal_all(l, sig, err);
	if (l->pidfd < 0)
		return fail(err, ESRCH, "container not running");
	result = sys_pidfd_send_signal(l->pidfd, sig);
	if (result == -ESRCH)
		return fail(err, ESRCH, "container not running");
	return result < 0 ? fail_errno(err, result, "signal container \"%s\"", l->id) : 0;
}

int nacre_kill(struct nacre *nacre, const char *id, int sig, bool all, struct nacre_error *err)
{
	struct audit_event event = {
		.event = "kill", .signal = {.set = true, .value = sig}, .all = all};
	struct life l;
	int result = container_open(nacre, id, false, &l, NULL, err);

	if (result == 0)
		result = all ? signal_all(&l, sig, err) : signal_init(&l, sig, err);
	audit_fact(&l, &event, result, err);
	life_done(&l);
	return result;
}

static int freeze(struct nacre *nacre, const char *id, bool freeze, struct nacre_error *err)
{
	enum container_status status;
	struct life l;
	int result = container_open(nacre, id, true, &l, &status, err);

	if (result == 0 && freeze && status != STATUS_RUNNING && status != STATUS_CREATED)
		result = fail(
			err, EBUSY, "container not running or created: %s", status_name(status));
	if (result == 0 && !freeze && status != STATUS_PAUSED)
		result = fail(err, EBUSY, "container not paused");
	if (result == 0)
		result = container_open_cgroup(&l, err);
	if (result == 0)
		result = cgroup_freeze(&l.cgroup, freeze, err);
	life_done(&l);
	return result;
}

int nacre_pause(struct nacre *nacre, const char *id, struct nacre_error *err)
{
	return freeze(nacre, id, true, err);
}

int nacre_resume(struct nacre *nacre, const char *id, struct nacre_error *err)
{
	return freeze(nacre, id, false, err);
}

int nacre_pids(struct nacre *nacre, const char *id, pid_t **ret_pids, size_t *ret_n,
	struct nacre_error *err)
{
	struct life l;
	int result = container_open(nacre, id, false, &l, NULL, err);

	if (result == 0)
		result = find_pids(&l, ret_pids, ret_n, err);
	life_done(&l);
	return result;
}

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
	struct life l;
	int result = container_open(nacre, id, false, &l, &status, err);

	if (result == 0) {
		struct oci_state state = container_state(&l.record, status, l.arena);
		struct nacre_error ignored; /* one that is gone has nothing to tell */

		/* Also after the end: the cgroup stays until delete. */
		if (l.record.cgroup && cgroup_open(l.record.cgroup, &l.cgroup, &ignored) == 0)
			state.oom_kills = cgroup_oom_kills(&l.cgroup);
		result = harden_list_rules(l.arena, state.profile, &state.rules);
		result = result < 0 ? fail_errno(err, result, "state")
				    : oci_state_encode(&state, true, ret_json, err);
	}
	life_done(&l);
	return result;
}
