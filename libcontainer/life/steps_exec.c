/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/exec_cgroup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/pivot.h"
#include "libcontainer/process/scheduling.h"

/* The rows that only life_exec_steps has: one more process in a running container. */

int step_make_exec_cgroup(struct life *l, struct nacre_error *err)
{
	struct nacre_error why;
	int r;

	if (l->container.cgroup.fd < 0)
		return fail(err, ENOTSUP,
			"--own-cgroup, --timeout and --kill-on-exit: container \"%s\" has no "
			"cgroup",
			l->container.id);
	r = exec_cgroup_make(&l->container.cgroup, &l->exec_cgroup, &why);
	if (r == 0)
		return 0;
	if (l->options->exec_cgroup_asked || !exec_cgroup_is_forbidden(r)) {
		*err = why;
		return r;
	}
	(void)fail_prefix(&why, "exec shares the container's cgroup");
	container_warn(&l->container, why.text);
	return 0;
}

int step_drop_exec_cgroup(struct life *l, struct nacre_error *err)
{
	return l->exec_cgroup.fd < 0 ? 0 : cgroup_destroy(&l->exec_cgroup, err);
}

int step_start_watcher(struct life *l, struct nacre_error *err)
{
	return exec_cgroup_watch(&l->exec_cgroup, err);
}

/* A container that manages cgroups (such as systemd) moves its processes to cgroups below and
 * enables controllers in its own, which then takes no process. The new process is started in the
 * cgroup of the container's init instead. */
static int follow_init(struct life *l, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r;

	r = cgroup_of_process((pid_t)l->container.record.pid, path, err);
	if (r < 0)
		return r;
	cgroup_close(&l->container.cgroup);
	if (cgroup_open(path, &l->container.cgroup, err) < 0)
		return fail(err, EBUSY, "cgroup %s of the container's init went away", path);
	l->oom_kills = cgroup_oom_kills(&l->container.cgroup);
	l->namespaces.cgroup_fd = l->container.cgroup.fd;
	return 0;
}

/* A cgroup below one with threaded cgroups cannot hold processes: the container's own cgroup is
 * used instead. */
static int leave_own_cgroup(struct life *l, struct nacre_error *err)
{
	struct nacre_error ignored;

	if (l->options->exec_cgroup_asked)
		return fail_prefix(err, "--own-cgroup: the container has threaded cgroups");
	(void)step_drop_exec_cgroup(l, &ignored);
	cgroup_close(&l->exec_cgroup);
	l->namespaces.cgroup_fd = l->container.cgroup.fd;
	return step_spawn(l, life_exec_steps, err);
}

static int spawn_where_it_may(struct life *l, struct nacre_error *err)
{
	struct nacre_error why;
	int r = step_spawn(l, life_exec_steps, &why);

	if (r == -EOPNOTSUPP && l->exec_cgroup.fd >= 0)
		r = leave_own_cgroup(l, &why);
	if (r == -EBUSY && !l->options->cgroup && follow_init(l, &why) == 0)
		r = step_spawn(l, life_exec_steps, &why);
	if (r < 0)
		*err = why;
	return r;
}

int step_spawn_joined(struct life *l, struct nacre_error *err)
{
	if (!(l->container.record.active & ATTACH))
		l->namespaces.cgroup_fd = l->exec_cgroup.fd < 0 ? l->container.cgroup.fd
								: l->exec_cgroup.fd;
	if (!(l->join_flags & CLONE_NEWNS)) {
		/* A container without a mount namespace of its own is in a chroot. */
		char path[32];

		(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)l->container.record.pid);
		l->rootfs_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (l->rootfs_fd < 0)
			return fail_errno(err, errno, "open the container's root");
	}
	return spawn_where_it_may(l, err);
}

/* config.md, execCPUAffinity. INIT is born in the container's cgroup, so both affinities apply
 * there. */
int step_set_initial_affinity(struct life *l, struct nacre_error *err)
{
	const struct oci_cpu_affinity *affinity = l->process->exec_cpu_affinity;

	return affinity ? scheduling_apply_affinity(affinity->initial, err) : 0;
}

int step_set_final_affinity(struct life *l, struct nacre_error *err)
{
	const struct oci_cpu_affinity *affinity = l->process->exec_cpu_affinity;

	return affinity ? scheduling_apply_affinity(affinity->final, err) : 0;
}

/* Joins all namespaces. INIT itself stays outside of the pid namespace: its child will be inside.
 */
int step_join_namespaces(struct life *l, struct nacre_error *err)
{
	int r = step_open_own_proc(l, err);

	if (r == 0)
		r = namespaces_join_process(l->init_pidfd, l->join_flags, err);

	if (r < 0)
		return r;
	fd_close(&l->init_pidfd);
	r = l->rootfs_fd >= 0 ? pivot_chroot(l->rootfs_fd, err) : 0;
	if (r < 0)
		return r;
	fd_close(&l->rootfs_fd);
	fd_close(&l->container.cgroup.fd);
	return l->join_flags & CLONE_NEWUSER ? step_become_root(l, err) : 0;
}

int step_open_joined_terminal(struct life *l, struct nacre_error *err)
{
	cleanup_close int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root_fd < 0)
		return fail_errno(err, errno, "open the container's root");
	r = terminal_open(root_fd, step_terminal_size(l), &l->terminal, err);
	if (r < 0)
		return r;
	return step_send_terminal(l, err);
}
