/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

static const uint64_t beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
				RESOLVE_NO_XDEV;

bool place_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return !strncmp(path, directory, length) && (path[length] == '/' || !path[length]);
}

int place_open_entry(int root_fd, const char *path, int flags)
{
	return sys_openat2(root_fd, path, (uint64_t)flags | O_NOFOLLOW | O_CLOEXEC, 0, beneath);
}

int place_open(int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char directory[PATH_MAX] = ".";
	int fd;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (slash) {
		if ((size_t)(slash - path) >= sizeof(directory))
			return -ENAMETOOLONG;
		(void)snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	}
	fd = place_open_entry(root_fd, directory, O_PATH | O_DIRECTORY);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

int64_t place_time(const struct statx_timestamp *time)
{
	return (int64_t)((uint64_t)time->tv_sec * PLACE_SECOND + time->tv_nsec);
}

static int look(int dir_fd, const char *name, int flags, struct place_object *ret)
{
	struct statx st;

	if (statx(dir_fd, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		    STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
		return -errno;
	*ret = (struct place_object){
		.mode = st.stx_mode,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.ino = st.stx_ino,
		.size = st.stx_size,
		.birth = st.stx_mask & STATX_BTIME ? place_time(&st.stx_btime) : 0,
		.mtime = place_time(&st.stx_mtime),
		.ctime = place_time(&st.stx_ctime),
	};
	return 0;
}

int place_look(int dir_fd, const char *name, struct place_object *ret)
{
	int r = look(dir_fd, name, 0, ret);

	if (r != -ENOENT)
		return r;
	*ret = (struct place_object){0};
	return 0;
}

int place_look_fd(int fd, struct place_object *ret)
{
	return look(fd, "", AT_EMPTY_PATH, ret);
}

int64_t place_now(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * PLACE_SECOND + now.tv_nsec;
}

int64_t place_before_making(void)
{
	return place_now(CLOCK_REALTIME_COARSE) - PLACE_SECOND;
}

int place_look_made(int fd, mode_t type, int64_t before, struct place_object *ret)
{
	struct place_object made;
	int r = place_look_fd(fd, &made);

	if (r < 0)
		return r;
	if ((made.mode & S_IFMT) != type || made.uid != geteuid() ||
		(made.birth && made.birth < before))
		return -ESTALE;
	*ret = made;
	return 0;
}

bool place_same(const struct place_object *a, const struct place_object *b)
{
	return a->mode && (a->mode & S_IFMT) == (b->mode & S_IFMT) && a->ino == b->ino &&
	       a->birth == b->birth;
}

/* Does not compare the ctime, which a rename alone changes in most file systems. Content that was
 * changed shows in mtime and size. Whoever sets mtime back has changed the file before the last
 * look, which saw the ctime. */
static bool unchanged(const struct place_object *now, const struct place_object *expected)
{
	if (!place_same(now, expected))
		return false;
	return S_ISDIR(now->mode) ||
	       (now->mtime == expected->mtime && now->size == expected->size &&
		       now->mode == expected->mode);
}

static int swap(const struct place_pair *pair)
{
	int r;

	if (pair->nothing)
		r = renameat2(
			pair->dir_fd, pair->name, pair->spare_fd, pair->spare, RENAME_NOREPLACE);
	else
		r = renameat2(pair->spare_fd, pair->spare, pair->dir_fd, pair->name,
			pair->expected.mode ? RENAME_EXCHANGE : RENAME_NOREPLACE);
	return r < 0 ? -errno : 0;
}

int place_swap_back(const struct place_pair *pair)
{
	unsigned flags = RENAME_EXCHANGE;
	int r;

	if (pair->nothing || !pair->expected.mode)
		flags = RENAME_NOREPLACE;
	if (pair->nothing)
		r = renameat2(pair->spare_fd, pair->spare, pair->dir_fd, pair->name, flags);
	else
		r = renameat2(pair->dir_fd, pair->name, pair->spare_fd, pair->spare, flags);
	return r < 0 ? -errno : 0;
}

int place_swap(const struct place_pair *pair)
{
	const struct place_object *expected = &pair->expected;
	struct place_object now = {0};
	int r = place_look(pair->dir_fd, pair->name, &now);

	if (r < 0)
		return r;
	/* Judges by the ctime, which nobody can set. The check below is for the moment between this
	 * and the rename. */
	if (expected->mode ? !unchanged(&now, expected) ||
				     (!S_ISDIR(now.mode) && now.ctime != expected->ctime)
			   : now.mode != 0)
		return -ESTALE;
	r = swap(pair);
	if (r == -EEXIST || r == -ENOENT)
		return -ESTALE;
	if (r < 0 || !expected->mode)
		return r;
	r = place_look(pair->spare_fd, pair->spare, &now);
	if (r == 0 && unchanged(&now, expected))
		return 0;
	if (r == 0)
		r = -ESTALE;
	return place_swap_back(pair) < 0 ? -ENOTUNIQ : r;
}

/* Finds the project, of ext4 and xfs, to which the directory binds what comes into it; 0: it binds
 * nothing. */
static int find_project(int dir_fd, uint32_t *ret_project)
{
	cleanup_close int fd = place_open_entry(dir_fd, ".", O_RDONLY | O_DIRECTORY);
	struct fsxattr attributes;

	if (fd < 0)
		return fd;
	*ret_project = 0;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return errno == ENOTTY || errno == EOPNOTSUPP ? 0 : -errno;
	if (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT)
		*ret_project = attributes.fsx_projid;
	return 0;
}

int place_is_near(int a_fd, int b_fd)
{
	uint32_t a_project, b_project;
	struct statx a, b;
	int r;

	if (statx(a_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &a) < 0 ||
		statx(b_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) < 0)
		return -errno;
	if (a.stx_mnt_id != b.stx_mnt_id)
		return 0;
	r = find_project(a_fd, &a_project);
	if (r == 0)
		r = find_project(b_fd, &b_project);
	/* From one project to the other a rename fails as between two file systems: EXDEV. */
	return r < 0 ? r : a_project == b_project;
}

bool place_is_late(int64_t time, int64_t since)
{
	return time >= since ||
	       (time % PLACE_SECOND == 0 && time / PLACE_SECOND == since / PLACE_SECOND);
}
