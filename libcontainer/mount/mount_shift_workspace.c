/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_shift_workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/mount/mount_shift_overlay.h"

/* Opens directory NAME in the mapped TREE_FD, which must be the same directory as FD. Returns an
 * fd. */
static int open_mapped(int tree_fd, const char *name, int fd, struct nacre_error *err)
{
	cleanup_close int mapped_fd = openat(
		tree_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat one, other;

	if (mapped_fd < 0)
		return fail_errno(err, errno, "open the directory %s of a copy", name);
	if (fstat(fd, &one) < 0 || fstat(mapped_fd, &other) < 0)
		return fail_errno(err, errno, "stat the directory %s of a copy", name);
	if (one.st_dev != other.st_dev || one.st_ino != other.st_ino)
		return fail(err, EPERM, "the directory %s of a copy was replaced by another", name);
	return fd_steal(&mapped_fd);
}

static int clone_mapped(int fd, int userns_fd, const char *what, struct nacre_error *err)
{
	int clone_fd = mount_shift_clone(fd, userns_fd);

	if (clone_fd == -EINVAL || clone_fd == -EPERM)
		return fail(err, EOPNOTSUPP,
			"the file system of %s cannot be id-mapped: use another, or, unless the "
			"rule is required, --allow no-user-namespace",
			what);
	return clone_fd < 0 ? fail_errno(err, clone_fd, "id-map %s", what) : clone_fd;
}

/* Prepares this thread to mount an overlay with an id-mapped upper directory. The thread takes the
 * fsuid of the container's root: with that of the host's root, which the map lacks, overlayfs could
 * not make its directory in the work directory (EOVERFLOW) and would mount read-only. It keeps all
 * capabilities, since overlayfs acts with those of the mounter. *RET_BITS: securebits for
 * restore_ids. */
static int take_ids(uid_t root_id, int *ret_bits, struct nacre_error *err)
{
	*ret_bits = prctl(PR_GET_SECUREBITS);
	if (*ret_bits < 0 || prctl(PR_SET_SECUREBITS, *ret_bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return fail_errno(err, errno, "PR_SET_SECUREBITS");
	(void)setfsuid(root_id);
	(void)setfsgid(root_id);
	return 0;
}

static int restore_ids(int bits, struct nacre_error *err)
{
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	return prctl(PR_SET_SECUREBITS, bits) < 0 ? fail_errno(err, errno, "PR_SET_SECUREBITS") : 0;
}

static int build(const struct mount_workspace *mapped, uid_t root_id, struct nacre_error *err)
{
	struct nacre_error why;
	int bits, r = take_ids(root_id, &bits, err), fd;

	if (r < 0)
		return r;
	fd = mount_workspace_build(mapped, err);
	if (restore_ids(bits, &why) == 0)
		return fd;
	fd_close(&fd);
	*err = why;
	return -why.code;
}

int mount_shift_workspace(const struct mount_workspace *workspace, const struct mount_shift *shift,
	const char *upper, const char *work, struct nacre_error *err)
{
	struct mount_workspace mapped = *workspace;
	cleanup_close int parent_fd = openat(
		workspace->upper_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int source_fd = -1, tree_fd = -1, upper_fd = -1, work_fd = -1;

	if (parent_fd < 0)
		return fail_errno(err, errno, "open the directory of a copy");
	source_fd = clone_mapped(workspace->source_fd, shift->userns_fd, workspace->source, err);
	if (source_fd < 0)
		return source_fd;
	tree_fd = clone_mapped(parent_fd, shift->userns_fd, "the directory of workspaces", err);
	if (tree_fd < 0)
		return tree_fd;
	upper_fd = open_mapped(tree_fd, upper, workspace->upper_fd, err);
	work_fd = upper_fd < 0 ? upper_fd : open_mapped(tree_fd, work, workspace->work_fd, err);
	if (work_fd < 0)
		return work_fd;
	mapped.source_fd = source_fd;
	mapped.upper_fd = upper_fd;
	mapped.work_fd = work_fd;
	return build(&mapped, shift->root_id, err);
}
