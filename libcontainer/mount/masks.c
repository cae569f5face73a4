/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/masks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_fs.h"
#include "specs/path_text.h"

/* Where lookups start. CVE-2019-19921: a process that can rename in the rootfs replaces /proc by a
 * symlink, the files below it are "absent", and the true procfs stays reachable under another name.
 * So paths below /proc are looked up from one fd, which was verified to be the procfs. */
struct roots {
	int rootfs_fd;
	int proc_fd; /* -1: none */
	/* Where the filesystem at ROOTFS_FD is usually mounted: only paths below that are looked
	 * up. NULL: "/". */
	const char *prefix;
};

static int open_proc(int rootfs_fd, struct nacre_error *err)
{
	cleanup_close int fd = path_open_nofollow(rootfs_fd, "/proc", O_PATH | O_DIRECTORY);
	struct statfs fs;

	if (fd < 0)
		return fail_errno(err, fd, "open the procfs on /proc");
	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, errno, "statfs /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return fail(err, EXDEV,
			"/proc was mounted and is no procfs: somebody changes the rootfs");
	return fd_steal(&fd);
}

/* CLEAN below DIRECTORY: "/x" for "/proc/x", "/" for the directory itself. NULL: it is not. */
static const char *below(const char *clean, const char *directory)
{
	const char *rest = clean + strlen(directory);

	if (!path_within(clean, directory))
		return NULL;
	return *rest ? rest : "/";
}

static int open_below(const struct roots *roots, const char *path)
{
	char clean[PATH_TEXT_MAX];
	int r = path_clean(path, clean);
	const char *rest;

	if (!*path || r < 0)
		return r < 0 ? r : -ENOENT;
	rest = below(clean, roots->prefix ? roots->prefix : "/proc");
	if (roots->prefix)
		return rest ? path_open(roots->rootfs_fd, rest, O_PATH) : -ENOENT;
	if (roots->proc_fd >= 0 && rest && rest[1])
		return path_open(roots->proc_fd, rest, O_PATH);
	return path_open(roots->rootfs_fd, path, O_PATH);
}

static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

static int attach_clone(int source_fd, int target_fd, struct nacre_error *err)
{
	cleanup_close int tree_fd = sys_open_tree(source_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	int r = tree_fd < 0 ? tree_fd : sys_move_mount(tree_fd, target_fd);

	return r < 0 ? fail_errno(err, r, "attach") : 0;
}

/* What paths are covered with. Once it is attached somewhere it can be cloned from there; before
 * Linux 6.15 no detached mount could be cloned. FD -1: not yet. */
struct cover {
	int fd;
	struct stat st; /* read once; a path where this lies is covered already */
};

struct covers {
	struct cover null;
	struct cover empty; /* one tmpfs for all: making and destroying a superblock is slow */
};

#define cleanup_covers __attribute__((cleanup(covers_close)))

static const struct covers no_covers = {{.fd = -1}, {.fd = -1}};

static void covers_close(struct covers *covers)
{
	fd_close(&covers->null.fd);
	fd_close(&covers->empty.fd);
}

static int cover(struct covers *covers, int dev_null_fd, int target_fd, struct nacre_error *err)
{
	struct cover *c;
	struct stat st;
	int r;

	if (fstat(target_fd, &st) < 0)
		return fail_errno(err, errno, "stat");
	c = S_ISDIR(st.st_mode) ? &covers->empty : &covers->null;
	if (c->fd >= 0) {
		/* The path is listed twice, or under two names. */
		if (c->st.st_dev == st.st_dev && c->st.st_ino == st.st_ino)
			return 0;
		return attach_clone(c->fd, target_fd, err);
	}
	c->fd = S_ISDIR(st.st_mode) ? mount_empty(err) : path_clone(dev_null_fd, 0, err);
	if (c->fd < 0)
		return c->fd;
	if (fstat(c->fd, &c->st) < 0)
		return fail_errno(err, errno, "stat");
	r = sys_move_mount(c->fd, target_fd);
	return r < 0 ? fail_errno(err, r, "attach") : 0;
}

static int apply_masked(const struct roots *roots, int dev_null_fd, const struct oci_strings *paths,
	struct covers *covers, struct nacre_error *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		/* A symlink is followed within the root: what it leads to must not be seen. */
		cleanup_close int fd = open_below(roots, paths->items[i]);

		if (is_absent(fd))
			continue;
		if (fd < 0)
			return fail_errno(err, fd, "mask %s", paths->items[i]);
		if (cover(covers, dev_null_fd, fd, err) < 0)
			return fail_prefix(err, "mask %s", paths->items[i]);
	}
	return 0;
}

/* Makes a procfs or sysfs elsewhere read-only in place. If a clone lay on top of it, the masks that
 * come next would be attached below the clone. */
static int make_view_readonly(int view_fd, struct nacre_error *err)
{
	const struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int r = sys_mount_setattr(view_fd, "", AT_EMPTY_PATH, &attr);

	return r < 0 ? fail_errno(err, r, "set read-only") : 0;
}

static bool is_prefix(const struct roots *roots, const char *path)
{
	char clean[PATH_TEXT_MAX];

	return roots->prefix && path_clean(path, clean) == 0 && !strcmp(clean, roots->prefix);
}

/* A clone of the path with everything below it, on itself; only the top is made read-only, and no
 * flag is taken away. */
static int make_readonly(int target_fd, struct nacre_error *err)
{
	const struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup_close int tree_fd = sys_open_tree(
		target_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
	int r;

	if (tree_fd < 0)
		return fail_errno(err, tree_fd, "clone");
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr);
	if (r < 0)
		return fail_errno(err, r, "set read-only");
	r = sys_move_mount(tree_fd, target_fd);
	return r < 0 ? fail_errno(err, r, "attach") : 0;
}

static int apply_readonly(
	const struct roots *roots, const struct oci_strings *paths, struct nacre_error *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		cleanup_close int fd = open_below(roots, paths->items[i]);

		if (is_absent(fd))
			continue;
		if (fd < 0)
			return fail_errno(err, fd, "read-only path %s", paths->items[i]);
		if ((is_prefix(roots, paths->items[i]) ? make_view_readonly(roots->rootfs_fd, err)
						       : make_readonly(fd, err)) < 0)
			return fail_prefix(err, "read-only path %s", paths->items[i]);
	}
	return 0;
}

bool masks_expect_procfs(const struct oci_config *config)
{
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < config->n_mounts; i++)
		if (path_clean(config->mounts[i].destination, clean) == 0 &&
			strcmp(clean, "/proc") == 0)
			return true;
	return false;
}

int masks_apply(int rootfs_fd, int dev_null_fd, bool procfs, const struct oci_strings *masked,
	const struct oci_strings *readonly, struct nacre_error *err)
{
	cleanup_close int proc_fd = procfs ? open_proc(rootfs_fd, err) : -1;
	cleanup_covers struct covers covers = no_covers;
	int r;

	if (procfs && proc_fd < 0)
		return proc_fd;
	/* Masks come last, on top: a read-only clone would have to contain them otherwise. */
	r = apply_readonly(&(struct roots){rootfs_fd, proc_fd, NULL}, readonly, err);
	if (r < 0)
		return r;
	/* Opens it again: if /proc itself is a read-only path, a clone lies on top now. */
	fd_close(&proc_fd);
	proc_fd = procfs ? open_proc(rootfs_fd, err) : -1;
	if (procfs && proc_fd < 0)
		return proc_fd;
	return apply_masked(
		&(struct roots){rootfs_fd, proc_fd, NULL}, dev_null_fd, masked, &covers, err);
}

int masks_hide(int rootfs_fd, int dev_null_fd, const struct oci_judged *hidden, int source_fd,
	const char *below, struct nacre_error *err)
{
	const uint64_t way = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
	cleanup_covers struct covers covers = no_covers;
	cleanup_close int fd = sys_openat2(
		rootfs_fd, hidden->name, O_PATH | O_NOFOLLOW, 0, RESOLVE_IN_ROOT | way);
	cleanup_close int source = -1;
	struct stat st;
	int r;

	if (fd < 0)
		return fail_errno(err, fd, "hide %s", hidden->name);
	if (source_fd >= 0) {
		source = sys_openat2(
			source_fd, below, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | way);
		if (source < 0)
			return fail_errno(
				err, source, "hide %s: open it in its source", hidden->name);
	}
	if (fstat(source < 0 ? fd : source, &st) < 0)
		return fail_errno(err, errno, "hide %s", hidden->name);
	if (st.st_dev != hidden->device || st.st_ino != hidden->inode)
		return fail(err, ESTALE,
			"hide %s: it was moved or replaced since it was looked at: name it again",
			hidden->name);
	r = cover(&covers, dev_null_fd, fd, err);
	return r < 0 ? fail_prefix(err, "hide %s", hidden->name) : 0;
}

int masks_apply_view(int view_fd, const char *prefix, int dev_null_fd,
	const struct oci_strings *masked, const struct oci_strings *readonly,
	struct nacre_error *err)
{
	const struct roots roots = {view_fd, -1, prefix};
	cleanup_covers struct covers covers = no_covers;
	int r;

	r = apply_readonly(&roots, readonly, err);
	return r < 0 ? r : apply_masked(&roots, dev_null_fd, masked, &covers, err);
}
