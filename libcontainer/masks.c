/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/masks.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "libcontainer/cleanup.h"
#include "libcontainer/mount_fs.h"
#include "libcontainer/paths.h"
#include "libcontainer/sys.h"

static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

static int attach_clone(int source_fd, int target_fd)
{
	cleanup_close int tree_fd = sys_open_tree(source_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);

	return tree_fd < 0 ? tree_fd : sys_move_mount(tree_fd, target_fd);
}

/* One tmpfs serves all directories, since making and destroying a superblock is slow. It is cloned
 * from where it was attached first: no detached mount could be, before Linux 6.15. */
static int cover_directory(int *empty_fd, int target_fd, struct nacre_error *err)
{
	int r;

	if (*empty_fd >= 0) {
		r = attach_clone(*empty_fd, target_fd);
	} else {
		*empty_fd = mount_empty(err);
		if (*empty_fd < 0)
			return *empty_fd;
		r = sys_move_mount(*empty_fd, target_fd);
	}
	return r < 0 ? fail_errno(err, r, "attach an empty directory") : 0;
}

static int cover_file(int null_fd, int target_fd, struct nacre_error *err)
{
	cleanup_close int tree_fd = path_clone(null_fd, 0, err);
	int r;

	if (tree_fd < 0)
		return fail_prefix(err, "/dev/null");
	r = sys_move_mount(tree_fd, target_fd);
	return r < 0 ? fail_errno(err, r, "attach /dev/null") : 0;
}

static int cover(int null_fd, int *empty_fd, int target_fd, struct nacre_error *err)
{
	struct stat st;

	if (fstat(target_fd, &st) < 0)
		return fail_errno(err, errno, "stat");
	if (S_ISDIR(st.st_mode))
		return cover_directory(empty_fd, target_fd, err);
	return cover_file(null_fd, target_fd, err);
}

static int apply_masked(
	int rootfs_fd, int dev_null_fd, const struct oci_strings *paths, struct nacre_error *err)
{
	cleanup_close int empty_fd = -1;

	for (size_t i = 0; i < paths->n; i++) {
		/* A symlink is followed within the root: what it leads to must not be seen. */
		cleanup_close int fd = path_open(rootfs_fd, paths->items[i], O_PATH);

		if (is_absent(fd))
			continue;
		if (fd < 0)
			return fail_errno(err, fd, "mask %s", paths->items[i]);
		if (cover(dev_null_fd, &empty_fd, fd, err) < 0)
			return fail_prefix(err, "mask %s", paths->items[i]);
	}
	return 0;
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

static int apply_readonly(int rootfs_fd, const struct oci_strings *paths, struct nacre_error *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		cleanup_close int fd = path_open(rootfs_fd, paths->items[i], O_PATH);

		if (is_absent(fd))
			continue;
		if (fd < 0)
			return fail_errno(err, fd, "read-only path %s", paths->items[i]);
		if (make_readonly(fd, err) < 0)
			return fail_prefix(err, "read-only path %s", paths->items[i]);
	}
	return 0;
}

int masks_apply(int rootfs_fd, int dev_null_fd, const struct oci_strings *masked,
	const struct oci_strings *readonly, struct nacre_error *err)
{
	/* Masks come last, on top: a read-only clone would otherwise have to carry them along. */
	if (apply_readonly(rootfs_fd, readonly, err) < 0)
		return -err->code;
	return apply_masked(rootfs_fd, dev_null_fd, masked, err);
}
