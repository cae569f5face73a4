/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/child_call.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/mount/mountinfo.h"

enum {
	CHILD_TIMEOUT = 30, /* seconds: the root may lie on a file system that does not answer */
	MOUNTINFO_MAX = 16 * 1024 * 1024,
};

/* Reads the kernel's list of mounts, since the path of a mask or a mount may lead here by a
 * symlink. */
static int refuse_mounts_in(int proc_fd, uint64_t id, struct nacre_error *err)
{
	cleanup_close int fd = procfs_open_file(proc_fd, "self/mountinfo", O_RDONLY);
	cleanup_free char *text = NULL;
	struct mountinfo mount;
	char *rest;
	int r = fd < 0 ? fail_errno(err, fd, "open /proc/self/mountinfo")
		       : file_read_fd(fd, "mountinfo", MOUNTINFO_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	rest = text;
	while ((r = mountinfo_next(&rest, "self/mountinfo", &mount, err)) > 0)
		if (mount.parent == id)
			return fail(err, EBUSY,
				"a mount or a masked path, %s, lies in it and would be gone: name "
				"it elsewhere in the config, or leave it out",
				mount.path);
	return r;
}

/* Unmounts by the fd: the path is looked up once. */
static int detach_old(
	int root_fd, int proc_fd, const struct oci_mount *mount, struct nacre_error *err)
{
	cleanup_close int fd = path_open(root_fd, mount->destination, O_PATH | O_DIRECTORY);
	struct statfs fs;
	struct statx st;
	int r;

	if (fd < 0)
		return fail_errno(err, fd, "open %s", mount->destination);
	if (fstatfs(fd, &fs) < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return fail_errno(err, errno, "stat %s", mount->destination);
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC || !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return fail(err, EBUSY,
			"it is not the copy that create made that lies on %s: it was mounted over",
			mount->destination);
	r = refuse_mounts_in(proc_fd, st.stx_mnt_id, err);
	if (r < 0)
		return r;
	if (fchdir(fd) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail_errno(err, errno, "unmount %s", mount->destination);
	return 0;
}

struct replacement {
	int pidfd;
	const struct mount_context *context; /* without what is the container's */
	const struct oci_mount *mount;
};

static int replace(void *data, struct nacre_error *err)
{
	const struct replacement *with = data;
	struct mount_made made = {.tree_fd = -1, .view_fd = -1};
	struct mount_context context = *with->context;
	cleanup_close int root_fd = -1;
	cleanup_close int proc_fd = procfs_open(err);
	int r;

	if (proc_fd < 0)
		return proc_fd;
	if (setns(with->pidfd, CLONE_NEWNS) < 0)
		return fail_errno(err, errno, "enter the container's mount namespace");
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return fail_errno(err, errno, "open /");
	r = detach_old(root_fd, proc_fd, with->mount, err);
	if (r < 0)
		return r;
	context.rootfs_fd = root_fd;
	context.made = &made;
	return mounts_perform(&context, with->mount, 1, err);
}

int mount_replace(int pidfd, const struct mount_context *context, const struct oci_mount *mount,
	int64_t deadline, struct nacre_error *err)
{
	struct replacement with = {pidfd, context, mount};
	int r = child_call(replace, &with, CHILD_TIMEOUT, deadline, err);

	return r == -ETIMEDOUT ? fail_prefix(err, "the container's root does not answer") : r;
}
