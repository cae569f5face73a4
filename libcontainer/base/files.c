/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum {
	FIRST_READ = 4096,
};

/* Makes room for at least one more byte and a NUL, but never for more than LIMIT + 1 bytes of text:
 * one byte past the limit tells a file that is too large from one that just fits. */
static int grow(char **text, size_t *size, size_t limit)
{
	size_t wanted = *size ? *size * 2 : FIRST_READ;
	char *larger;

	if (wanted > limit + 2)
		wanted = limit + 2;
	larger = realloc(*text, wanted);
	if (!larger)
		return -ENOMEM;
	*text = larger;
	*size = wanted;
	return 0;
}

int file_read_fd(int fd, const char *name, size_t limit, char **ret_text, size_t *ret_length,
	struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	size_t length = 0;

	for (;;) {
		ssize_t n;

		if (length + 1 >= size && grow(&text, &size, limit) < 0)
			return fail_errno(err, ENOMEM, "read %s", name);
		n = read(fd, text + length, size - 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, errno, "read %s", name);
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > limit)
			return fail(err, EFBIG, "read %s: larger than %zu bytes", name, limit);
	}
	text[length] = '\0';
	*ret_text = steal_ptr(text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

int file_read(int dirfd, const char *name, size_t limit, char **ret_text, size_t *ret_length,
	struct nacre_error *err)
{
	/* O_NONBLOCK: a FIFO in place of the file must not block the runtime. */
	cleanup_close int fd = openat(
		dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, errno, "open %s", name);
	return file_read_fd(fd, name, limit, ret_text, ret_length, err);
}

int file_write(int dirfd, const char *name, const char *text)
{
	cleanup_close int fd = openat(dirfd, name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* The kernel takes the whole value or none of it. */
	return (size_t)n == length ? 0 : -EIO;
}

/* Opens a temporary file that no other process has open: O_EXCL, after removing the leftover of a
 * killed process that had the same pid. */
static int open_temporary(int dirfd, const char *temporary, mode_t mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, temporary, flags, mode);

	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, temporary, 0) == 0)
		fd = openat(dirfd, temporary, flags, mode);
	return fd < 0 ? -errno : fd;
}

int file_replace(int dirfd, const char *name, const char *text, size_t length, mode_t mode,
	struct nacre_error *err)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	cleanup_close int fd = -1;
	char temporary[PATH_MAX];
	int r;

	r = snprintf(temporary, sizeof(temporary), "%.*s.%s.%d", (int)(base - name), name, base,
		(int)getpid());
	if (r < 0 || (size_t)r >= sizeof(temporary))
		return fail_errno(err, ENAMETOOLONG, "create %s", name);
	fd = open_temporary(dirfd, temporary, mode);
	if (fd < 0)
		return fail_errno(err, fd, "create %s", temporary);
	r = file_write_all(fd, text, length);
	/* open(2) has applied the umask. */
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	/* No fsync(2): files that are written this way are in /run and do not survive a reboot. */
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temporary, 0);
		return fail_errno(err, r, "write %s", name);
	}
	return 0;
}

int file_write_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

int file_write_at(int fd, const void *data, size_t length, off_t at)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = pwrite(fd, p, length, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int file_read_at(int fd, void *ret_data, size_t length, off_t at)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = pread(fd, (char *)ret_data + done, length - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int)done;
}

int file_make_parents(const char *path, mode_t mode)
{
	cleanup_free char *parent = strdup(path);

	if (!parent)
		return -ENOMEM;
	for (char *slash = parent; *slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(parent, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int file_in_memory(const char *name, const void *data, size_t length, struct nacre_error *err)
{
	cleanup_close int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return fail_errno(err, errno, "memfd_create");
	r = file_write_all(fd, data, length);
	if (r < 0)
		return fail_errno(err, r, "write to memory \"%s\"", name);
	if (lseek(fd, 0, SEEK_SET) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
			0)
		return fail_errno(err, errno, "seal memory \"%s\"", name);
	return fd_steal(&fd);
}

int file_path(int fd, char ret_path[PATH_MAX])
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret_path, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	ret_path[n] = '\0';
	return 0;
}
