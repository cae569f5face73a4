/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

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

enum {
	LINK_SIZE = 64, /* of the target of a link in /proc/PID/ns */
};

static int type_index(const char *name)
{
	for (int i = 0; namespace_types[i].name; i++)
		if (strcmp(namespace_types[i].name, name) == 0)
			return i;
	return -1;
}

/* Opens with O_NONBLOCK and checks with statfs(2) before the ioctl: the path is the config's and
 * may be a FIFO or any device, for which the ioctl would mean something else. */
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
	return fd_steal(&fd);
}

int namespaces_flag(const char *type)
{
	int i = type_index(type);

	return i < 0 ? 0 : namespace_types[i].clone_flag;
}

int namespaces_open(const struct oci_namespace *namespace, const struct namespace_type **ret_type,
	struct nacre_error *err)
{
	int i = type_index(namespace->type);

	if (i < 0)
		return fail(err, EINVAL, "linux.namespaces: unknown type \"%s\"", namespace->type);
	*ret_type = &namespace_types[i];
	return open_namespace(*ret_type, namespace->path, err);
}

bool namespaces_own(const struct oci_namespace *namespace)
{
	const struct namespace_type *type = NULL;
	struct nacre_error ignored; /* namespaces_plan reports the error */
	cleanup_close int fd = -1;

	if (!namespace->path || !*namespace->path)
		return false;
	fd = namespaces_open(namespace, &type, &ignored);
	return fd >= 0 && namespaces_is_host(type, fd, &ignored) == 1;
}

/* Enforces rules of specs/harden_linux.c, which cannot see where a path leads. */
static int refuse_own(const struct namespace_type *type, const char *path, struct nacre_error *err)
{
	bool has_grant = type->clone_flag & (CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC);

	return fail(err, EPERM, "rule %s: linux.namespaces: %s is the host's %s namespace%s%s",
		type->clone_flag == CLONE_NEWNET ? "host-network" : "namespaces", path, type->name,
		has_grant ? "; allow it with --allow host-" : "", has_grant ? type->name : "");
}

/* Checks again what namespaces_look reported for rule hidden-paths: it may have changed since. */
static int check_apart(int fd, const char *path, struct nacre_error *err)
{
	int r = namespaces_maps_root(fd, err);

	if (r < 0)
		return fail_prefix(err, "user namespace %s", path);
	return r == 0 ? 0
		      : fail(err, EPERM,
				"rule hidden-paths: linux.namespaces: the root of user namespace "
				"%s is "
				"the host's",
				path);
}

/* NOT_HOST: the profile refuses the host's namespace. */
static int plan_one(const struct oci_namespace *namespace, bool not_host,
	struct namespace_plan *plan, struct nacre_error *err)
{
	int i = type_index(namespace->type);
	const struct namespace_type *type = &namespace_types[i < 0 ? 0 : i];
	cleanup_close int fd = -1;
	int own, host;

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
	own = namespaces_is_own(type, fd, err);
	host = own != 0 ? own : namespaces_is_host(type, fd, err);
	if (host < 0)
		return host;
	if (host && not_host)
		return refuse_own(type, namespace->path, err);
	/* A path to the host's mount namespace was removed earlier, so this one has changed
	 * since. */
	if (host && type->clone_flag == CLONE_NEWNS)
		return fail(err, EPERM,
			"linux.namespaces: %s is the host's mount namespace, and was not, or could "
			"not be looked at, a moment ago",
			namespace->path);
	if (host)
		plan->host_flags |= type->clone_flag;
	if (own)
		plan->own_flags |= type->clone_flag;
	/* setns(2) fails with EINVAL for the user namespace that the caller is already in. */
	if (own && type->clone_flag == CLONE_NEWUSER)
		return 0;
	if (not_host && type->clone_flag == CLONE_NEWUSER &&
		check_apart(fd, namespace->path, err) < 0)
		return -err->code;
	fd_close(&plan->join_fds[i]);
	plan->join_fds[i] = fd_steal(&fd);
	plan->join_flags |= type->clone_flag;
	return 0;
}

/* Refuses names in the host's uts namespace, into which they would be written. */
static int check_names(const struct oci_config *config, int host_flags, struct nacre_error *err)
{
	if (!(host_flags & CLONE_NEWUTS) || (!config->hostname && !config->domainname))
		return 0;
	return fail(err, EINVAL,
		"%s: it would change the host's, whose uts namespace linux.namespaces names by its "
		"path; leave out the path or the name",
		config->hostname ? "hostname" : "domainname");
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
		const struct oci_namespace *namespace = &linux_->namespaces[i];

		r = plan_one(namespace,
			config->nacre &&
				oci_strings_have(&config->nacre->not_host, namespace->type),
			&plan, err);
		if (r < 0) {
			namespaces_plan_done(&plan);
			return r;
		}
	}
	r = check_names(config, plan.host_flags, err);
	if (r < 0) {
		namespaces_plan_done(&plan);
		return r;
	}
	if (linux_ && linux_->time_offsets &&
		(linux_->time_offsets->monotonic || linux_->time_offsets->boottime)) {
		if (!(plan.new_flags & CLONE_NEWTIME)) {
			namespaces_plan_done(&plan);
			return fail(err, EINVAL, "linux.timeOffsets: needs a new time namespace");
		}
		plan.time_offsets = linux_->time_offsets;
	}
	if (oci_find_namespace(config, "user"))
		plan.late_flags = plan.new_flags & CLONE_NEWIPC;
	*ret_plan = plan;
	return 0;
}

int namespaces_joined_user(const struct namespace_plan *plan)
{
	return plan->join_fds[type_index("user")];
}

int namespaces_joined_pid(const struct namespace_plan *plan)
{
	return plan->join_fds[type_index("pid")];
}

void namespaces_plan_done(struct namespace_plan *plan)
{
	for (size_t i = 0; i < sizeof(plan->join_fds) / sizeof(plan->join_fds[0]); i++)
		fd_close(&plan->join_fds[i]);
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

/* Reads a link as "net:[4026531840]", whose number identifies the namespace: namespaces(7). stat(2)
 * gives the same, but makes an inode for each namespace. */
static int read_link(int dirfd, const char *name, char ret_text[static LINK_SIZE])
{
	ssize_t n = readlinkat(dirfd, name, ret_text, LINK_SIZE - 1);

	if (n < 0)
		return -errno;
	ret_text[n] = '\0';
	return 0;
}

int namespaces_differ(pid_t pid, int *ret_flags, struct nacre_error *err)
{
	cleanup_close int own = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int other = -1;
	char ours[LINK_SIZE], theirs[LINK_SIZE];
	char path[32];
	int flags = 0;

	if (own < 0)
		return fail_errno(err, errno, "open /proc/self/ns");
	(void)snprintf(path, sizeof(path), "/proc/%d/ns", (int)pid);
	other = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (other < 0)
		return fail_errno(err, errno, "open %s", path);
	for (const struct namespace_type *type = namespace_types; type->name; type++) {
		int r = read_link(own, type->proc_name, ours);

		if (r == -ENOENT) /* this kernel does not have the type */
			continue;
		if (r < 0)
			return fail_errno(err, r, "read /proc/self/ns/%s", type->proc_name);
		r = read_link(other, type->proc_name, theirs);
		if (r < 0)
			return fail_errno(err, r, "read %s/%s", path, type->proc_name);
		if (strcmp(ours, theirs) != 0)
			flags |= type->clone_flag;
	}
	*ret_flags = flags;
	return 0;
}

int namespaces_open_network(pid_t pid, struct nacre_error *err)
{
	const struct namespace_type *type = &namespace_types[type_index("network")];
	cleanup_close int fd = -1;
	char path[32];
	int own;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, type->proc_name);
	fd = open_namespace(type, path, err);
	if (fd < 0)
		return fd;
	own = namespaces_is_own(type, fd, err);
	if (own < 0)
		return own;
	if (own)
		return fail(err, EINVAL, "the container's network namespace is the host's");
	return fd_steal(&fd);
}

int namespaces_set_hostname(const char *hostname, const char *domainname, struct nacre_error *err)
{
	if (hostname && sethostname(hostname, strlen(hostname)) < 0)
		return fail_errno(err, errno, "hostname: sethostname \"%s\"", hostname);
	if (domainname && setdomainname(domainname, strlen(domainname)) < 0)
		return fail_errno(err, errno, "domainname: setdomainname \"%s\"", domainname);
	return 0;
}

int namespaces_joined(const struct namespace_plan *plan, const char *type)
{
	return plan->join_fds[type_index(type)];
}

int namespaces_visit(const char *type, int fd, int (*act)(void *data, struct nacre_error *err),
	void *data, struct nacre_error *err)
{
	const struct namespace_type *row = &namespace_types[type_index(type)];
	cleanup_close int own = -1;
	char path[40];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", row->proc_name);
	own = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return fail_errno(err, errno, "open %s", path);
	if (setns(fd, row->clone_flag) < 0)
		return fail_errno(err, errno, "enter the container's %s namespace", type);
	r = act(data, err);
	if (setns(own, row->clone_flag) < 0)
		return fail_errno(err, errno, "return to the own %s namespace", type);
	return r;
}
