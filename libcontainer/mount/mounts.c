/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mounts.h"

#include <errno.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_content.h"
#include "libcontainer/mount/mount_sources.h"
#include "libcontainer/mount/tmpcopyup.h"
#include "specs/mount_types.h"

/*
 * Theory of operation
 *
 * A mount is two things that meet in one system call. The source is a detached tree, complete with
 * flags, propagation and id mapping before anybody can see it (mount_sources.c). The target is an
 * O_PATH fd, found below the rootfs by paths.c. move_mount joins them fd to fd.
 *
 * So there is no moment at which a path is looked up twice: whatever the container's image, or
 * another container that shares a volume, does to the names meanwhile (CVE-2019-19921,
 * CVE-2021-30465), the mount lands on the inode that was checked. What is checked after the open,
 * and so cannot change, is that the target is not the root, that it is not within a procfs, and
 * that a procfs or sysfs lands on a directory that is no symlink (CVE-2023-27561). For the same
 * reason nothing is opened again to be compared afterwards.
 *
 * What is changed later, by a remount or by mount_seal_late, is known by the id of its mount or by
 * the fd of its root: a name that leads elsewhere by then, through the image or by a neighbour on a
 * shared volume, changes nothing else.
 */

enum {
	PROC_ROOT_INODE = 1, /* PROC_ROOT_INO */
};

static bool is_type(const struct mount_job *job, const char *type)
{
	return job->mount->type && strcmp(job->mount->type, type) == 0;
}

/* A procfs or sysfs. Mounted over a symlink, it would lie elsewhere than everybody believes. */
static bool needs_ordinary_directory(const struct mount_job *job)
{
	return !job->options.bind && (is_type(job, "proc") || is_type(job, "sysfs"));
}

static int init_job(struct mount_job *job, const struct mount_context *context,
	const struct oci_mount *mount, size_t index, struct nacre_error *err)
{
	job->context = context;
	job->mount = mount;
	job->index = index;
	if (path_clean(mount->destination, job->destination) < 0)
		return fail_errno(err, ENAMETOOLONG, "mounts[%zu]", index);
	return mount_options_parse(mount, index, &job->options, err);
}

/* specs/validate.c decides by name which files of /proc may be mounted over. Here, a destination
 * elsewhere must not lead into /proc (CVE-2019-16884, CVE-2025-52881). */
static int check_target(const struct mount_job *job, int target_fd, const struct statx *target,
	struct nacre_error *err)
{
	int proc;

	if (job->root_mount == target->stx_mnt_id && job->root_inode == target->stx_ino)
		return fail(err, EINVAL, "the destination is the root of the container");
	proc = job->root_mount == target->stx_mnt_id ? job->root_is_proc : mount_is_proc(target_fd);
	if (proc < 0)
		return fail_errno(err, proc, "stat the destination");
	if (proc && !path_within(job->destination, "/proc"))
		return fail(err, EPERM, "the destination leads into /proc");
	return 0;
}

/* Names the mount in which the mount point cannot be made, and where it could be. */
static int fail_read_only(const struct mount_job *job, struct nacre_error *err)
{
	char clean[PATH_TEXT_MAX];

	for (const struct oci_mount *above = job->mount; above-- > job->mount - job->index;) {
		if (mount_has(above, "remount") || path_clean(above->destination, clean) < 0 ||
			!path_within(job->destination, clean))
			continue;
		if (!mount_is_bind(above) || !above->source)
			return fail_prefix(err, "it lies in %s, which is read-only", clean);
		return fail_prefix(err, "it lies in %s, which is read-only: make %s%s first", clean,
			above->source, job->destination + strlen(clean));
	}
	return -EROFS;
}

/* Returns an O_PATH fd and what it is. */
static int open_target(
	const struct mount_job *job, bool file, struct statx *ret_target, struct nacre_error *err)
{
	const bool ordinary = needs_ordinary_directory(job);
	const bool follow = !ordinary && !job->options.destination_nofollow;
	cleanup_close int fd = path_make_mount_point(
		job->context->rootfs_fd, job->destination, file, follow, err);
	int r;

	if (fd == -ENOTDIR && ordinary)
		return fail(err, ENOTDIR, "filesystem \"%s\" must be mounted on ordinary directory",
			job->mount->type);
	if (fd == -EROFS)
		return fail_read_only(job, err);
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_INO | STATX_MNT_ID,
		    ret_target) < 0)
		return fail_errno(err, errno, "stat the destination");
	r = check_target(job, fd, ret_target, err);
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

/* The id of a mount is the same before and after it is attached. */
static int stat_tree(int tree_fd, struct statx *ret_tree, struct nacre_error *err)
{
	return statx(tree_fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_MNT_ID, ret_tree) <
			       0
		       ? fail_errno(err, errno, "stat the mount")
		       : 0;
}

/* Keeps what mount_seal_late is to find. */
static int keep_unsealed(const struct mount_job *job, int tree_fd, struct nacre_error *err)
{
	struct mount_made *made = &job->context->made[job->index];

	if (!mount_is_sealed_late(job))
		return 0;
	made->tree_fd = fcntl(tree_fd, F_DUPFD_CLOEXEC, 3);
	return made->tree_fd < 0 ? fail_errno(err, errno, "keep the mount") : 0;
}

/* Attaches the tree. TREE_FD (its statx: TREE) stays the root of the mount, whatever is mounted or
 * renamed then. */
static int attach(const struct mount_job *job, int tree_fd, const struct statx *tree, int target_fd,
	struct nacre_error *err)
{
	struct mount_made *made = &job->context->made[job->index];
	int r = sys_move_mount(tree_fd, target_fd);

	if (r < 0)
		return fail_errno(err, r, "attach");
	made->id = tree->stx_mnt_id;
	if (job->context->mask_views && mount_view_elsewhere(job->mount)) {
		made->view_fd = fcntl(tree_fd, F_DUPFD_CLOEXEC, 3);
		if (made->view_fd < 0)
			return fail_errno(err, errno, "keep the mount");
	}
	return keep_unsealed(job, tree_fd, err);
}

/* Only a procfs may be bound on /proc, and whole: anything else would take the runtime's writes. */
static int check_bound_proc(
	const struct mount_job *job, int tree_fd, const struct statx *tree, struct nacre_error *err)
{
	int proc;

	if (strcmp(job->destination, "/proc") != 0)
		return 0;
	proc = mount_is_proc(tree_fd);
	if (proc < 0)
		return fail_errno(err, proc, "stat %s", job->mount->source);
	if (!proc || tree->stx_ino != PROC_ROOT_INODE)
		return fail(err, EPERM,
			"only a whole procfs can be mounted on /proc, and %s is not",
			job->mount->source);
	return 0;
}

static int perform_bind(const struct mount_job *job, struct nacre_error *err)
{
	cleanup_close int target_fd = -1;
	cleanup_close int tree_fd = mount_build_bind(job, err);
	struct statx target, tree;
	int r;

	if (tree_fd < 0)
		return tree_fd;
	r = stat_tree(tree_fd, &tree, err);
	if (r == 0)
		r = check_bound_proc(job, tree_fd, &tree, err);
	if (r < 0)
		return r;
	target_fd = open_target(job, !S_ISDIR(tree.stx_mode), &target, err);
	r = target_fd < 0 ? target_fd : attach(job, tree_fd, &tree, target_fd, err);
	if (r == 0 && job->context->protect)
		r = job->context->protect(job->context->data, job->index, tree_fd, err);
	if (r < 0 || !job->options.recursive || !S_ISDIR(tree.stx_mode))
		return r;
	r = mount_guard_tree(job->context->guard, job->index, tree_fd, err);
	return r < 0 ? r : 0;
}

/* The container's procfs, for the runtime's own writes. A read-only one, or one with options that
 * hide files, is of no use for them. */
static int keep_proc(const struct mount_job *job, int tree_fd, struct nacre_error *err)
{
	int *proc_fd = job->context->proc_fd;

	if (!proc_fd || *proc_fd >= 0 || !is_type(job, "proc") || job->options.read_only ||
		job->options.n_data > 0)
		return 0;
	*proc_fd = fcntl(tree_fd, F_DUPFD_CLOEXEC, 3);
	return *proc_fd < 0 ? fail_errno(err, errno, "keep the procfs") : 0;
}

/* A tmpfs takes the mode of an existing directory that it covers. If the directory is made for it,
 * it takes its own default. */
static bool is_made_for_it(const struct mount_job *job)
{
	cleanup_close int fd = -1;

	if (!is_type(job, "tmpfs") || mount_options_have_key(&job->mount->options, "mode"))
		return false;
	fd = path_open(job->context->rootfs_fd, job->destination, O_PATH);
	return fd == -ENOENT;
}

static int perform_filesystem(const struct mount_job *job, struct nacre_error *err)
{
	const bool is_made = is_made_for_it(job);
	cleanup_close int tree_fd = -1;
	struct statx target, tree;
	cleanup_close int target_fd = open_target(job, false, &target, err);
	int r;

	if (target_fd < 0)
		return target_fd;
	tree_fd = mount_build_filesystem(job, is_made ? -1 : target.stx_mode, err);
	if (tree_fd < 0)
		return tree_fd;
	r = job->options.tmpcopyup ? tmpcopyup(target_fd, tree_fd, err) : 0;
	if (r == 0)
		r = stat_tree(tree_fd, &tree, err);
	if (r == 0)
		r = attach(job, tree_fd, &tree, target_fd, err);
	if (r < 0)
		return r;
	return keep_proc(job, tree_fd, err);
}

/* The rules have judged a remount by the mount that its destination names. The name may lead
 * elsewhere, through a symlink of the image, so the mount that was opened must be that one. */
static int check_remounted(
	const struct mount_job *job, const struct statx *target, struct nacre_error *err)
{
	const struct oci_mount *mounts = job->mount - job->index, *named;

	if (!mount_guard_judges(job->context->guard))
		return 0;
	if (job->tree.subject[job->index] == MOUNT_TREE_NONE)
		return fail(err, EPERM,
			"remount: no mount of the config before it has this destination");
	named = &mounts[job->tree.subject[job->index]];
	if (job->context->made[named - mounts].id != target->stx_mnt_id)
		return fail(err, EPERM,
			"remount: it is not mounts[%td] that lies there: the name leads elsewhere",
			named - mounts);
	/* The filesystem of a bind is the host's. */
	if (mount_is_bind(named) && !job->options.bind && mount_changes_filesystem(&job->options))
		return fail(err, EPERM,
			"remount: mounts[%td] is a bind, and its filesystem the host's: add the "
			"option bind, without options of the filesystem",
			named - mounts);
	return 0;
}

static int perform_remount(const struct mount_job *job, struct nacre_error *err)
{
	cleanup_close int target_fd = path_open(job->context->rootfs_fd, job->destination, O_PATH);
	struct statx target;
	int r;

	if (target_fd < 0)
		return fail_errno(err, target_fd, "open the destination");
	if (statx(target_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &target) < 0)
		return fail_errno(err, errno, "stat the destination");
	if (!(target.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return fail(err, EINVAL, "remount: the destination is not a mount point");
	r = check_target(job, target_fd, &target, err);
	if (r == 0)
		r = check_remounted(job, &target, err);
	if (r < 0)
		return r;
	return mount_change(job, target_fd, err);
}

static int perform_file(const struct mount_job *job, struct nacre_error *err)
{
	cleanup_close int tree_fd = mount_build_file(job, err);
	cleanup_close int target_fd = -1;
	struct statx target, tree;
	int r = tree_fd < 0 ? tree_fd : stat_tree(tree_fd, &tree, err);

	if (r < 0)
		return r;
	target_fd = open_target(job, true, &target, err);
	return target_fd < 0 ? target_fd : attach(job, tree_fd, &tree, target_fd, err);
}

static int perform(const struct mount_job *job, struct nacre_error *err)
{
	int copied;

	if (job->options.remount)
		return perform_remount(job, err);
	if (!job->options.bind && !job->mount->type)
		return fail(err, EINVAL, "no type, and no option bind or rbind");
	if (is_type(job, MOUNT_DIRECTORY))
		return mount_make_directory(job, err);
	if (is_type(job, MOUNT_FILE))
		return perform_file(job, err);
	if (!job->options.bind)
		return perform_filesystem(job, err);
	if (!job->mount->source)
		return fail(err, EINVAL, "a bind mount needs a source");
	copied = job->options.copy_symlink ? mount_copy_symlink(job, err) : 0;
	if (copied != 0)
		return copied < 0 ? copied : 0;
	return perform_bind(job, err);
}

static const char *name_source(const struct oci_mount *mount)
{
	if (mount->source)
		return mount->source;
	return mount->type ? mount->type : "remount";
}

/* Records mounts[0], which mounts_build_root has made. */
static int keep_root(struct mount_job *job, const struct mount_context *context,
	const struct oci_mount *mounts, struct nacre_error *err)
{
	int r = init_job(job, context, mounts, 0, err);

	context->made[0].id = job->root_mount;
	return r < 0 ? r : keep_unsealed(job, context->rootfs_fd, err);
}

int mounts_perform(const struct mount_context *context, const struct oci_mount *mounts, size_t n,
	struct nacre_error *err)
{
	struct mount_job job;
	struct statx root;
	int r;

	if (statx(context->rootfs_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &root) < 0)
		return fail_errno(err, errno, "stat the rootfs");
	job.root_mount = root.stx_mnt_id;
	job.root_inode = root.stx_ino;
	r = mount_is_proc(context->rootfs_fd);
	if (r < 0)
		return fail_errno(err, r, "stat the rootfs");
	job.root_is_proc = r > 0;
	if (mount_guard_judges(context->guard) &&
		mount_tree_make(context->guard->arena, mounts, n, &job.tree) < 0)
		return arena_fail(context->guard->arena, "mounts", err);
	for (size_t i = 0; i < n; i++)
		context->made[i] = (struct mount_made){.tree_fd = -1, .view_fd = -1};
	r = context->root_is_mount ? keep_root(&job, context, mounts, err) : 0;
	if (r < 0)
		return r;
	for (size_t i = context->root_is_mount ? 1 : 0; i < n; i++) {
		r = init_job(&job, context, &mounts[i], i, err);
		if (r < 0)
			return r;
		if (perform(&job, err) < 0)
			return fail_prefix(err, "mounts[%zu]: %s on %s", i, name_source(&mounts[i]),
				mounts[i].destination);
	}
	return 0;
}

int mounts_build_root(const struct mount_context *context, const struct oci_mount *mounts,
	struct nacre_error *err)
{
	struct mount_job job = {.context = context};
	int r = init_job(&job, context, mounts, 0, err);

	r = r < 0 ? r : mount_build_bind(&job, err);
	return r < 0 ? fail_prefix(err, "mounts[0]: %s on /", mounts[0].source) : r;
}
