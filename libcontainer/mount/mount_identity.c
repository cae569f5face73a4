/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"

enum {
	MAX_DEPTH = 4096, /* directories above a source: more than PATH_MAX has room for */
};

int mount_identity_of_path(
	int dirfd, const char *path, int flags, struct mount_identity *ret_identity)
{
	struct statx stx;

	if (statx(dirfd, path, flags | AT_NO_AUTOMOUNT,
		    STATX_TYPE | STATX_MODE | STATX_INO | STATX_MNT_ID, &stx) < 0)
		return -errno;
	*ret_identity = (struct mount_identity){
		.device = makedev(stx.stx_dev_major, stx.stx_dev_minor),
		.inode = stx.stx_ino,
		.mount = stx.stx_mnt_id,
		.mode = stx.stx_mode,
	};
	return 0;
}

int mount_identity_read(int fd, struct mount_identity *ret_identity, struct nacre_error *err)
{
	int r = mount_identity_of_path(fd, "", AT_EMPTY_PATH, ret_identity);

	return r < 0 ? fail_errno(err, r, "stat what was opened") : 0;
}

bool mount_identity_same(const struct mount_identity *a, const struct mount_identity *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* Errors after which the path leads nowhere: opening PATH fails in the same way. */
static bool leads_nowhere(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ELOOP || r == -ENAMETOOLONG;
}

/* Whether REST, after a directory, leaves it at once by "..": it leads through nothing in it. */
static bool turns_back(const char *rest)
{
	while (*rest == '/' || (rest[0] == '.' && (rest[1] == '/' || !rest[1])))
		rest++;
	return rest[0] == '.' && rest[1] == '.' && (rest[2] == '/' || !rest[2]);
}

int mount_identity_below(const char *path, const struct mount_identity *directory,
	const char **ret_rest, struct nacre_error *err)
{
	char above[PATH_MAX];
	const char *slash = path;

	*ret_rest = NULL;
	while (*slash && (slash = strchr(slash + 1, '/'))) {
		const size_t length = (size_t)(slash - path);
		struct mount_identity found = {.mode = 0};
		int r;

		if (length >= sizeof(above))
			return 0;
		memcpy(above, path, length);
		above[length] = '\0';
		r = mount_identity_of_path(AT_FDCWD, above, 0, &found);
		if (leads_nowhere(r))
			return 0;
		if (r < 0)
			return fail_errno(err, r, "stat %s", above);
		if (mount_identity_same(&found, directory) && !turns_back(slash)) {
			*ret_rest = slash;
			return 0;
		}
	}
	return 0;
}

/* A file has no "..". The kernel's path says where to look, and the file of that name there must be
 * this one. Returns an fd. */
static int open_directory_of(int fd, const struct mount_identity *file, struct nacre_error *err)
{
	cleanup_close int directory = -1;
	struct mount_identity found = {.mode = 0};
	char path[PATH_MAX];
	char *name;
	int r = file_path(fd, path);

	if (r < 0)
		return fail_errno(err, r, "where the file lies");
	/* "pipe:[1]", "(unreachable)/x", "/x (deleted)" */
	name = path[0] == '/' ? strrchr(path, '/') : NULL;
	if (!name)
		return fail(err, EPERM, "%s has no place in the host's file system", path);
	*name++ = '\0';
	directory = sys_openat2(AT_FDCWD, path[0] ? path : "/", O_PATH | O_DIRECTORY, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (directory < 0)
		return fail_errno(err, directory, "open %s", path[0] ? path : "/");
	r = mount_identity_of_path(directory, name, AT_SYMLINK_NOFOLLOW, &found);
	if (r < 0)
		return fail_errno(err, r, "stat %s/%s", path, name);
	if (!mount_identity_same(file, &found))
		return fail(err, ESTALE, "%s/%s was replaced while it was looked at", path, name);
	return fd_steal(&directory);
}

static int open_above(int fd, const struct mount_identity *identity, struct nacre_error *err)
{
	int above;

	if (!S_ISDIR(identity->mode))
		return open_directory_of(fd, identity, err);
	above = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return above < 0 ? fail_errno(err, errno, "open the directory above") : above;
}

int mount_identity_each_above(int fd,
	int (*each)(void *data, const struct mount_identity *identity), void *data,
	struct nacre_error *err)
{
	cleanup_close int current = -1;
	struct mount_identity identity;
	int r = mount_identity_read(fd, &identity, err);

	for (int i = 0; r == 0 && i < MAX_DEPTH; i++) {
		const struct mount_identity below = identity;
		int above;

		r = each(data, &identity);
		if (r != 0)
			return r;
		above = open_above(current < 0 ? fd : current, &identity, err);
		if (above < 0)
			return above;
		fd_close(&current);
		current = above;
		r = mount_identity_read(current, &identity, err);
		/* The root's ".." is the root. A directory that is mounted on one of its own is
		 * the same object and another mount. */
		if (r == 0 && mount_identity_same(&below, &identity) &&
			below.mount == identity.mount)
			return 0;
	}
	return r < 0 ? r : fail(err, ELOOP, "more than %d directories above it", MAX_DEPTH);
}
