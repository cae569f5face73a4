/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_sources.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_disk.h"
#include "libcontainer/mount/mount_flags.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/mount_identity.h"
#include "libcontainer/mount/mount_overlay.h"
#include "specs/mount_types.h"

static bool is_type(const struct oci_mount *mount, const char *type)
{
	return mount->type && strcmp(mount->type, type) == 0;
}

static bool is_cgroup(const struct oci_mount *mount)
{
	return is_type(mount, "cgroup") || is_type(mount, "cgroup2");
}

bool mount_is_sealed_late(const struct mount_job *job)
{
	if (!job->options.read_only || job->options.remount)
		return false;
	if (job->context->late_binds &&
		oci_strings_have(job->context->late_binds, job->mount->destination))
		return true;
	return !job->options.bind &&
	       (is_type(job->mount, "tmpfs") || strcmp(job->destination, "/dev") == 0);
}

static int clone_tree(int dirfd, const char *path, unsigned flags, struct nacre_error *err)
{
	int fd = sys_open_tree(dirfd, path, flags | OPEN_TREE_CLONE);

	if (fd == -EINVAL)
		return fail(err, EINVAL,
			"clone the source: Invalid argument (it is unbindable, or needs rbind "
			"because "
			"mounts in it are locked)");
	if (fd < 0)
		return fail_errno(err, fd, "open the source");
	return fd;
}

/* The guard's fd is what is cloned: nothing is looked up twice. */
static int clone_source(const struct mount_guard *guard, const struct oci_mount *mount,
	size_t index, const struct mount_options *o, struct nacre_error *err)
{
	const unsigned recursive = o->recursive ? AT_RECURSIVE : 0;
	cleanup_close int fd = -1;

	if (!mount_guard_looks(guard))
		return clone_tree(AT_FDCWD, mount->source,
			recursive | (o->source_nofollow ? AT_SYMLINK_NOFOLLOW : 0), err);
	fd = mount_guard_open(guard, index, o->source_nofollow, err);
	if (fd < 0)
		return fd;
	return clone_tree(fd, "", AT_EMPTY_PATH | recursive, err);
}

/* Compares text alone, for an INIT that may not look at directories above the bundle. */
static const char *named_below(const char *source, const char *rootfs)
{
	size_t length = strlen(rootfs);

	while (length > 0 && rootfs[length - 1] == '/')
		length--;
	if (length == 0 || strncmp(source, rootfs, length) != 0)
		return NULL;
	return source[length] == '/' ? source + length : NULL;
}

int mount_source_below(const struct oci_mount *mount, const char *rootfs, int rootfs_fd,
	const char **ret_below, struct nacre_error *err)
{
	struct mount_identity root;
	int r;

	*ret_below = NULL;
	if (!rootfs || !mount->source || !mount_is_bind(mount))
		return 0;
	*ret_below = named_below(mount->source, rootfs);
	if (*ret_below)
		return 0;
	r = mount_identity_of_path(rootfs_fd < 0 ? AT_FDCWD : rootfs_fd,
		rootfs_fd < 0 ? rootfs : "", AT_EMPTY_PATH, &root);
	if (r < 0)
		return fail_errno(err, r, "stat %s", rootfs);
	return mount_identity_below(mount->source, &root, ret_below, err);
}

static int clone_below(const struct mount_job *job, const char *path, struct nacre_error *err)
{
	const int nofollow = job->options.source_nofollow ? O_NOFOLLOW : 0;
	cleanup_close int fd = path_open(job->context->rootfs_fd, path, O_PATH | nofollow);
	int r;

	if (fd < 0)
		return fail_errno(err, fd, "open the source");
	r = mount_guard_judge(job->context->guard, job->index, fd, err);
	if (r < 0)
		return r;
	return clone_tree(fd, "", AT_EMPTY_PATH | (job->options.recursive ? AT_RECURSIVE : 0), err);
}

int mount_is_proc(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC;
}

int mount_build_bind(const struct mount_job *job, struct nacre_error *err)
{
	const struct mount_options *o = &job->options;
	const struct mount_context *context = job->context;
	int *source_fds = context->source_fds;
	const bool opened = source_fds && source_fds[job->index] >= 0;
	const char *below = NULL;
	cleanup_close int fd = -1;
	int r = opened ? 0
		       : mount_source_below(
				 job->mount, context->rootfs, context->rootfs_fd, &below, err);

	if (r < 0)
		return r;
	if (opened) {
		fd = fd_steal(&source_fds[job->index]);
		r = context->locked_flags ? mount_check_locked(fd, o, err) : 0;
		if (r < 0)
			return r;
	} else if (below) {
		fd = clone_below(job, below, err);
		r = fd >= 0 && o->idmap ? context->map(context->data, job->index, fd, err) : 0;
		if (r < 0)
			return r;
	} else if (o->idmap) {
		return fail(err, EINVAL, "idmap: the source was not opened by the runtime");
	} else {
		fd = clone_source(context->guard, job->mount, job->index, o, err);
	}
	r = fd < 0 ? fd : mount_set_bind_flags(job, fd, err);
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

/* A user namespace in the host's network may not mount sysfs: the host's is bound, and read-only as
 * a whole, since it shows the host's devices. */
static int bind_sysfs(const struct mount_job *job, struct nacre_error *err)
{
	struct mount_options o = job->options;
	cleanup_close int fd = clone_tree(AT_FDCWD, "/sys", AT_RECURSIVE, err);
	int r;

	o.recursive_set |= o.attr_set | MOUNT_ATTR_RDONLY;
	o.recursive_clear = 0;
	o.attr_set = 0;
	o.attr_clear = 0;
	o.propagation = MS_PRIVATE;
	o.propagation_recursive = true;
	r = fd < 0 ? fd : mount_set_flags(fd, &o, err);
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

/* Without a cgroup namespace a cgroup2 mount would show the whole host, and one made in the initial
 * namespace would also reset the options of the host's own mount. The container's cgroup is bound;
 * where it has none, an empty directory stands for it (CVE-2023-25809: not the one of the user's
 * manager). */
static int bind_cgroup(const struct mount_job *job, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	int r;

	if (job->context->cgroup_fd < 0)
		return mount_empty(err);
	fd = path_clone(job->context->cgroup_fd, 0, err);
	if (fd < 0)
		return fail_prefix(err, "cgroup");
	r = mount_set_flags(fd, &job->options, err);
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

/* Lets the runtime make what the caller may not. R and WHY: the caller's own result. */
static int made_by_another(
	const struct mount_job *job, int r, const struct nacre_error *why, struct nacre_error *err)
{
	const struct mount_context *context = job->context;

	if (r == -EPERM && context->make) {
		int fd = context->make(context->data, job->index, err);

		if (fd != -ENOSYS)
			return fd;
	}
	*err = *why;
	return r;
}

static struct filesystem describe(const struct mount_job *job, int target_mode)
{
	const struct mount_options *o = &job->options;
	struct filesystem fs = {
		.type = job->mount->type,
		.source = job->mount->source,
		.options = job->mount->options,
		.super_flags = o->super_flags,
		.super_clear = o->super_clear,
		.attr = (unsigned)(o->attr_set | o->recursive_set),
		.mode = is_type(job->mount, "tmpfs") ? target_mode : -1,
		.label = job->context->mount_label,
		.place_fd = &job->context->rootfs_fd,
	};

	if (mount_is_sealed_late(job))
		fs.attr &= ~(unsigned)MOUNT_ATTR_RDONLY;
	if (is_cgroup(job->mount))
		fs.type = "cgroup2";
	return fs;
}

static int build_here(const struct mount_job *job, int target_mode, struct nacre_error *err)
{
	const struct mount_context *context = job->context;
	const struct filesystem_fd pidns = {"pidns", context->pidns_fd};
	struct filesystem fs = describe(job, target_mode);
	cleanup_close int disk_fd = -1;
	char disk[MOUNT_DISK_PATH];
	cleanup_overlay struct mount_overlay overlay = {.n_fds = 0};
	struct nacre_error why;
	int fd, r;

	/* Without a cgroup of its own, the container's cgroup namespace is rooted at the
	 * caller's. */
	if (is_cgroup(job->mount) && (!context->own_cgroup_namespace || context->cgroup_fd < 0))
		return bind_cgroup(job, err);
	r = mount_overlay_open(
		context->guard, job->mount, job->index, context->rootfs_fd, &overlay, err);
	if (r < 0)
		return r;
	fs.options = overlay.options;
	if (is_type(job->mount, "proc") && pidns.fd > 0) {
		fs.fds = &pidns;
		fs.n_fds = 1;
	}
	if (mount_guard_judges(context->guard) && mount_opens_disk(job->mount)) {
		disk_fd = mount_open_disk(context->guard, job->mount, job->index, disk, err);
		if (disk_fd < 0)
			return disk_fd;
		fs.source = disk;
	}
	fd = mount_filesystem(&fs, &why);
	if (fd == -EPERM && is_cgroup(job->mount))
		return bind_cgroup(job, err);
	if (fd == -EPERM && is_type(job->mount, "sysfs") && context->host_network)
		return bind_sysfs(job, err);
	return fd < 0 ? made_by_another(job, fd, &why, err) : fd;
}

int mount_build_filesystem(const struct mount_job *job, int target_mode, struct nacre_error *err)
{
	const struct sys_mount_attr propagation = {.propagation = job->options.propagation};
	int *source_fds = job->context->source_fds;
	cleanup_close int fd = source_fds && source_fds[job->index] >= 0
				       ? fd_steal(&source_fds[job->index])
				       : build_here(job, target_mode, err);
	int r;

	if (fd < 0)
		return fd;
	if (propagation.propagation) {
		r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &propagation);
		if (r < 0)
			return fail_errno(err, r, "set propagation");
	}
	return fd_steal(&fd);
}

int mount_make_outside(const struct oci_mount *mount, size_t index, const char *mount_label,
	struct nacre_error *err)
{
	const struct mount_context context = {.mount_label = mount_label};
	struct mount_job job = {.context = &context, .mount = mount, .index = index};
	struct filesystem fs;
	int r;

	r = mount_options_parse(mount, index, &job.options, err);
	if (r < 0)
		return r;
	fs = describe(&job, -1);
	/* It shows the host's devices, as the one that bind_sysfs binds. */
	if (is_type(mount, "sysfs"))
		fs.attr |= MOUNT_ATTR_RDONLY;
	return mount_filesystem(&fs, err);
}

bool mount_changes_filesystem(const struct mount_options *o)
{
	return o->n_data > 0 || o->super_flags || o->super_clear;
}

int mount_change(const struct mount_job *job, int target_fd, struct nacre_error *err)
{
	const struct mount_options *o = &job->options;
	const struct filesystem fs = {
		.type = job->mount->type,
		.options = job->mount->options,
		.super_flags = o->super_flags,
		.super_clear = o->super_clear,
		.mode = -1,
	};
	int r;

	r = !o->bind && mount_changes_filesystem(o) ? mount_reconfigure(&fs, target_fd, err) : 0;
	if (r < 0)
		return r;
	return mount_set_flags(target_fd, o, err);
}

static int open_source(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	const struct mount_options *o, int userns_fd, struct nacre_error *err)
{
	/* A clone of a shared mount is its peer. From here it would go into the container as that,
	 * and what the container mounts in it would appear on the host. */
	const struct sys_mount_attr slave = {.propagation = MS_SLAVE};
	cleanup_close int fd = clone_source(guard, mount, index, o, err);
	int r;

	if (fd < 0)
		return fd;
	if (o->propagation != MS_SHARED) {
		r = sys_mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &slave);
		if (r < 0)
			return fail_errno(err, r, "cut propagation");
	}
	r = o->idmap ? mount_set_idmap(fd, mount, o, userns_fd, err) : 0;
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

int mount_open_source(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	bool own_user_namespace, int userns_fd, struct nacre_error *err)
{
	struct mount_options o;
	int fd;
	int r;

	r = mount_options_parse(mount, index, &o, err);
	if (r < 0)
		return r;
	if (!o.bind || o.remount || o.copy_symlink || (!o.idmap && !own_user_namespace))
		return -ENOTSUP;
	fd = open_source(guard, mount, index, &o, userns_fd, err);
	/* An unprivileged runtime has no mount namespace to clone from; its init has. */
	if (fd == -EPERM && !o.idmap)
		return -ENOTSUP;
	if (fd < 0)
		return fail_prefix(err, "mounts[%zu]: %s", index, mount->source);
	return fd;
}

int mount_map_source(int tree_fd, const struct oci_mount *mount, size_t index, int userns_fd,
	struct nacre_error *err)
{
	struct mount_options o;

	if (mount_options_parse(mount, index, &o, err) < 0 ||
		mount_set_idmap(tree_fd, mount, &o, userns_fd, err) < 0)
		return fail_prefix(err, "mounts[%zu]: %s", index, mount->source);
	return 0;
}
