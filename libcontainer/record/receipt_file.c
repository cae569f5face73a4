/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/receipt_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/file_lock.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/idmap.h"

enum {
	LOCK_WAIT_S = 10,
};

void receipt_file_init(struct receipt_file *file)
{
	*file = (struct receipt_file){.dir_fd = -1, .fd = -1};
}

void receipt_file_done(struct receipt_file *file)
{
	if (file->temporary[0])
		(void)unlinkat(file->dir_fd, file->temporary, 0);
	fd_close(&file->fd);
	fd_close(&file->dir_fd);
}

static int open_directory(const char *path, const char *name, struct nacre_error *err)
{
	const size_t length = (size_t)(name - path);
	char directory[PATH_MAX] = ".";
	int fd;

	if (length >= sizeof(directory))
		return fail_errno(err, ENAMETOOLONG, "%s", path);
	if (length)
		(void)snprintf(directory, sizeof(directory), "%.*s", (int)length, path);
	/* The path that receipt_file_settle has resolved must not lead elsewhere by now. */
	fd = sys_openat2(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY, 0,
		*path == '/' ? RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS : 0);
	return fd < 0 ? fail_errno(err, fd, "directory of %s", path) : fd;
}

/* Whether the temporary name is that of FD's file. Returns 1, 0 or -errno. */
static int is_temporary(const struct receipt_file *file, int fd)
{
	struct stat there, own;

	if (fstat(fd, &own) < 0)
		return -errno;
	if (fstatat(file->dir_fd, file->temporary, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return there.st_dev == own.st_dev && there.st_ino == own.st_ino;
}

/* Removes the leftover of a killed command. A living one holds the lock of its file, which may not
 * have the name any more when it lets go. */
static int remove_leftover(const struct receipt_file *file)
{
	cleanup_close int fd = openat(file->dir_fd, file->temporary,
		O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int r = 1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		r = file_lock_wait(fd, LOCK_WAIT_S);
		if (r == 0)
			r = is_temporary(file, fd);
	}
	if (r <= 0)
		return r;
	return unlinkat(file->dir_fd, file->temporary, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Returns a new file with the temporary name, and with the lock that tells others that it is no
 * leftover; -EAGAIN: another command has taken it for one before, or has that name. */
static int make_temporary(const struct receipt_file *file, mode_t mode)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	cleanup_close int fd = openat(file->dir_fd, file->temporary, flags, mode);
	int r;

	if (fd < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	r = file_lock_try(fd);
	if (r > 0)
		r = is_temporary(file, fd);
	if (r <= 0)
		return r < 0 ? r : -EAGAIN;
	if (fchmod(fd, mode) < 0) /* open(2) has applied the umask */
		return -errno;
	return fd_steal(&fd);
}

static int open_temporary(const struct receipt_file *file, mode_t mode)
{
	int fd;

	while ((fd = make_temporary(file, mode)) == -EAGAIN) {
		int r = remove_leftover(file);

		if (r < 0)
			return r;
	}
	return fd;
}

static bool exists(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int fail_exists(const char *path, struct nacre_error *err)
{
	return fail(err, EEXIST, "%s exists, and nothing is overwritten: give another name", path);
}

int receipt_file_begin(
	const char *path, mode_t mode, struct receipt_file *ret_file, struct nacre_error *err)
{
	const char *slash = strrchr(path, '/');
	struct receipt_file file;

	receipt_file_init(&file);
	file.path = path;
	file.name = slash ? slash + 1 : path;
	if (!*file.name || !strcmp(file.name, ".") || !strcmp(file.name, ".."))
		return fail(err, EINVAL, "%s: it is no name for a file", path);
	if (strlen(file.name) + sizeof("..part") > sizeof(file.temporary))
		return fail_errno(err, ENAMETOOLONG, "%s", path);
	file.dir_fd = open_directory(path, file.name, err);
	if (file.dir_fd < 0)
		return file.dir_fd;
	if (exists(file.dir_fd, file.name)) {
		fd_close(&file.dir_fd);
		return fail_exists(path, err);
	}
	(void)snprintf(file.temporary, sizeof(file.temporary), ".%s.part", file.name);
	file.fd = open_temporary(&file, mode);
	if (file.fd < 0) {
		fd_close(&file.dir_fd);
		if (file.fd == -ETIMEDOUT)
			return fail(err, EBUSY,
				"%s is being written by another command for more than %d s", path,
				LOCK_WAIT_S);
		return fail_errno(err, file.fd, "write %s", path);
	}
	*ret_file = file;
	return 0;
}

int receipt_file_add(struct receipt_file *file, const char *text, struct nacre_error *err)
{
	int r = file_write_all(file->fd, text, strlen(text));

	return r < 0 ? fail_errno(err, r, "write %s", file->path) : 0;
}

int receipt_file_finish(struct receipt_file *file, struct nacre_error *err)
{
	if (fsync(file->fd) < 0)
		return fail_errno(err, errno, "write %s", file->path);
	if (renameat2(file->dir_fd, file->temporary, file->dir_fd, file->name, RENAME_NOREPLACE) <
		0)
		return errno == EEXIST ? fail_exists(file->path, err)
				       : fail_errno(err, errno, "write %s", file->path);
	file->temporary[0] = '\0';
	return fsync(file->dir_fd) < 0 ? fail_errno(err, errno, "write %s", file->path) : 0;
}

/* Whether PATH, which no symlink leads to, contains TEXT. */
static bool is_there(const char *path, const char *text)
{
	cleanup_close int fd = sys_openat2(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	cleanup_free char *found = NULL;
	struct nacre_error ignored; /* an error means that it is another file */

	return fd >= 0 && file_read_fd(fd, path, strlen(text), &found, NULL, &ignored) == 0 &&
	       !strcmp(found, text);
}

int receipt_file_write(const char *path, const char *text, struct nacre_error *err)
{
	struct receipt_file file;
	struct nacre_error why;
	int r;

	receipt_file_init(&file);
	r = receipt_file_begin(path, 0600, &file, &why);
	if (r == 0)
		r = receipt_file_add(&file, text, &why);
	if (r == 0)
		r = receipt_file_finish(&file, &why);
	receipt_file_done(&file);
	if (r == -EEXIST && is_there(path, text))
		return 0;
	if (r < 0)
		*err = why;
	return r;
}

int receipt_file_settle(const char *path, char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char directory[PATH_MAX], real[PATH_MAX];
	struct stat st;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return fail(err, EINVAL, "%s: it is no name for a file", path);
	if (snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(name - path) : 1,
		    slash ? path : ".") >= (int)sizeof(directory))
		return fail_errno(err, ENAMETOOLONG, "%s", path);
	if (!realpath(directory, real))
		return fail_errno(err, errno, "directory of %s", path);
	if (snprintf(ret_path, PATH_MAX, "%s/%s", strcmp(real, "/") ? real : "", name) >= PATH_MAX)
		return fail_errno(err, ENAMETOOLONG, "%s", path);
	if (lstat(ret_path, &st) == 0)
		return fail_exists(path, err);
	return errno == ENOENT ? 0 : fail_errno(err, errno, "%s", path);
}

int receipt_file_place(const char *system, const char *variable, const char *below,
	const char *name, char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	int root = geteuid() == 0 ? idmap_is_host_root(err) : 0, length;

	if (root < 0)
		return root;
	if (root)
		length = snprintf(ret_path, PATH_MAX, "%s/%s", system, name);
	else if (base && *base == '/')
		length = snprintf(ret_path, PATH_MAX, "%s/nacre/%s", base, name);
	else if (home && *home == '/')
		length = snprintf(ret_path, PATH_MAX, "%s/%s/nacre/%s", home, below, name);
	else
		return fail(
			err, EINVAL, "no place for %s: neither %s nor HOME is set", name, variable);
	return length >= PATH_MAX ? fail_errno(err, ENAMETOOLONG, "%s", name) : 0;
}
