/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/namespace/namespaces.h"

/* Finds out which user namespace owns the namespaces that are joined, by the open namespace and not
 * by a path. */

/* What containers of a pod share. Its network is mostly made by the engine, and who joins that
 * alone is no part of a pod. */
static const char *const types[] = {"ipc", "uts", "pid"};

static const struct namespace_type user_type = {"user", "user", CLONE_NEWUSER};

enum {
	N_TYPES = sizeof(types) / sizeof(types[0]),
};

static int is_same(int one, int other, struct nacre_error *err)
{
	struct stat a, b;

	if (fstat(one, &a) < 0 || fstat(other, &b) < 0)
		return fail_errno(err, errno, "stat a user namespace");
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int namespaces_is_child(int userns_fd, struct nacre_error *err)
{
	cleanup_close int parent = ioctl(userns_fd, NS_GET_PARENT);

	/* Outside of what the caller may see. */
	if (parent < 0 && errno == EPERM)
		return 0;
	return parent < 0 ? fail_errno(err, errno, "parent of a user namespace")
			  : namespaces_is_own(&user_type, parent, err);
}

/* Returns the user namespace that owns the namespace FD, -ESTALE without text: it is the caller's
 * own, or another error. */
static int open_owner(const char *type, int fd, struct nacre_error *err)
{
	cleanup_close int owner = ioctl(fd, NS_GET_USERNS);
	int own;

	if (owner < 0)
		return fail_errno(err, errno, "owner of the %s namespace", type);
	own = namespaces_is_own(&user_type, owner, err);
	if (own < 0)
		return own;
	return own ? -ESTALE : fd_steal(&owner);
}

int namespaces_find_owner(const struct oci_config *config, struct namespaces_owner *ret_owner,
	struct nacre_error *err)
{
	cleanup_close int found = -1;
	bool of_pid = false, differ = false;

	for (size_t i = 0; i < N_TYPES; i++) {
		const struct oci_namespace *ns = oci_find_namespace(config, types[i]);
		const struct namespace_type *type = NULL;
		struct nacre_error why;
		cleanup_close int fd = -1, owner = -1;
		int same = 1;

		if (!ns || !ns->path || !*ns->path)
			continue;
		fd = namespaces_open(ns, &type, &why);
		/* namespaces_plan reports these if the path is used. */
		if (fd == -ENOENT || fd == -ENOTDIR || fd == -EINVAL)
			continue;
		owner = fd < 0 ? fd : open_owner(types[i], fd, &why);
		if (owner == -ESTALE)
			continue;
		if (owner >= 0 && found >= 0)
			same = is_same(owner, found, &why);
		if (owner < 0 || same < 0) {
			*err = why;
			return owner < 0 ? owner : same;
		}
		differ |= !same;
		of_pid |= type->clone_flag == CLONE_NEWPID;
		if (found < 0)
			found = fd_steal(&owner);
	}
	*ret_owner = (struct namespaces_owner){fd_steal(&found), of_pid, differ};
	return 0;
}

int namespaces_check_owner(
	const struct namespace_plan *plan, int userns_fd, struct nacre_error *err)
{
	int user = namespaces_joined_user(plan);
	int same = user < 0 ? 0 : is_same(user, userns_fd, err);

	for (size_t i = 0; i < N_TYPES && same > 0; i++) {
		const int fd = namespaces_joined(plan, types[i]);
		cleanup_close int owner = fd < 0 ? -ESTALE : open_owner(types[i], fd, err);

		if (owner != -ESTALE)
			same = owner < 0 ? owner : is_same(owner, userns_fd, err);
	}
	if (same == 0)
		return fail(err, EPERM,
			"linux.namespaces: the namespaces of the pod are others than a moment "
			"ago: its container has ended; create the pod again");
	return same < 0 ? same : 0;
}
