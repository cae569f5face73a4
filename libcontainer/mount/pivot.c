/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/pivot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mountinfo.h"

enum {
	MOUNTINFO_MAX = 16 * 1024 * 1024,
};

int pivot_rootfs(int rootfs_fd, struct nacre_error *err)
{
	const struct sys_mount_attr slave = {.propagation = MS_SLAVE};
	cleanup_close int old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (old_root < 0)
		return fail_errno(err, errno, "open /");
	if (fchdir(rootfs_fd) < 0)
		return fail_errno(err, errno, "change to the rootfs");
	/* pivot_root(2), NOTES: with "." for both, the old root is stacked on top of the new one.
	 * No directory for it has to be made in the image, which may be read-only. */
	r = sys_pivot_root(".", ".");
	if (r < 0)
		return fail_errno(err, r, "pivot_root");
	/* "." is the new root, below the old one; the old one can only be reached by its fd. */
	if (fchdir(old_root) < 0)
		return fail_errno(err, errno, "change to the old root");
	/* Where rootfsPropagation left the host's mounts shared, unmounting them here would unmount
	 * them on the host. Slaves send nothing back. */
	r = sys_mount_setattr(AT_FDCWD, ".", AT_RECURSIVE, &slave);
	if (r < 0)
		return fail_errno(err, r, "cut the old root's propagation");
	/* MNT_DETACH: the old root is busy, our working directory is in it. */
	if (umount2(".", MNT_DETACH) < 0)
		return fail_errno(err, errno, "unmount the old root");
	/* The working directory still holds the detached tree: leave it, or CVE-2024-21626 is back.
	 */
	if (chdir("/") < 0)
		return fail_errno(err, errno, "change to /");
	return 0;
}

static int enter_root(struct nacre_error *err)
{
	if (chroot(".") < 0)
		return fail_errno(err, errno, "chroot to the rootfs");
	/* "." may have been reached from above the new root. */
	if (chdir("/") < 0)
		return fail_errno(err, errno, "change to /");
	return 0;
}

/* Covers what cannot be unmounted, because it came with the namespace from a more privileged one.
 */
static int cover(const char *path)
{
	cleanup_close int target = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int fs_fd = -1;
	cleanup_close int tree = -1;
	int r;

	if (target < 0)
		return -errno;
	fs_fd = sys_fsopen("tmpfs");
	if (fs_fd < 0)
		return fs_fd;
	r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return r;
	tree = sys_fsmount(fs_fd, MOUNT_ATTR_RDONLY);
	return tree < 0 ? tree : sys_move_mount(tree, target);
}

/* Removes or covers MOUNT if it is a whole procfs or sysfs outside ROOTFS. */
static int drop_mount(const struct mountinfo *mount, const char *rootfs, struct nacre_error *err)
{
	const size_t length = strlen(rootfs);

	if ((strcmp(mount->type, "proc") != 0 && strcmp(mount->type, "sysfs") != 0) ||
		strcmp(mount->root, "/") != 0)
		return 0;
	if (strncmp(mount->path, rootfs, length) == 0 &&
		(mount->path[length] == '/' || mount->path[length] == '\0'))
		return 0;
	if (umount2(mount->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
		int r = cover(mount->path);

		if (r < 0)
			return fail_errno(err, r, "hide the host's %s", mount->path);
	}
	return 0;
}

/* The old root stays reachable for whoever may chroot or move mounts. A procfs or sysfs without
 * masks must not lie there, and the kernel would take such as a licence to mount a fresh one in a
 * user namespace. */
static int hide_kernel_mounts(int rootfs_fd, struct nacre_error *err)
{
	cleanup_free char *mounts = NULL;
	struct mountinfo mount;
	char *rest;
	char link[32];
	char rootfs[PATH_MAX];
	ssize_t n;
	int r;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", rootfs_fd);
	n = readlink(link, rootfs, sizeof(rootfs));
	if (n < 0)
		return fail_errno(err, errno, "read %s", link);
	if (n == sizeof(rootfs))
		return fail_errno(err, ENAMETOOLONG, "read %s", link);
	rootfs[n] = '\0';
	r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mounts, NULL, err);
	if (r < 0)
		return r;
	rest = mounts;
	while ((r = mountinfo_next(&rest, "self/mountinfo", &mount, err)) > 0) {
		r = drop_mount(&mount, rootfs, err);
		if (r < 0)
			return r;
	}
	return r;
}

int pivot_move(int rootfs_fd, struct nacre_error *err)
{
	const struct sys_mount_attr slave = {.propagation = MS_SLAVE};
	cleanup_close int root = -1;
	int r;

	if (fchdir(rootfs_fd) < 0)
		return fail_errno(err, errno, "change to the rootfs");
	/* As in pivot_rootfs: what is unmounted here must stay mounted on the host. */
	r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave);
	if (r < 0)
		return fail_errno(err, r, "cut the propagation of /");
	r = hide_kernel_mounts(rootfs_fd, err);
	if (r < 0)
		return r;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail_errno(err, errno, "open /");
	r = sys_move_mount(rootfs_fd, root);
	if (r < 0)
		return fail_errno(err, r, "move the rootfs to /");
	return enter_root(err);
}

int pivot_chroot(int rootfs_fd, struct nacre_error *err)
{
	if (fchdir(rootfs_fd) < 0)
		return fail_errno(err, errno, "change to the rootfs");
	return enter_root(err);
}
