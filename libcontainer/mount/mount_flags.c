/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_flags.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/idmap.h"

static int fail_locked(struct nacre_error *err)
{
	return fail(err, EPERM,
		"set mount flags: Operation not permitted (a flag of the source is locked and the "
		"options take it back)");
}

int mount_set_flags(int tree_fd, const struct mount_options *o, struct nacre_error *err)
{
	const struct sys_mount_attr all = {
		.attr_set = o->recursive_set,
		.attr_clr = o->recursive_clear,
		.propagation = o->propagation_recursive ? o->propagation : 0,
	};
	const struct sys_mount_attr top = {
		.attr_set = o->attr_set,
		.attr_clr = o->attr_clear,
		.propagation = o->propagation_recursive ? 0 : o->propagation,
	};
	int r = 0;

	if (all.attr_set || all.attr_clr || all.propagation)
		r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all);
	if (r == 0 && (top.attr_set || top.attr_clr || top.propagation))
		r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &top);
	if (r == -EPERM)
		return fail_locked(err);
	if (r < 0)
		return fail_errno(err, r, "set mount flags");
	return 0;
}

static unsigned attrs_of(const struct statvfs *st)
{
	static const struct {
		unsigned long flag;
		unsigned attr;
	} flags[] = {{ST_RDONLY, MOUNT_ATTR_RDONLY}, {ST_NOSUID, MOUNT_ATTR_NOSUID},
		{ST_NODEV, MOUNT_ATTR_NODEV}, {ST_NOEXEC, MOUNT_ATTR_NOEXEC},
		{0x2000 /* ST_NOSYMFOLLOW of the kernel */, MOUNT_ATTR_NOSYMFOLLOW}};
	unsigned attrs = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (st->f_flag & flags[i].flag)
			attrs |= flags[i].attr;
	return attrs;
}

int mount_attrs_of(int fd, unsigned but)
{
	struct statvfs st;

	return fstatvfs(fd, &st) < 0 ? -errno : (int)(attrs_of(&st) & ~but);
}

int mount_check_locked(int tree_fd, const struct mount_options *o, struct nacre_error *err)
{
	const uint64_t taken = o->attr_clear | o->recursive_clear;
	unsigned long times = ST_RELATIME;
	struct statvfs st;

	if (!taken)
		return 0;
	if (fstatvfs(tree_fd, &st) < 0)
		return fail_errno(err, errno, "statvfs the source");
	/* The kernel does not lock nosymfollow. */
	if (attrs_of(&st) & ~MOUNT_ATTR_NOSYMFOLLOW & taken)
		return fail_locked(err);
	if (!o->times)
		return 0;
	if (o->times & MS_STRICTATIME)
		times = 0;
	else if (o->times & MS_NOATIME)
		times = ST_NOATIME;
	if (o->times & MS_NODIRATIME)
		times |= ST_NODIRATIME;
	return (st.f_flag & (ST_NOATIME | ST_NODIRATIME | ST_RELATIME)) == times ? 0
										 : fail_locked(err);
}

static int set_named_flags(const struct mount_job *job, int tree_fd, struct nacre_error *err)
{
	struct mount_options o = job->options;
	const uint64_t unnamed = job->context->clear_unnamed & ~(o.attr_set | o.attr_clear);

	int r = -EPERM;

	if (unnamed && o.names_flags) {
		o.attr_clear |= unnamed;
		r = mount_set_flags(tree_fd, &o, err);
	}
	/* Locked flags cannot be cleared: then flags that are not named stay. */
	return r == -EPERM ? mount_set_flags(tree_fd, &job->options, err) : r;
}

/* Makes mounts below the top read-only at once: they are the source's own. The top is sealed
 * late. */
int mount_set_bind_flags(const struct mount_job *job, int tree_fd, struct nacre_error *err)
{
	const struct sys_mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
	struct statvfs before;
	int r;

	if (!mount_is_sealed_late(job))
		return set_named_flags(job, tree_fd, err);
	if (fstatvfs(tree_fd, &before) < 0)
		return fail_errno(err, errno, "statvfs the source");
	r = set_named_flags(job, tree_fd, err);
	if (r < 0 || before.f_flag & ST_RDONLY)
		return r;
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &writable);
	return r < 0 ? fail_errno(err, r, "leave it writable for its mount points") : 0;
}

/* Finds the mapping of idmap: the mount's own, or the container's. Returns a userns fd; *KEPT
 * closes it if it is not the caller's. */
static int mapping(const struct oci_mount *mount, int userns_fd, int *kept, struct nacre_error *err)
{
	if (mount->n_uid_mappings == 0) {
		if (userns_fd < 0)
			return fail(err, EINVAL,
				"idmap needs uidMappings and gidMappings or a user namespace");
		return userns_fd;
	}
	*kept = idmap_userns(mount->uid_mappings, mount->n_uid_mappings, mount->gid_mappings,
		mount->n_gid_mappings, err);
	return *kept;
}

int mount_set_idmap(int tree_fd, const struct oci_mount *mount, const struct mount_options *o,
	int userns_fd, struct nacre_error *err)
{
	struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	cleanup_close int kept = -1;
	int fd = mapping(mount, userns_fd, &kept, err);
	int r;

	if (fd < 0)
		return fd;
	attr.userns_fd = (uint64_t)fd;
	r = sys_mount_setattr(
		tree_fd, "", AT_EMPTY_PATH | (o->idmap_recursive ? AT_RECURSIVE : 0), &attr);
	if (r == -EINVAL)
		return fail(err, EINVAL,
			"idmap: Invalid argument (the filesystem of %s cannot be id-mapped)",
			mount->source);
	if (r < 0)
		return fail_errno(err, r, "idmap");
	return 0;
}

/* --- late --- */

static int seal(int tree_fd, const struct oci_mount *mount)
{
	const struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	const struct mount_options o = mount_options_read(mount);
	/* The mounts that came with a bind are read-only already. */
	const bool all = !o.bind && o.recursive_set & MOUNT_ATTR_RDONLY;

	return sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | (all ? AT_RECURSIVE : 0), &attr);
}

/* No name is looked up: it may be covered, or exchanged for a symlink to another mount. */
int mount_seal_late(const struct mount_context *context, const struct oci_mount *mounts, size_t n,
	struct nacre_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int *tree_fd = &context->made[i].tree_fd;
		int r = *tree_fd < 0 ? 0 : seal(*tree_fd, &mounts[i]);

		if (r < 0)
			return fail_errno(
				err, r, "mounts[%zu]: make %s read-only", i, mounts[i].destination);
		fd_close(tree_fd);
	}
	return 0;
}
