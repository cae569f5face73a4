/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/size.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_fs.h"

#ifndef PRJQUOTA
#define PRJQUOTA 2
#endif

/* Project ids of nacre: "NC" in the upper half, and 65,536 of them. Administrators' ids begin with
 * 1. */
#define FIRST_PROJECT UINT32_C(0x4e430000)
#define PROJECTS UINT32_C(0x10000)

#define LOCK "projects"

enum {
	QUOTA_BLOCK = 1024, /* QIF_DQBLKSIZE */
	INODE_BYTES = 4096, /* of a tmpfs: a file that is not empty has a page */
	INODES_LEAST = 1024,
	WORD_MAX = 48,
};

static uint64_t or_least(uint64_t n, uint64_t least)
{
	return n < least ? least : n;
}

int workspace_size_mount(int dir_fd, const char *name, const struct workspace_record *record,
	struct nacre_error *err)
{
	char size[WORD_MAX], inodes[WORD_MAX];
	const char *words[] = {size, inodes, "mode=700"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {words, sizeof(words) / sizeof(words[0])},
		.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.mode = -1,
	};
	cleanup_close int tree_fd = -1, place_fd = -1;
	int r;

	if (record->user_xattr)
		return fail(err, ENOTSUP,
			"size=N,tmpfs needs root's rights, since it outlives the command: leave it "
			"out");
	(void)snprintf(size, WORD_MAX, "size=%" PRIu64, record->bytes);
	(void)snprintf(inodes, WORD_MAX, "nr_inodes=%" PRIu64,
		record->inodes ? record->inodes
			       : or_least(record->bytes / INODE_BYTES, INODES_LEAST));
	if (mkdirat(dir_fd, name, 0700) < 0)
		return fail_errno(err, errno, "make %s", name);
	place_fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place_fd < 0)
		return fail_errno(err, errno, "open %s", name);
	tree_fd = mount_filesystem(&fs, err);
	if (tree_fd < 0)
		return tree_fd;
	r = sys_move_mount(tree_fd, place_fd);
	return r < 0 ? fail_errno(err, r, "mount %s", name) : fd_steal(&tree_fd);
}

/* --- project quotas --- */

static int quota(int fd, int command, uint32_t project, struct dqblk *block)
{
	return sys_quotactl_fd(fd, QCMD((unsigned)command, PRJQUOTA), project, block);
}

static int set_limits(int fd, uint32_t project, uint64_t bytes, uint64_t inodes)
{
	struct dqblk block = {
		.dqb_bhardlimit = (bytes + QUOTA_BLOCK - 1) / QUOTA_BLOCK,
		.dqb_bsoftlimit = (bytes + QUOTA_BLOCK - 1) / QUOTA_BLOCK,
		.dqb_ihardlimit = inodes,
		.dqb_isoftlimit = inodes,
		.dqb_valid = QIF_LIMITS,
	};

	return quota(fd, Q_SETQUOTA, project, &block);
}

/* Whether PROJECT has neither files nor limits: 1, 0 or -errno. */
static int is_free(int fd, uint32_t project)
{
	struct dqblk block = {.dqb_valid = 0};
	int r = quota(fd, Q_GETQUOTA, project, &block);

	if (r < 0)
		return r == -ENOENT ? 1 : r;
	return !block.dqb_curspace && !block.dqb_curinodes && !block.dqb_bhardlimit &&
	       !block.dqb_ihardlimit;
}

/* Claims a free project id by setting its limits. */
static int claim(int fd, const struct workspace_record *record, uint32_t *ret_project)
{
	for (uint32_t i = 0; i < PROJECTS; i++) {
		int r = is_free(fd, FIRST_PROJECT + i);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		*ret_project = FIRST_PROJECT + i;
		return set_limits(fd, FIRST_PROJECT + i, record->bytes, record->inodes);
	}
	return -ENOSPC;
}

static int put_into(int fd, uint32_t project)
{
	struct fsxattr attributes;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return -errno;
	attributes.fsx_projid = project;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

static bool has_no_quota(int code)
{
	return code == -ENOSYS || code == -ESRCH || code == -ENOTTY || code == -EOPNOTSUPP ||
	       code == -EINVAL;
}

int workspace_size_limit(int store_fd, const int *fds, size_t n,
	const struct workspace_record *record, struct nacre_error *err)
{
	cleanup_close int lock_fd = -1;
	uint32_t project = 0;
	int r;

	if (record->user_xattr)
		return fail(err, ENOTSUP,
			"size=N needs root's rights, for a project quota: leave it out");
	lock_fd = openat(store_fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock_fd < 0 || flock(lock_fd, LOCK_EX) < 0)
		return fail_errno(err, errno, "lock the project ids of workspaces");
	r = claim(fds[0], record, &project);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_into(fds[i], project);
	if (r == 0)
		return 0;
	if (project)
		workspace_size_release(fds[0], project);
	if (has_no_quota(r))
		return fail(err, ENOTSUP,
			"size=N: the file system of the directory of workspaces has no project "
			"quota: mount it with prjquota (ext4, xfs), name another directory with "
			"--workspaces, or take memory by size=N,tmpfs");
	return fail_errno(err, r, "set a project quota");
}

uint32_t workspace_size_project(int fd)
{
	struct fsxattr attributes;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0 ||
		attributes.fsx_projid - FIRST_PROJECT >= PROJECTS)
		return 0;
	return attributes.fsx_projid;
}

void workspace_size_release(int fd, uint32_t project)
{
	(void)set_limits(fd, project, 0, 0);
}
