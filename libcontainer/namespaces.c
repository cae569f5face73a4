/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "libcontainer/cleanup.h"
#include "libcontainer/files.h"
#include "libcontainer/sys.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* clang-format off */
const struct namespace_type namespace_types[] = {
	{"user",    "user",   CLONE_NEWUSER},
	{"pid",     "pid",    CLONE_NEWPID},
	{"network", "net",    CLONE_NEWNET},
	{"ipc",     "ipc",    CLONE_NEWIPC},
	{"uts",     "uts",    CLONE_NEWUTS},
	{"cgroup",  "cgroup", CLONE_NEWCGROUP},
	{"time",    "time",   CLONE_NEWTIME},
	{"mount",   "mnt",    CLONE_NEWNS},
	{NULL,      NULL,     0},
};
/* clang-format on */

static int type_index(const char *name)
{
	for (int i = 0; namespace_types[i].name; i++)
		if (strcmp(namespace_types[i].name, name) == 0)
			return i;
	return -1;
}

/* O_NONBLOCK and the statfs come before the ioctl: the path is the config's and may be a FIFO or
 * any device, whose ioctls would mean something else. */
static int open_namespace(
	const struct namespace_type *type, const char *path, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	struct statfs fs;
	int flag;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail_errno(err, errno, "open %s namespace %s", type->name, path);
	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, errno, "statfs %s", path);
	if (fs.f_type != NSFS_MAGIC)
		return fail(err, EINVAL, "%s namespace %s: not a namespace file", type->name, path);
	flag = ioctl(fd, NS_GET_NSTYPE);
	if (flag < 0)
		return fail_errno(err, errno, "type of namespace %s", path);
	if (flag != type->clone_flag)
		return fail(err, EINVAL, "%s namespace %s: a namespace of another type", type->name,
			path);
	return steal_fd(&fd);
}

static bool is_own(const struct namespace_type *type, int fd)
{
	struct stat own, other;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", type->proc_name);
	return stat(path, &own) == 0 && fstat(fd, &other) == 0 && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

/* NOT_HOST: the profile wants these to be other namespaces than the runtime's own. */
static int plan_one(const struct oci_namespace *namespace, int not_host,
	struct namespace_plan *plan, struct nacre_error *err)
{
	int i = type_index(namespace->type);
	const struct namespace_type *type = &namespace_types[i < 0 ? 0 : i];
	cleanup_close int fd = -1;

	if (i < 0)
		return fail(err, EINVAL, "linux.namespaces: unknown type \"%s\"", namespace->type);
	if (!namespace->path || !*namespace->path) {
		if (type->clone_flag != CLONE_NEWCGROUP)
			plan->new_flags |= type->clone_flag;
		return 0;
	}
	fd = open_namespace(type, namespace->path, err);
	if (fd < 0)
		return fd;
	if (not_host & type->clone_flag && is_own(type, fd))
		return fail(err, EPERM,
			"linux.namespaces: %s is the host's %s namespace, which the profile "
			"refuses",
			namespace->path, type->name);
	/* setns(2) refuses with EINVAL to join the user namespace that one is in already. */
	if (type->clone_flag == CLONE_NEWUSER && is_own(type, fd))
		return 0;
	close_fd(&plan->join_fds[i]);
	plan->join_fds[i] = steal_fd(&fd);
	plan->join_flags |= type->clone_flag;
	return 0;
}

int namespaces_plan(
	const struct oci_config *config, struct namespace_plan *ret_plan, struct nacre_error *err)
{
	const struct oci_linux *linux_ = config->linux_;
	struct namespace_plan plan = {
		.join_fds = {-1, -1, -1, -1, -1, -1, -1, -1},
		.cgroup_fd = -1,
	};
	int r;

	for (size_t i = 0; linux_ && i < linux_->n_namespaces; i++) {
		r = plan_one(&linux_->namespaces[i], config->not_host, &plan, err);
		if (r < 0) {
			namespaces_plan_done(&plan);
			return r;
		}
	}
	if (linux_ && linux_->time_offsets &&
		(linux_->time_offsets->monotonic || linux_->time_offsets->boottime)) {
		if (!(plan.new_flags & CLONE_NEWTIME)) {
			namespaces_plan_done(&plan);
			return fail(err, EINVAL, "linux.timeOffsets: needs a new time namespace");
		}
		plan.time_offsets = linux_->time_offsets;
	}
	*ret_plan = plan;
	return 0;
}

void namespaces_plan_done(struct namespace_plan *plan)
{
	for (size_t i = 0; i < sizeof(plan->join_fds) / sizeof(plan->join_fds[0]); i++)
		close_fd(&plan->join_fds[i]);
}

/* What an errno of clone3 means here and what to do about it. */
static int clone_failed(struct nacre_error *err, int code, uint64_t flags)
{
	/* clang-format off */
	static const struct {
		int code;
		uint64_t flag; /* 0: whatever was asked for */
		const char *hint;
	} hints[] = {
		{EPERM, CLONE_NEWUSER, "are user namespaces allowed? see the sysctls user.max_user_namespaces, "
			"kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns"},
		{EPERM, 0, "needs CAP_SYS_ADMIN, or a user namespace in linux.namespaces"},
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
			return fail(err, code, "clone3: %s: %s", strerror(code), hints[i].hint);
	return fail_errno(err, code, "clone3");
}

static pid_t spawn_directly(
	const struct namespace_plan *plan, int *ret_pidfd, struct nacre_error *err)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = (unsigned)plan->new_flags | CLONE_PIDFD,
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

/* What the middle process leaves to the caller, in memory that both map. */
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

/*
 * Root of the host may join namespaces that the user namespace owns and those that it does not, but
 * only before it enters the user namespace; an unprivileged caller may join what the user namespace
 * owns, but only after. So: the others first, then the user namespace, then again those refused.
 */
static int join_all(const struct namespace_plan *plan, struct nacre_error *err)
{
	const int user = type_index("user");
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

/* The kernel takes offsets of a time namespace only while no process is in it: time_namespaces(7).
 */
static int set_time_offsets(int fd, const struct oci_time_offsets *offsets, struct nacre_error *err)
{
	char text[128];
	int used = append_offset(text, sizeof(text), "monotonic", offsets->monotonic);
	int r;

	used += append_offset(
		text + used, sizeof(text) - (size_t)used, "boottime", offsets->boottime);
	r = write_all(fd, text, (size_t)used);
	if (r < 0)
		return fail_errno(err, r, "linux.timeOffsets: write /proc/self/timens_offsets");
	return 0;
}

/* In the middle process: joins, then makes init. Returns like fork. */
static pid_t make_init(const struct namespace_plan *plan, struct middle_result *result)
{
	struct nacre_error *err = &result->err;
	struct clone_args args = {
		.flags = (unsigned)plan->new_flags | CLONE_PIDFD | CLONE_PARENT,
		.pidfd = (uintptr_t)&result->pidfd,
	};
	cleanup_close int offsets = -1;
	pid_t pid;
	int r;

	/* Before a mount namespace is joined whose /proc is not ours. */
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
		/* With the user namespace, so that it owns the time namespace, and because without
		 * privilege there is no other way. */
		const int flags = CLONE_NEWTIME | (plan->new_flags & CLONE_NEWUSER);

		if (unshare(flags) < 0)
			return clone_failed(err, -errno, (unsigned)flags);
		r = set_time_offsets(offsets, plan->time_offsets, err);
		if (r < 0)
			return r;
		args.flags &= ~(uint64_t)(unsigned)flags;
	}
	close_fd(&offsets);
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

	/* ECHILD where the caller ignores SIGCHLD: the wait happened all the same. */
	while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	if (result->pid > 0) {
		*ret_pidfd = result->pidfd;
		return result->pid;
	}
	if (result->pidfd >= 0) {
		(void)sys_pidfd_send_signal(result->pidfd, SIGKILL);
		close_fd(&result->pidfd);
	}
	if (result->err.code) {
		*err = result->err;
		return -err->code;
	}
	return fail(
		err, EIO, "the process that joins the namespaces died: wait status %#x", status);
}

/* The fd table is shared with the middle process, so that the pidfd it gets is the caller's. Memory
 * is not: setns(CLONE_NEWTIME) refuses then. The middle process is born in the cgroup because after
 * it joined a cgroup namespace, the cgroup may lie outside what it is allowed to name. */
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
	if (!plan->join_flags && !plan->time_offsets)
		return spawn_directly(plan, ret_pidfd, err);
	return spawn_joined(plan, ret_pidfd, err);
}

int namespaces_unshare_cgroup(struct nacre_error *err)
{
	if (unshare(CLONE_NEWCGROUP) < 0)
		return fail_errno(err, errno, "unshare cgroup namespace");
	return 0;
}

int namespaces_join_process(int pidfd, int flags, struct nacre_error *err)
{
	if (flags && setns(pidfd, flags) < 0)
		return fail_errno(err, errno, "setns: join the container's namespaces (%#x)",
			(unsigned)flags);
	return 0;
}

int namespaces_differ(pid_t pid, int *ret_flags, struct nacre_error *err)
{
	cleanup_close int own = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int other = -1;
	struct stat a, b;
	char path[32];
	int flags = 0;

	if (own < 0)
		return fail_errno(err, errno, "open /proc/self/ns");
	(void)snprintf(path, sizeof(path), "/proc/%d/ns", (int)pid);
	other = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (other < 0)
		return fail_errno(err, errno, "open %s", path);
	for (const struct namespace_type *type = namespace_types; type->name; type++) {
		if (fstatat(own, type->proc_name, &a, 0) < 0) {
			if (errno == ENOENT) /* not in this kernel */
				continue;
			return fail_errno(err, errno, "stat /proc/self/ns/%s", type->proc_name);
		}
		if (fstatat(other, type->proc_name, &b, 0) < 0)
			return fail_errno(err, errno, "stat %s/%s", path, type->proc_name);
		if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			flags |= type->clone_flag;
	}
	*ret_flags = flags;
	return 0;
}

int namespaces_set_hostname(const char *hostname, const char *domainname, struct nacre_error *err)
{
	if (hostname && sethostname(hostname, strlen(hostname)) < 0)
		return fail_errno(err, errno, "hostname: sethostname \"%s\"", hostname);
	if (domainname && setdomainname(domainname, strlen(domainname)) < 0)
		return fail_errno(err, errno, "domainname: setdomainname \"%s\"", domainname);
	return 0;
}
