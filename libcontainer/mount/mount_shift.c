/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_shift.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_below.h"
#include "libcontainer/mount/mount_shift_overlay.h"
#include "specs/mount_words.h"

/* EINVAL: a type without FS_ALLOW_IDMAP; EPERM: it is mapped already, or of another user namespace.
 */
static bool cannot(int r)
{
	return r == -EINVAL || r == -EPERM || r == -EOPNOTSUPP;
}

static int map(int tree_fd, int userns_fd, unsigned flags, uint64_t propagation)
{
	const struct sys_mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.propagation = propagation,
		.userns_fd = (uint64_t)userns_fd,
	};

	return sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | flags, &attr);
}

/* Refuses a root with mounts in it: they would be missing in a second overlay. */
static int shift_overlay(
	struct arena *arena, const struct mount_shift *shift, struct nacre_error *err)
{
	int r = mount_below_any(shift->rootfs_fd);

	if (r > 0)
		return fail(
			err, EOPNOTSUPP, "the root is an overlay, and something is mounted in it");
	if (r == -ENOSYS)
		return fail(err, EOPNOTSUPP,
			"the root is an overlay, and this kernel is older than Linux 6.15");
	if (r < 0)
		return fail_errno(err, r, "list the mounts in the root");
	return mount_shift_overlay(arena, shift, err);
}

int mount_shift_root(struct arena *arena, const struct mount_shift *shift, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	struct statfs fs;
	int r;

	if (fstatfs(shift->rootfs_fd, &fs) < 0)
		return fail_errno(err, errno, "statfs the root");
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC)
		return shift_overlay(arena, shift, err);
	fd = sys_open_tree(shift->rootfs_fd, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE);
	if (fd < 0)
		return fail_errno(err, fd, "clone the mounts of the rootfs");
	r = map(fd, shift->userns_fd, AT_RECURSIVE, MS_SLAVE);
	if (cannot(r))
		return fail(err, EOPNOTSUPP,
			"the file system of the root, or one that is mounted in it, cannot be "
			"id-mapped");
	return r < 0 ? fail_errno(err, r, "map the root") : fd_steal(&fd);
}

int mount_shift_may_bind(const struct oci_mount *mount, int userns_fd, struct nacre_error *err)
{
	const struct mount_options o = mount_options_read(mount);
	const unsigned recursive = o.recursive ? AT_RECURSIVE : 0;
	cleanup_close int fd = sys_open_tree(AT_FDCWD, mount->source,
		OPEN_TREE_CLONE | recursive | (o.source_nofollow ? AT_SYMLINK_NOFOLLOW : 0));
	struct stat st;
	int r = fd < 0 ? 0 : map(fd, userns_fd, recursive, 0);

	if (r == 0)
		return 1;
	if (!cannot(r))
		return fail_errno(err, r, "map %s", mount->source);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat %s", mount->source);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	return fail(err, EOPNOTSUPP,
		"the file system of %s, or one that is mounted in it, cannot be "
		"id-mapped",
		mount->source);
}
