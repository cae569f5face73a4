/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

enum {
	PIECE = 128 * 1024,
	LIST_MAX = 64 * 1024, /* XATTR_LIST_MAX, and XATTR_SIZE_MAX */
};

static const char acl[] = "system.posix_acl_access";

/* Copies the data between AT and END. */
static int copy_range(int from_fd, int to_fd, off_t at, off_t end)
{
	cleanup_free char *piece = malloc(PIECE);

	if (!piece)
		return -ENOMEM;
	while (at < end) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		int n = file_read_at(from_fd, piece, want, at);
		int r = n > 0 ? file_write_at(to_fd, piece, (size_t)n, at) : n;

		if (r < 0)
			return r;
		if (n == 0)
			return -ESTALE;
		at += n;
	}
	return 0;
}

static int copy_data(int from_fd, int to_fd, off_t size)
{
	off_t at = 0;

	while (at < size) {
		off_t data = lseek(from_fd, at, SEEK_DATA), hole;
		int r;

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(from_fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		if (data >= size)
			break;
		r = copy_range(from_fd, to_fd, data, hole < size ? hole : size);
		if (r < 0)
			return r;
		at = hole;
	}
	return ftruncate(to_fd, size) < 0 ? -errno : 0;
}

int copy_unnamed(int from_fd, int dir_fd, uint64_t size)
{
	cleanup_close int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(from_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return -ESTALE;
	if (ioctl(fd, FICLONE, from_fd) == 0)
		return fd_steal(&fd);
	r = copy_data(from_fd, fd, st.st_size);
	return r < 0 ? r : fd_steal(&fd);
}

int copy_name(int fd, int dir_fd, const char *name)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int copy_sha256(int fd, char ret_text[static SHA256_TEXT])
{
	cleanup_free char *piece = malloc(PIECE);
	struct sha256 sum;
	off_t at = 0;
	int n;

	if (!piece)
		return -ENOMEM;
	sha256_init(&sum);
	while ((n = file_read_at(fd, piece, PIECE, at)) > 0) {
		sha256_add(&sum, piece, (size_t)n);
		at += n;
	}
	if (n < 0)
		return n;
	sha256_finish(&sum, ret_text);
	return 0;
}

static int copy_attribute(const char *from, int to_fd, const char *name, char *value)
{
	ssize_t size = getxattr(from, name, value, LIST_MAX);

	if (size < 0)
		return errno == ENODATA ? 0 : -errno;
	return fsetxattr(to_fd, name, value, (size_t)size, 0) < 0 ? -errno : 0;
}

static bool is_kept(const char *name)
{
	return !strncmp(name, "user.", 5) || !strcmp(name, acl) ||
	       !strcmp(name, "security.selinux");
}

int copy_attributes(int from_fd, int to_fd)
{
	cleanup_free char *names = malloc(LIST_MAX), *value = malloc(LIST_MAX);
	char from[32];
	ssize_t size;
	int r = 0;

	if (!names || !value)
		return -ENOMEM;
	/* Removes the list that comes from the directory's default list. */
	if (fremovexattr(to_fd, acl) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return -errno;
	/* Uses the name, since an O_PATH fd gives no access to attributes. */
	(void)snprintf(from, sizeof(from), "/proc/self/fd/%d", from_fd);
	size = listxattr(from, names, LIST_MAX);
	if (size < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = names; r == 0 && name < names + size; name += strlen(name) + 1)
		if (is_kept(name))
			r = copy_attribute(from, to_fd, name, value);
	return r;
}

static int copy_dates(int fd, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	return futimens(fd, times) < 0 ? -errno : 0;
}

/* Sets the owner before the mode: chown(2) clears bits of that. */
static int copy_status(int from_fd, int to_fd, const struct stat *st)
{
	int r = fchown(to_fd, st->st_uid, st->st_gid) < 0 ? -errno : 0;

	if (r == 0)
		r = copy_attributes(from_fd, to_fd);
	if (r == 0 && fchmod(to_fd, st->st_mode & 07777) < 0)
		r = -errno;
	return r < 0 ? r : copy_dates(to_fd, st);
}

static int copy_file(int from_fd, const struct stat *st, int to_dir, const char *to_name)
{
	cleanup_close int fd = copy_unnamed(from_fd, to_dir, (uint64_t)st->st_size);
	int r = fd < 0 ? fd : copy_status(from_fd, fd, st);

	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	return r < 0 ? r : copy_name(fd, to_dir, to_name);
}

static int copy_symlink(int from_dir, const char *name, int to_dir, const char *to_name)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t length = readlinkat(from_dir, name, target, sizeof(target));
	cleanup_close int fd = -1;
	struct place_object made;
	int64_t before;
	int r;

	if (length < 0 || fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if ((size_t)length == sizeof(target))
		return -ENAMETOOLONG;
	target[length] = '\0';
	before = place_before_making();
	if (symlinkat(target, to_dir, to_name) < 0)
		return -errno;
	fd = place_open_entry(to_dir, to_name, O_PATH);
	r = fd < 0 ? fd : place_look_made(fd, S_IFLNK, before, &made);
	if (r == 0 && fchownat(fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0)
		r = -errno;
	if (r == 0 && utimensat(fd, "", (struct timespec[2]){st.st_atim, st.st_mtim},
			      AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	return r;
}

static int copy_entry(
	int from_dir, const char *name, int to_dir, const char *to_name, unsigned depth);

static int copy_directory(
	int from_fd, const struct stat *st, int to_dir, const char *to_name, unsigned depth)
{
	cleanup_dir DIR *dir = NULL;
	cleanup_close int to_fd = -1, listed_fd = -1;
	const int64_t before = place_before_making();
	const struct dirent *entry;
	struct place_object made;
	int r = 0;

	if (mkdirat(to_dir, to_name, 0700) < 0)
		return -errno;
	to_fd = place_open_entry(to_dir, to_name, O_RDONLY | O_DIRECTORY);
	r = to_fd < 0 ? to_fd : place_look_made(to_fd, S_IFDIR, before, &made);
	if (r < 0)
		return r;
	listed_fd = fcntl(from_fd, F_DUPFD_CLOEXEC, 0);
	if (listed_fd < 0)
		return -errno;
	dir = fdopendir(listed_fd);
	if (!dir)
		return -errno;
	listed_fd = -1;
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = copy_entry(from_fd, entry->d_name, to_fd, entry->d_name, depth + 1);
	if (r == 0)
		r = -errno;
	return r < 0 ? r : copy_status(from_fd, to_fd, st);
}

static int copy_entry(
	int from_dir, const char *name, int to_dir, const char *to_name, unsigned depth)
{
	struct stat st;
	cleanup_close int fd = -1;

	if (depth > COPY_MAX_DEPTH)
		return -ELOOP;
	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return copy_symlink(from_dir, name, to_dir, to_name);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EOPNOTSUPP;
	fd = place_open_entry(from_dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	if (S_ISREG(st.st_mode))
		return copy_file(fd, &st, to_dir, to_name);
	return S_ISDIR(st.st_mode) ? copy_directory(fd, &st, to_dir, to_name, depth) : -EOPNOTSUPP;
}

int copy_tree(int from_dir, const char *name, int to_dir, const char *to_name)
{
	return copy_entry(from_dir, name, to_dir, to_name, 0);
}
