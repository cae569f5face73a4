/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/tmpcopyup.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

enum {
	MAX_DEPTH = 64, /* each level holds two fds */
	XATTR_MAX = 65536, /* XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel */
};

static int copy_directory(int from, int to, int depth, struct nacre_error *err);

/* Copies the attributes that a tmpfs can keep. Those of a namespace that it does not have are not
 * part of the copy. */
static int copy_xattrs(int from, int to)
{
	cleanup_free char *names = NULL, *value = NULL;
	ssize_t n = flistxattr(from, NULL, 0); /* most files have none, and need no memory */

	if (n <= 0)
		return n < 0 && errno != ENOTSUP ? -errno : 0;
	names = malloc(XATTR_MAX);
	value = malloc(XATTR_MAX);
	if (!names || !value)
		return -ENOMEM;
	n = flistxattr(from, names, XATTR_MAX);
	if (n < 0)
		return -errno;
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(from, name, value, XATTR_MAX);

		if (size < 0)
			return -errno;
		if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP &&
			errno != EPERM)
			return -errno;
	}
	return 0;
}

/* chown takes setuid away, so the mode comes after it, and the times last. */
static int copy_attributes(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	int r;

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	r = copy_xattrs(from, to);
	if (r < 0)
		return r;
	return futimens(to, times) < 0 ? -errno : 0;
}

static int copy_content(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 30);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	cleanup_close int from = openat(
		from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_close int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ESTALE;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = copy_content(from, to);
	return r < 0 ? r : copy_attributes(from, to, &st);
}

static int copy_symlink(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to_dir, name) < 0 ||
		fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

/* Devices, FIFOs and sockets. The umask of init is 0. */
static int copy_node(int to_dir, const char *name, const struct stat *st)
{
	if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0 ||
		fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_subdirectory(
	int from_dir, int to_dir, const char *name, int depth, struct nacre_error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	cleanup_close int from = openat(from_dir, name, flags);
	cleanup_close int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0 || mkdirat(to_dir, name, 0700) < 0)
		return fail_errno(err, errno, "tmpcopyup: %s", name);
	to = openat(to_dir, name, flags);
	if (to < 0)
		return fail_errno(err, errno, "tmpcopyup: %s", name);
	r = copy_directory(from, to, depth, err);
	if (r < 0)
		return r;
	r = copy_attributes(from, to, &st);
	return r < 0 ? fail_errno(err, r, "tmpcopyup: %s", name) : 0;
}

static int copy_entry(int from, int to, const char *name, int depth, struct nacre_error *err)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, errno, "tmpcopyup: %s", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdirectory(from, to, name, depth + 1, err);
	case S_IFREG:
		r = copy_file(from, to, name);
		break;
	case S_IFLNK:
		r = copy_symlink(from, to, name, &st);
		break;
	default:
		r = copy_node(to, name, &st);
		break;
	}
	return r < 0 ? fail_errno(err, r, "tmpcopyup: %s", name) : 0;
}

static int copy_directory(int from, int to, int depth, struct nacre_error *err)
{
	cleanup_close int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = NULL;
	struct dirent *entry;
	int r;

	if (depth > MAX_DEPTH)
		return fail(err, ELOOP, "tmpcopyup: directories are more than %d deep", MAX_DEPTH);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return fail_errno(err, errno, "tmpcopyup: read directory");
	(void)fd_steal(&fd);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = copy_entry(dirfd(dir), to, entry->d_name, depth, err);
		if (r < 0)
			return r;
	}
	return errno ? fail_errno(err, errno, "tmpcopyup: read directory") : 0;
}

int tmpcopyup(int from_fd, int to_fd, struct nacre_error *err)
{
	return copy_directory(from_fd, to_fd, 0, err);
}
