/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/exec_cgroup.h"
#include "specs/profiles.h"

/* Counts where the kernel does: in a cgroup with the memory controller, including those below it. A
 * removed cgroup counts nothing. */
static uint64_t oom_kills(const struct nacre_process *process)
{
	uint64_t own = cgroup_oom_kills(&process->own);
	uint64_t now = own ? 0 : cgroup_oom_kills(&process->cgroup);

	if (own)
		return own;
	return now > process->oom_kills ? now - process->oom_kills : 0;
}

struct nacre_process *process_new(void)
{
	struct nacre_process *process = malloc(sizeof(*process));

	if (process)
		*process = (struct nacre_process){
			.pidfd = -1,
			.console = -1,
			.notify = -1,
			.cgroup = CGROUP_CLOSED,
			.own = CGROUP_CLOSED,
		};
	return process;
}

/* Returns the profile that added the memory limit to the stored config. */
static const char *limited_by(const struct container *c)
{
	const struct profile *profile = profile_find(c->record.profile ? c->record.profile : "");

	return profile && c->config && oci_limits_of_profile(c->config) & OCI_LIMIT_MEMORY
		       ? profile->name
		       : NULL;
}

void process_take(struct nacre_process *process, struct life *l, bool is_container)
{
	*process = (struct nacre_process){
		.pid = l->container.pid,
		.pidfd = fd_steal(&l->container.pidfd),
		.console = fd_steal(&l->terminal.master),
		.notify = fd_steal(&l->notify_socket),
		.audited = l->container.record.audit.n > 0 ||
			   (is_container && receipt_is_planned(l->container.state_fd)),
		.cgroup = l->container.cgroup,
		.own = l->exec_cgroup,
		.is_container = is_container,
		.killed = l->container.record.active & KILL_ON_EXIT,
		.oom_kills = l->oom_kills,
		.limited_by = limited_by(&l->container),
	};
	l->container.cgroup = CGROUP_CLOSED;
	l->exec_cgroup = CGROUP_CLOSED;
}

pid_t nacre_process_pid(const struct nacre_process *process)
{
	return process->pid;
}

int nacre_process_pidfd(const struct nacre_process *process)
{
	return process->pidfd;
}

bool nacre_process_audited(const struct nacre_process *process)
{
	return process->audited;
}

int nacre_process_take_console(struct nacre_process *process)
{
	return fd_steal(&process->console);
}

int nacre_process_take_notify(struct nacre_process *process)
{
	return fd_steal(&process->notify);
}

int nacre_process_kill(struct nacre_process *process, struct nacre_error *err)
{
	const struct cgroup *cgroup = NULL;
	int r = 0;

	if (process->own.fd >= 0)
		cgroup = &process->own;
	else if (process->is_container)
		cgroup = &process->cgroup;
	if (cgroup && cgroup->fd >= 0) {
		process->killed = true;
		r = cgroup_kill(cgroup, err);
	}
	if (r < 0)
		return r;
	/* A process of a container with a cgroup tree of its own can leave the cgroup. */
	r = sys_pidfd_send_signal(process->pidfd, SIGKILL);
	return r < 0 && r != -ESRCH ? fail_errno(err, r, "kill process %d", (int)process->pid) : 0;
}

int nacre_process_explain(const struct nacre_process *process, struct nacre_error *ret_why)
{
	cleanup_free char *limit = NULL;
	struct nacre_error ignored; /* the limit is in a cgroup above, which this does not report */

	if (oom_kills(process) == 0)
		return 0;
	if (file_read(process->cgroup.fd, "memory.max", 64, &limit, NULL, &ignored) == 0)
		limit[strcspn(limit, "\n")] = '\0';
	(void)fail(ret_why, ENOMEM,
		"%s was OOM-killed: its memory limit is %s (%s%s%slinux.resources.memory.limit)",
		process->is_container ? "container init" : "exec process",
		limit ? limit : "set by a cgroup above it",
		process->limited_by ? "of profile " : "",
		process->limited_by ? process->limited_by : "",
		process->limited_by ? "; another is set by " : "");
	return 1;
}

void nacre_process_release(struct nacre_process *process)
{
	struct nacre_error ignored; /* the rest is removed with the container */

	if (!process)
		return;
	fd_close(&process->console);
	fd_close(&process->pidfd);
	fd_close(&process->notify);
	if (process->own.fd >= 0 && process->killed)
		(void)cgroup_destroy(&process->own, &ignored);
	else if (process->own.fd >= 0)
		exec_cgroup_leave(&process->own);
	cgroup_close(&process->own);
	cgroup_close(&process->cgroup);
	free(process);
}
