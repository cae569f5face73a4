/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/exec_cgroup.h"

/* What a process that run or exec started is part of: nacre_process_kill, _explain and _release. */

struct nacre_process_group {
	struct cgroup cgroup; /* of the container */
	struct cgroup own; /* of an exec; closed: it has none */
	bool is_container; /* the process is the container's first one */
	bool killed;
	uint64_t oom_kills; /* before it was started */
};

/* Where the kernel counts: in a cgroup that has the memory controller, with all below it. */
static uint64_t oom_kills(const struct nacre_process_group *tree)
{
	uint64_t own = cgroup_oom_kills(&tree->own);

	return own ? own : cgroup_oom_kills(&tree->cgroup) - tree->oom_kills;
}

struct nacre_process_group *process_group_new(void)
{
	return calloc(1, sizeof(struct nacre_process_group));
}

void process_group_take(struct nacre_process_group *tree, struct life *l, bool is_container)
{
	*tree = (struct nacre_process_group){
		.cgroup = l->container.cgroup,
		.own = l->exec_cgroup,
		.is_container = is_container,
		.killed = l->container.record.active & KILL_ON_EXIT,
		.oom_kills = l->oom_kills,
	};
	l->container.cgroup = CGROUP_CLOSED;
	l->exec_cgroup = CGROUP_CLOSED;
}

int nacre_process_kill(const struct nacre_process *process, struct nacre_error *err)
{
	struct nacre_process_group *tree = process->tree;
	const struct cgroup *cgroup = NULL;
	int result;

	if (tree && tree->own.fd >= 0)
		cgroup = &tree->own;
	else if (tree && tree->is_container)
		cgroup = &tree->cgroup;
	if (cgroup && cgroup->fd >= 0) {
		tree->killed = true;
		return cgroup_kill(cgroup, err);
	}
	result = sys_pidfd_send_signal(process->pidfd, SIGKILL);
	return result < 0 && result != -ESRCH
		       ? fail_errno(err, result, "kill process %d", (int)process->pid)
		       : 0;
}

int nacre_process_explain(const struct nacre_process *process, struct nacre_error *ret_why)
{
	const struct nacre_process_group *tree = process->tree;
	cleanup_free char *limit = NULL;
	struct nacre_error ignored; /* a limit further up, of which this tells nothing */

	if (!tree || oom_kills(tree) == 0)
		return 0;
	if (file_read(tree->cgroup.fd, "memory.max", 64, &limit, NULL, &ignored) == 0)
		limit[strcspn(limit, "\n")] = '\0';
	(void)fail(ret_why, ENOMEM,
		"%s was OOM-killed: its memory limit is %s (linux.resources.memory.limit)",
		tree->is_container ? "container init" : "exec process",
		limit ? limit : "that of a cgroup above it");
	return 1;
}

void nacre_process_release(struct nacre_process *process)
{
	struct nacre_process_group *tree = process->tree;
	struct nacre_error ignored; /* what stays is removed with the container */

	fd_close(&process->console);
	fd_close(&process->pidfd);
	fd_close(&process->notify);
	process->tree = NULL;
	if (!tree)
		return;
	if (tree->own.fd >= 0 && tree->killed)
		(void)cgroup_destroy(&tree->own, &ignored);
	else if (tree->own.fd >= 0)
		exec_cgroup_leave(&tree->own);
	cgroup_close(&tree->own);
	cgroup_close(&tree->cgroup);
	free(tree);
}
