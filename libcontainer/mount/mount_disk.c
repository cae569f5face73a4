/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"

static int open_node(const char *path, struct stat *ret_st, struct nacre_error *err)
{
	cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, errno, "open %s", path);
	if (fstat(fd, ret_st) < 0)
		return fail_errno(err, errno, "stat %s", path);
	if (!S_ISBLK(ret_st->st_mode))
		return fail(err, ENOTBLK, "%s is not a block device", path);
	return fd_steal(&fd);
}

/* 1: NODE is the device whose numbers DATA points at. */
static int is_granted(void *data, const char *node, struct nacre_error *err)
{
	const dev_t *number = data;
	struct nacre_error own;
	struct stat st;
	cleanup_close int fd = open_node(node, &st, &own);

	if (fd == -ENOENT) /* a grant may list the nodes of several hosts */
		return 0;
	if (fd < 0) {
		*err = own;
		return fail_prefix(err, "grant disk:%s", node);
	}
	return st.st_rdev == *number;
}

int mount_open_disk(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	char ret_path[static MOUNT_DISK_PATH], struct nacre_error *err)
{
	char place[48];
	struct stat st;
	cleanup_close int fd = open_node(mount->source, &st, err);
	int r;

	if (fd < 0)
		return fd;
	r = harden_each_disk(guard->request, is_granted, &st.st_rdev, err);
	if (r < 0)
		return r;
	(void)snprintf(place, sizeof(place), "mounts[%zu].source", index);
	if (r == 0)
		return harden_refuse_disk(guard->arena, guard->request, place, mount->source, err);
	(void)snprintf(ret_path, MOUNT_DISK_PATH, "/proc/self/fd/%d", fd);
	return fd_steal(&fd);
}
