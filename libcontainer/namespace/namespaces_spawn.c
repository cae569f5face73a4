/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"

/* Explains an errno of clone3 and suggests a remedy. */
static int clone_failed(struct nacre_error *err, int code, uint64_t flags)
{
	/* clang-format off */
	static const struct {
		int code;
		uint64_t flag; /* 0: any */
		const char *hint;
	} hints[] = {
		{EPERM, CLONE_NEWUSER, "are user namespaces allowed? nacre check tries one"},
		{EPERM, 0, "needs CAP_SYS_ADMIN, or a user namespace in linux.namespaces, which nacre spec --rootless writes"},
		{ENOSPC, 0, "a limit user.max_*_namespaces is reached, or namespaces are nested 32 deep"},
		{EINVAL, 0, "does the kernel have every kind of namespace that was asked for?"},
		{EAGAIN, 0, "is pids.max of the cgroup, kernel.pid_max or RLIMIT_NPROC reached?"},
		{EBUSY, CLONE_INTO_CGROUP, "the cgroup has child cgroups with controllers enabled"},
		{EOPNOTSUPP, CLONE_INTO_CGROUP, "the cgroup's type takes no processes (see cgroup.type)"},
		{ENODEV, CLONE_INTO_CGROUP, "the cgroup was removed"},
		{EACCES, CLONE_INTO_CGROUP, "the cgroup's cgroup.procs may not be written"},
		{ENOMEM, 0, "or the pid namespace that is joined has no init any more"},
	};
	/* clang-format on */

	code = -code;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].code == code && (!hints[i].flag || hints[i].flag & flags))
			return fail(err, code, "%s: %s: %s",
				flags & CLONE_PIDFD ? "clone3" : "unshare", strerror(code),
				hints[i].hint);
	return fail_errno(err, code, "%s", flags & CLONE_PIDFD ? "clone3" : "unshare");
}

static pid_t spawn_directly(
	const struct namespace_plan *plan, int new_flags, int *ret_pidfd, struct nacre_error *err)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = (unsigned)new_flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (plan->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)plan->cgroup_fd;
	}
	pid = sys_clone3(&args);
	if (pid < 0)
		return clone_failed(err, pid, args.flags);
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

/* The result of the middle process for the caller, in shared memory. */
struct middle_result {
	pid_t pid;
	int pidfd;
	struct nacre_error err;
};

static int join_type(const struct namespace_plan *plan, int i, struct nacre_error *err)
{
	if (setns(plan->join_fds[i], namespace_types[i].clone_flag) < 0)
		return fail_errno(err, errno, "setns %s namespace", namespace_types[i].name);
	return 0;
}

static int user_index(void)
{
	int i = 0;

	while (namespace_types[i].clone_flag != CLONE_NEWUSER)
		i++;
	return i;
}

/*
 * Joins in an order that works for both kinds of callers. The host's root may join namespaces of
 * any owner, but only before it enters the user namespace. An unprivileged caller may join
 * namespaces that the user namespace owns, but only after it has entered that. So it tries the
 * others first, then joins the user namespace, then tries again those that were refused.
 */
static int join_all(const struct namespace_plan *plan, struct nacre_error *err)
{
	const int user = user_index();
	int pending = 0;
	int r;

	for (int i = 0; namespace_types[i].name; i++) {
		if (i == user || plan->join_fds[i] < 0)
			continue;
		r = join_type(plan, i, err);
		if (r == -EPERM && plan->join_fds[user] >= 0)
			pending |= namespace_types[i].clone_flag;
		else if (r < 0)
			return r;
	}
	if (plan->join_fds[user] >= 0) {
		r = join_type(plan, user, err);
		if (r < 0)
			return r;
	}
	for (int i = 0; namespace_types[i].name; i++) {
		if (!(pending & namespace_types[i].clone_flag))
			continue;
		r = join_type(plan, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int append_offset(
	char *text, size_t size, const char *clock, const struct oci_time_offset *offset)
{
	if (!offset)
		return 0;
	return snprintf(text, size, "%s %lld %u\n", clock, (long long)offset->secs.value,
		offset->nanosecs.value);
}

/* Writes the offsets, which the kernel accepts only while no process is in the time namespace:
 * time_namespaces(7). */
static int set_time_offsets(int fd, const struct oci_time_offsets *offsets, struct nacre_error *err)
{
	char text[128];
	int used = append_offset(text, sizeof(text), "monotonic", offsets->monotonic);
	int r;

	used += append_offset(
		text + used, sizeof(text) - (size_t)used, "boottime", offsets->boottime);
	r = file_write_all(fd, text, (size_t)used);
	if (r < 0)
		return fail_errno(err, r, "linux.timeOffsets: write /proc/self/timens_offsets");
	return 0;
}

/* Joins namespaces. *RET_LEFT: the new namespaces that must still be made. */
static int join(const struct namespace_plan *plan, int *ret_left, struct nacre_error *err)
{
	cleanup_close int offsets = -1;
	int r;

	*ret_left = plan->new_flags & ~plan->late_flags;

	/* Opens it before joining a mount namespace whose /proc may be another. */
	if (plan->time_offsets) {
		offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
		if (offsets < 0)
			return fail_errno(
				err, errno, "linux.timeOffsets: open /proc/self/timens_offsets");
	}
	r = join_all(plan, err);
	if (r < 0)
		return r;
	if (plan->time_offsets) {
		/* The user namespace comes along, so that it owns the time namespace, and because
		 * without privilege there is no other way. */
		const int flags = CLONE_NEWTIME | (plan->new_flags & CLONE_NEWUSER);

		if (unshare(flags) < 0)
			return clone_failed(err, -errno, (unsigned)flags);
		r = set_time_offsets(offsets, plan->time_offsets, err);
		if (r < 0)
			return r;
		*ret_left &= ~flags;
	}
	return 0;
}

int namespaces_stay_outside(struct namespace_plan *plan, struct nacre_error *err)
{
	int r;

	if (!(plan->join_flags & CLONE_NEWPID))
		return 0;
	r = procfs_takes_pidns(namespaces_joined_pid(plan), err);
	if (r >= 0)
		plan->outside = r > 0;
	return r < 0 ? r : 0;
}

int namespaces_enter(const struct namespace_plan *plan, struct nacre_error *err)
{
	int left;
	int r = join(plan, &left, err);

	if (r < 0)
		return r;
	return left && unshare(left) < 0 ? clone_failed(err, -errno, (unsigned)left) : 0;
}

int namespaces_make_late(const struct namespace_plan *plan, struct nacre_error *err)
{
	const int late = plan->late_flags;

	return late && unshare(late) < 0 ? clone_failed(err, -errno, (unsigned)late) : 0;
}

/* Joins in the middle process, then makes init. Returns like fork(2). */
static pid_t make_init(const struct namespace_plan *plan, struct middle_result *result)
{
	struct nacre_error *err = &result->err;
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_PARENT,
		.pidfd = (uintptr_t)&result->pidfd,
	};
	pid_t pid;
	int left;
	int r = join(plan, &left, err);

	if (r < 0)
		return r;
	args.flags |= (unsigned)left;
	pid = sys_clone3(&args);
	if (pid < 0)
		return clone_failed(err, pid, args.flags);
	if (pid > 0)
		result->pid = pid;
	return pid;
}

static pid_t reap_middle(
	pid_t middle, struct middle_result *result, int *ret_pidfd, struct nacre_error *err)
{
	int status = 0;

	/* ECHILD if the caller ignores SIGCHLD: the wait was done all the same. */
	while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	if (result->pid > 0) {
		*ret_pidfd = result->pidfd;
		return result->pid;
	}
	if (result->pidfd >= 0) {
		(void)sys_pidfd_send_signal(result->pidfd, SIGKILL);
		fd_close(&result->pidfd);
	}
	if (result->err.code) {
		*err = result->err;
		return -result->err.code;
	}
	return fail(
		err, EIO, "the process that joins the namespaces died: wait status %#x", status);
}

/* Shares the fd table with the middle process, so that the pidfd that it gets is the caller's.
 * Memory is not shared, since setns(CLONE_NEWTIME) would fail. The middle process is made inside
 * the cgroup, because a cgroup namespace that it joins may hide the cgroup. */
static pid_t spawn_joined(
	const struct namespace_plan *plan, int *ret_pidfd, struct nacre_error *err)
{
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	struct middle_result *result;
	pid_t pid;

	if (plan->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)plan->cgroup_fd;
	}
	result = mmap(
		NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED)
		return fail_errno(err, errno, "mmap");
	result->pidfd = -1;
	pid = sys_clone3(&args);
	if (pid < 0) {
		pid = clone_failed(err, pid, args.flags);
	} else if (pid == 0) {
		pid = make_init(plan, result);
		if (pid != 0)
			_exit(pid < 0);
	} else {
		pid = reap_middle(pid, result, ret_pidfd, err);
	}
	(void)munmap(result, sizeof(*result));
	return pid;
}

pid_t namespaces_spawn(const struct namespace_plan *plan, int *ret_pidfd, struct nacre_error *err)
{
	if (plan->outside)
		return spawn_directly(plan, 0, ret_pidfd, err);
	if (!plan->join_flags && !plan->time_offsets)
		return spawn_directly(plan, plan->new_flags & ~plan->late_flags, ret_pidfd, err);
	return spawn_joined(plan, ret_pidfd, err);
}
