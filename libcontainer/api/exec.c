/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/api/exec_process.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/process.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/plan.h"
#include "libcontainer/life/start_pipe.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/process/lsm.h"
#include "libcontainer/process/program.h"
#include "libcontainer/process/rlimits.h"
#include "specs/harden.h"
#include "specs/profiles.h"
#include "specs/validate.h"

#define END_WAIT_MS 1000

enum {
	CHILDREN_MAX = 4 * 1024 * 1024, /* bytes */
};

/* nacre_exec: one more process in a running container. */

/* The profile of create applies to exec too. */
static int tighten(struct life *l, const struct oci_process *process, struct nacre_error *err)
{
	struct harden_report *report;
	struct harden_request request;
	struct oci_process *tightened;
	int r;

	r = container_request(&l->container, &request, err);
	if (r >= 0)
		r = harden_process(l->container.arena, process, &request, &tightened, &report, err);
	if (r >= 0)
		r = harden_egress_check_exec(l->container.config, tightened, err);
	if (r >= 0 && harden_egress_holds(l->container.config->nacre))
		r = program_refuse_sockets(tightened->terminal, l->options->preserve_fds, err);
	if (r < 0)
		return r;
	harden_report_warn(
		report, false, l->container.callbacks->warn, l->container.callbacks->data);
	l->process = tightened;
	return seccomp_own_program(
		l->container.arena, l->container.config->nacre, &l->own_filter, err);
}

static int find_cgroup(struct life *l, const char *below, struct nacre_error *err)
{
	const char *path = l->container.record.cgroup;
	char path_of_init[PATH_MAX];
	int r;

	if (!path && (below || l->options->exec_cgroup_asked))
		return fail(err, ENOTSUP, "container \"%s\" has no cgroup", l->container.id);
	if (!path)
		return 0;
	if (below && *below && strcmp(below, "/") != 0) {
		if (strstr(below, ".."))
			return fail(err, EINVAL, "bad sub cgroup path: %s", below);
		path = arena_printf(l->container.arena, "%s/%s", path, below + (*below == '/'));
		if (!path)
			return fail_errno(err, ENOMEM, "exec");
	}
	r = cgroup_open(path, &l->container.cgroup, err);
	/* INIT has moved elsewhere, and its first cgroup was removed. */
	if (r == -ENOENT && !below &&
		cgroup_of_process((pid_t)l->container.record.pid, path_of_init, err) == 0) {
		path = path_of_init;
		r = cgroup_open(path, &l->container.cgroup, err);
	}
	return r == -ENOENT ? fail_errno(err, ENOENT, "open cgroup %s", path) : r;
}

/* A process from before the claim would live on beside the new owner, keep its access to the
 * workspace, and see what an unfinished claim has brought. So even a paused container is refused.
 */
static int refuse_unclaimed(const struct container *c, struct nacre_error *err)
{
	struct start_pipe pipe = START_PIPE_CLOSED;
	struct nacre_error why;
	int r = c->record.active & LATE ? start_pipe_open(c->state_fd, &pipe, &why) : -ENOENT;

	start_pipe_close(&pipe);
	if (r == 0)
		return fail(err, EPERM,
			"container \"%s\" waits for its program: start it first, with --process "
			"FILE",
			c->id);
	return r == -ENXIO ? 0 : fail_except(r, ENOENT, &why, err);
}

static int may_exec(const struct container *c, enum container_status status, bool ignore_paused,
	struct nacre_error *err)
{
	switch (status) {
	case STATUS_CREATED:
		/* A process that is executed beside this INIT could take it over. */
		return c->record.start_version != START_VERSION_OF_SOCKET
			       ? 0
			       : fail(err, EPERM,
					 "container \"%s\" was created by an older nacre and waits "
					 "for its start, and until then its init has more rights "
					 "than its program: start it first",
					 c->id);
	case STATUS_RUNNING:
		return 0;
	case STATUS_PAUSED:
		return ignore_paused
			       ? 0
			       : fail(err, EBUSY,
					 "cannot exec in a paused container (use --ignore-paused "
					 "to override)");
	case STATUS_CREATING:
		return fail(err, EBUSY, "cannot exec in a container that is being created");
	case STATUS_STOPPED:
		break;
	}
	return fail(err, ESRCH, "cannot exec in a stopped container");
}

/* `run` writes its record while INIT still works. Before the pivot the root of INIT is the host's,
 * and a process that joined its mount namespace then would be in the host's filesystem. */
static int check_inside(const struct life *l, struct nacre_error *err)
{
	struct stat own, other;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)l->container.record.pid);
	if (stat("/", &own) < 0)
		return fail_errno(err, errno, "stat /");
	if (stat(path, &other) < 0)
		return fail_errno(err, errno, "stat %s%s", path,
			errno == EACCES ? " (only root can exec before the container's program "
					  "runs)"
					: "");
	if (own.st_dev == other.st_dev && own.st_ino == other.st_ino)
		return fail(err, EBUSY, "cannot exec in a container that is being created");
	return 0;
}

/* Returns the oldest child of PID; 0: none. */
static pid_t first_child(int64_t pid, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	r = file_read(AT_FDCWD, path, CHILDREN_MAX, &text, NULL, err);
	return r < 0 ? r : (pid_t)strtol(text, NULL, 10);
}

/* nacre's own pid 1 is not dumpable. Its first child is in the same namespaces, so exec joins those
 * of the child. */
static int take_program(struct life *l, struct nacre_error *err)
{
	struct container_record *record = &l->container.record;
	cleanup_close int pidfd = -1;
	pid_t pid, again;

	if (!(record->active & REAPER))
		return 0;
	pid = first_child(record->pid, err);
	pidfd = pid > 0 ? sys_pidfd_open(pid) : -ESRCH;
	/* If it is still the first child, PIDFD is of no later process with the same pid. */
	again = pidfd < 0 ? 0 : first_child(record->pid, err);
	if (pid < 0 || again < 0)
		return pid < 0 ? pid : again;
	if (again == 0 || again != pid)
		return fail(err, ESRCH, "cannot exec in a stopped container");
	fd_close(&l->init_pidfd);
	l->init_pidfd = fd_steal(&pidfd);
	record->pid = pid;
	return 0;
}

static int prepare_exec(
	struct life *l, const struct nacre_exec_options *options, struct nacre_error *err)
{
	struct oci_process *process;
	bool traced;
	int r;

	r = container_refuse_threads(err);
	if (r == 0)
		r = container_load_process(l, err);
	if (r == 0)
		r = exec_process_make(&l->container, options, &process, err);
	if (r == 0)
		r = oci_process_validate(process, err);
	if (r == 0)
		r = tighten(l, process, err);
	if (r == 0)
		r = prepare_check_terminal(
			l->process->terminal, options->detach, options->console_socket, err);
	if (r < 0)
		return r;
	if (options->kill_on_exit && options->detach)
		return fail(err, EINVAL, "--kill-on-exit: a detached command ends at once");
	l->container.pidfd = -1;
	l->init_pidfd = r = record_open_pidfd(&l->container.record, err);
	if (r == -ESRCH)
		return fail(err, ESRCH, "cannot exec in a stopped container");
	if (r >= 0)
		r = take_program(l, err);
	if (r >= 0)
		r = check_inside(l, err);
	if (r < 0)
		return r;
	r = namespaces_differ((pid_t)l->container.record.pid, &l->join_flags, err);
	if (r < 0)
		return r;
	/* The conditions of this process replace those of the container. */
	traced = l->container.record.active & TRACE;
	l->container.record.active = plan_join(
		l->container.config, l->process, l->options, l->join_flags & CLONE_NEWPID);
	r = trace_exec(l, traced, err);
	if (r < 0)
		return r;
	r = find_cgroup(l, options->cgroup, err);
	if (r < 0)
		return r;
	l->oom_kills = cgroup_oom_kills(&l->container.cgroup);
	return 0;
}

/* If the container's first process has ended, that is the reason of any failure. A process that
 * ends loses its files, and is not found any more (GONE), before its end can be seen. */
static int explain_end(const struct life *l, int r, int gone, struct nacre_error *err)
{
	if (r >= 0 || l->init_pidfd < 0 ||
		pidfd_wait_end(l->init_pidfd, r == -ESRCH || r == -gone ? END_WAIT_MS : 0) <= 0)
		return r;
	(void)fail_prefix(err, "container is not running");
	err->code = ESRCH;
	return -ESRCH;
}

/* The default for an exec that the caller waits for, under a profile that hardens. After a detached
 * exec nobody would kill the cgroup. */
static bool wants_own_cgroup(const struct life *l, const struct nacre_exec_options *options)
{
	const struct profile *profile = profile_find(
		l->container.record.profile ? l->container.record.profile : "");

	return l->container.record.cgroup && profile && profile_hardens(profile) &&
	       !options->cgroup && !options->detach;
}

static int exec(struct nacre *nacre, const char *id, const struct nacre_exec_options *options,
	struct nacre_process *process, struct nacre_error *err)
{
	struct life_options life_options = {
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.pidfd_socket = options->pidfd_socket,
		.preserve_fds = options->preserve_fds,
		.cgroup = options->cgroup,
		.exec_cgroup_asked = options->exec_cgroup || options->kill_on_exit,
		.kill_on_exit = options->kill_on_exit,
		.no_new_keyring = true, /* exec keeps the caller's keyring, like runc */
		.window = {options->window.rows, options->window.columns},
		.bare_newlines = options->window.bare_newlines,
		.limits_others = rlimits_may_limit_others(),
	};
	struct audit_event event = {.event = "exec"};
	enum container_status status;
	struct life l;
	int r;

	life_init(&l);
	r = container_open(nacre, id, CONTAINER_UNLOCKED, &l.container, &status, err);
	l.options = &life_options;
	life_options.exec_cgroup = life_options.exec_cgroup_asked || wants_own_cgroup(&l, options);
	/* A process of a user may not leave by itself the cgroup of the login session. */
	life_options.attach = l.container.record.user_unit;
	if (r == 0 && !process)
		r = fail_errno(err, ENOMEM, "exec");
	if (r == 0)
		r = refuse_unclaimed(&l.container, err);
	if (r == 0)
		r = may_exec(&l.container, status, options->ignore_paused, err);
	if (r == 0)
		r = explain_end(&l, prepare_exec(&l, options, err), ENOENT, err);
	if (r == 0)
		r = audit_open(&l.container, err);
	if (r == 0)
		r = receipt_note_exec(l.container.state_fd, err);
	if (r == 0) {
		r = explain_end(&l, life_exec(&l, err), ESRCH, err);
		event.args = l.process->args;
		event.pid = l.container.pid;
		r = audit_result(&l, &event, r, life_exec_undo, err);
	}
	if (r == 0)
		process_take(process, &l, false);
	life_done(&l);
	return r;
}

int nacre_exec(struct nacre *nacre, const char *id, const struct nacre_exec_options *given,
	struct nacre_process **ret_process, struct nacre_error *err)
{
	cleanup_free struct nacre_process *process = process_new();
	struct nacre_exec_options options;
	int r = options_take_exec(given, &options, err);

	if (r == 0)
		r = exec(nacre, id, &options, process, err);
	if (r == 0)
		*ret_process = steal_ptr(process);
	return r;
}
