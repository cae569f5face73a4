/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether the caller may make a cgroup in PARENT and start a process in it. To start one, the
 * kernel also checks cgroup.procs of the common ancestor of the runtime's own cgroup and the new
 * one: that is PARENT, in both places where we look. */
static int check_parent(int mount_fd, const char *parent, struct nacre_error *err)
{
	char procs[PATH_MAX];

	parent += *parent == '/';
	if (snprintf(procs, sizeof(procs), "%s%scgroup.procs", parent, *parent ? "/" : "") >=
		(int)sizeof(procs))
		return fail_errno(err, ENAMETOOLONG, "cgroup /%s", parent);
	if (faccessat(mount_fd, *parent ? parent : ".", W_OK, AT_EACCESS) < 0)
		return fail_errno(err, errno, "cgroup /%s", parent);
	if (faccessat(mount_fd, procs, W_OK, AT_EACCESS) < 0)
		return fail_errno(err, errno, "cgroup /%s: cgroup.procs", parent);
	return 0;
}

/* Errors of the kernel for callers without permission. Any other error says nothing about the
 * place. */
static bool is_refusal(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* Makes a path below the runtime's own cgroup. That takes children, but enables no controllers for
 * them while it has processes. */
static int below_own(int mount_fd, const char *id, char ret_path[PATH_MAX], struct nacre_error *err)
{
	char own[PATH_MAX];
	int r;

	r = cgroup_of_process(getpid(), own, err);
	if (r >= 0)
		r = check_parent(mount_fd, own, err);
	if (r < 0)
		return r;
	if (snprintf(ret_path, PATH_MAX, "%s/nacre-%s", own[1] ? own : "", id) >= PATH_MAX)
		return fail_errno(err, ENAMETOOLONG, "cgroup %s", own);
	return 0;
}

int cgroup_place(int mount_fd, const char *cgroups_path, const char *id, bool privileged,
	char ret_path[PATH_MAX], struct nacre_error *err)
{
	struct nacre_error why;
	char parent[PATH_MAX];
	int r = cgroup_resolve_path(mount_fd, cgroups_path, id, ret_path, err);
	int own;

	if ((cgroups_path && *cgroups_path) || privileged)
		return r;
	if (r == 0 && geteuid() != 0) {
		(void)snprintf(parent, sizeof(parent), "%s", ret_path);
		*strrchr(parent, '/') = '\0';
		r = check_parent(mount_fd, parent, err);
	}
	if (!is_refusal(r))
		return r;
	own = below_own(mount_fd, id, ret_path, &why);
	/* If both are refused, the parent's error is reported. */
	if (own < 0 && is_refusal(own))
		return r;
	if (own < 0)
		*err = why;
	return own;
}
