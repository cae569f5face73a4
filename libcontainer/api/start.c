/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/api/claim.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/process.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/notify.h"

/* A stopped process would not answer. */
static int refuse_stopped(const struct life *l, struct nacre_error *err)
{
	int r = record_process_is_stopped((pid_t)l->container.record.pid, err);

	if (r > 0)
		return fail(err, EBUSY,
			"cannot start a container whose process is stopped by a signal: let it go "
			"on (kill %s CONT)",
			l->container.id);
	return r;
}

static int connect_to_init(struct life *l, struct nacre_error *err)
{
	const bool from_socket = l->container.record.start_version == START_VERSION_OF_SOCKET;
	struct nacre_error why;
	int r;

	l->container.pidfd = record_open_pidfd(&l->container.record, err);
	if (l->container.pidfd == -ESRCH)
		return fail(err, ESRCH, "cannot start a container that has stopped");
	if (l->container.pidfd < 0)
		return l->container.pidfd;
	r = refuse_stopped(l, err);
	if (r < 0)
		return r;
	if (from_socket)
		r = l->sync = socket_connect(l->container.state_fd, "start", SOCK_SEQPACKET);
	else
		r = start_pipe_open(l->container.state_fd, &l->start_pipe, &why);
	if (r < 0)
		return fail_errno(err, r, "connect to init of container \"%s\"", l->container.id);
	/* Removes the socket before the turn is passed: a socket does not show whether INIT still
	 * waits. */
	if (from_socket && unlinkat(l->container.state_fd, "start", 0) < 0)
		return fail_errno(err, errno, "remove \"start\"");
	l->container.pid = (pid_t)l->container.record.pid;
	return 0;
}

/* Opens what the caller's handle needs before INIT gets its turn: after an error the container can
 * still be started. */
static int open_for_process(struct life *l, struct nacre_error *err)
{
	struct nacre_error why;
	int r = 0;

	if (l->container.record.cgroup && l->container.cgroup.fd < 0)
		r = record_open_cgroup(&l->container.record, &l->container.cgroup, &why);
	r = fail_except(r, ENOENT, &why, err);
	if (r < 0)
		return r;
	if (!(l->container.record.active & NOTIFY))
		return 0;
	l->notify_socket = notify_listen(l->container.state_fd, err);
	return l->notify_socket < 0 ? l->notify_socket : 0;
}

static int check_status(enum container_status status, struct nacre_error *err)
{
	if (status == STATUS_CREATED)
		return 0;
	return fail(err, EBUSY,
		status == STATUS_STOPPED ? "cannot start a container that has stopped"
		: status == STATUS_CREATING
			? "cannot start a container whose creation was not finished"
			: "cannot start an already running container");
}

/* Checks everything before anything is done. */
static int prepare(struct life *l, struct claiming *claiming, struct nacre_error *err)
{
	const uint64_t active = l->container.record.active;
	int r = life_may_start(l, err);

	if (r == 0)
		r = claim_check(l, claiming ? claiming->options : NULL, err);
	/* The tracer is forked without exec. */
	if (r == 0 && active & TRACE)
		r = container_refuse_threads(err);
	if (r == 0 && (claiming || active & (HOOKS_POSTSTART | SECCOMP_NOTIFY | TRACE |
						    LIMITS_FROM_OUTSIDE)))
		r = container_load_process(l, err);
	if (r == 0 && claiming)
		r = claim_plan(l, claiming, err);
	return r < 0 ? r : audit_open(&l->container, err);
}

/* Passes the turn, and records the result. */
static int begin(struct life *l, struct claiming *claiming, struct nacre_error *err)
{
	struct audit_event event = {.event = "start", .pid = l->container.record.pid};
	int r = claiming ? claim_perform(l, claiming, err) : 0;

	if (r == 0)
		r = life_start(l, err);
	if (claiming)
		claim_tell(l, claiming, &event);
	return audit_result(l, &event, r, step_kill_init, err);
}

/* CLAIMING NULL: starts the config's process. PROCESS NULL: the caller wants no handle. */
static int start(struct nacre *nacre, const char *id, struct claiming *claiming,
	struct nacre_process *process, struct nacre_error *err)
{
	struct nacre_error undo;
	bool destroy;
	enum container_status status;
	struct life l;
	int r;

	life_init(&l);
	r = container_open(nacre, id, CONTAINER_LOCKED, &l.container, &status, err);
	if (r == 0)
		r = check_status(status, err);
	if (r == 0)
		r = prepare(&l, claiming, err);
	if (r == 0 && process)
		r = open_for_process(&l, err);
	if (r == 0)
		r = connect_to_init(&l, err);
	if (r == 0)
		r = begin(&l, claiming, err);
	if (r == 0 && process)
		process_take(process, &l, true);
	destroy = r < 0 && l.started;
	life_done(&l);
	/* runtime.md, Lifecycle 9: after a failed poststart hook the lifecycle continues at step
	 * 12. */
	if (destroy && nacre_delete(nacre, id, true, &undo) < 0)
		nacre->callbacks.warn(nacre->callbacks.data, undo.text);
	return r;
}

static int start_for(struct nacre *nacre, const char *id, struct claiming *claiming,
	struct nacre_process **ret_process, struct nacre_error *err)
{
	cleanup_free struct nacre_process *process = ret_process ? process_new() : NULL;
	int r;

	if (ret_process && !process)
		return fail_errno(err, ENOMEM, "start");
	r = start(nacre, id, claiming, process, err);
	if (r == 0 && ret_process)
		*ret_process = steal_ptr(process);
	return r;
}

int nacre_start(struct nacre *nacre, const char *id, struct nacre_process **ret_process,
	struct nacre_error *err)
{
	return start_for(nacre, id, NULL, ret_process, err);
}

int nacre_start_late(struct nacre *nacre, const char *id, const struct nacre_start_options *given,
	struct nacre_process **ret_process, struct nacre_error *err)
{
	struct nacre_start_options options;
	struct claiming claiming = {.options = &options, .egress = {.relay_fd = -1}};
	int r = options_take_start(given, &options, err);

	if (r == 0)
		r = claim_read(&claiming, err);
	if (r < 0)
		return r;
	r = start_for(nacre, id, &claiming, ret_process, err);
	claim_done(&claiming);
	return r;
}
