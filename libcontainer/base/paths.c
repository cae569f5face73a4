/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

/*
 * Theory of operation
 *
 * What exists is opened with one openat2(RESOLVE_IN_ROOT): the kernel treats the fd as the root of
 * the walk, so neither an absolute symlink nor ".." nor a rename by somebody else leads out of it.
 *
 * What is missing is made one component at a time, on the fd of the directory before it. mkdirat
 * and O_CREAT | O_EXCL never follow a symlink in the last component, and there is only a last
 * component. What was made is opened with O_NOFOLLOW. So whoever swaps directories for symlinks
 * meanwhile can make this fail, but not make it act elsewhere.
 */

enum {
	/* As many as the kernel itself follows. */
	MAX_SYMLINKS = 40,
	PARENT_MODE = 0755,
};

int path_open(int root_fd, const char *path, int flags)
{
	return sys_openat2(
		root_fd, path, (uint64_t)flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_nofollow(int root_fd, const char *path, int flags)
{
	cleanup_close int fd = path_open(root_fd, path, flags | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || !(flags & O_PATH))
		return fd_steal(&fd);
	/* With O_PATH, O_NOFOLLOW opens the symlink itself. */
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISLNK(st.st_mode) ? -ELOOP : fd_steal(&fd);
}

/* Opens one component, which must not be a symlink. */
static int open_component(int dirfd, const char *name)
{
	cleanup_close int fd = sys_openat2(
		dirfd, name, O_PATH | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	struct stat st;

	if (fd < 0)
		return fd_steal(&fd);
	if (fstat(fd, &st) < 0)
		return -errno;
	/* As in path_open_nofollow. */
	return S_ISLNK(st.st_mode) ? -ELOOP : fd_steal(&fd);
}

/* Creates directory NAME in DIRFD and opens whatever has the name then: a directory that somebody
 * else created meanwhile is as good. */
static int make_component(int dirfd, const char *name, mode_t mode)
{
	if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
		return -errno;
	return open_component(dirfd, name);
}

/* Replaces the LENGTH bytes at NAME within PATH, a symlink in DIRFD, with the target of the
 * symlink. The result is a path from the root. */
static int replace_link(
	int dirfd, const char *path, const char *name, size_t length, char **ret_path)
{
	cleanup_free char *link = strndup(name, length);
	char target[PATH_MAX];
	int directory = (int)(name - path);
	ssize_t n = link ? readlinkat(dirfd, link, target, sizeof(target) - 1) : -1;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (target[0] == '/')
		directory = 0;
	if (asprintf(ret_path, "%.*s%s%s", directory, path, target, name + length) < 0)
		return -ENOMEM;
	return 0;
}

/* Creates REST, the part of the path that does not exist below *FD, and moves *FD there. */
static int make_rest(int *fd, char *rest, mode_t mode)
{
	char *save = NULL;
	struct stat st;

	for (char *name = strtok_r(rest, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		int next;

		if (strcmp(name, ".") == 0)
			continue;
		/* Only an existing directory has a "..". */
		if (strcmp(name, "..") == 0)
			return -ENOENT;
		next = make_component(*fd, name, mode);
		if (next < 0)
			return next;
		fd_close(fd);
		*fd = next;
	}
	if (fstat(*fd, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* Returns the end of the component that begins at or after P. */
static char *component_end(char *p)
{
	p += strspn(p, "/");
	return p + strcspn(p, "/");
}

/* Opens the longest part of PATH that exists; *RET_REST is what follows. Each try begins at the
 * root and not at the previous fd: a symlink on the way may be absolute or lead up. */
static int open_existing(int root_fd, char *path, char **ret_rest)
{
	cleanup_close int fd = path_open(root_fd, "/", O_PATH | O_DIRECTORY);
	char *rest = path;

	while (fd >= 0 && rest[strspn(rest, "/")] != '\0') {
		char *end = component_end(rest);
		char kept = *end;
		int next;

		*end = '\0';
		next = path_open(root_fd, path, O_PATH | O_DIRECTORY);
		*end = kept;
		if (next == -ENOENT)
			break;
		fd_close(&fd);
		fd = next;
		rest = end;
	}
	*ret_rest = rest;
	return fd_steal(&fd);
}

/* Returns the fd; -ELOOP: PATH has a dangling symlink, and *RET_NEXT is the path that it leads to.
 */
static int make_missing(int root_fd, char *path, mode_t mode, char **ret_next)
{
	char *rest;
	cleanup_close int fd = open_existing(root_fd, path, &rest);
	struct stat st;
	size_t length;
	int r;

	if (fd < 0)
		return fd;
	rest += strspn(rest, "/");
	length = strcspn(rest, "/");
	/* Only the first missing component can be a dangling symlink. */
	if (length > 0) {
		char kept = rest[length];

		rest[length] = '\0';
		r = fstatat(fd, rest, &st, AT_SYMLINK_NOFOLLOW);
		rest[length] = kept;
		if (r == 0 && S_ISLNK(st.st_mode)) {
			r = replace_link(fd, path, rest, length, ret_next);
			return r < 0 ? r : -ELOOP;
		}
	}
	r = make_rest(&fd, rest, mode);
	return r < 0 ? r : fd_steal(&fd);
}

/* PATH does not exist. */
static int make_directory(int root_fd, const char *path, mode_t mode)
{
	cleanup_free char *current = strdup(path);

	for (int i = 0; current && i < MAX_SYMLINKS; i++) {
		char *next = NULL;
		int fd = make_missing(root_fd, current, mode, &next);

		if (!next)
			return fd;
		free(current);
		current = next;
	}
	return current ? -ELOOP : -ENOMEM;
}

int path_make_directory(int root_fd, const char *path, mode_t mode, struct nacre_error *err)
{
	int fd = path_open(root_fd, path[0] ? path : "/", O_PATH | O_DIRECTORY);

	if (fd == -ENOENT)
		fd = make_directory(root_fd, path, mode);
	if (fd < 0)
		return fail_errno(err, fd, "create directory %s in the rootfs", path);
	return fd;
}

int path_make_parent(int root_fd, const char *path, const char **ret_name, struct nacre_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	cleanup_free char *parent = NULL;
	int fd;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail(err, EINVAL, "path \"%s\" does not end in a name", path);
	parent = strndup(path, (size_t)(name - path));
	if (!parent)
		return fail_errno(err, ENOMEM, "create %s in the rootfs", path);
	fd = path_make_directory(root_fd, parent, PARENT_MODE, err);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

static int make_file(int dirfd, const char *name)
{
	cleanup_close int fd = openat(dirfd, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);

	if (fd < 0 && errno != EEXIST)
		return -errno;
	return open_component(dirfd, name);
}

/* Returns the fd; -ELOOP: PATH is a dangling symlink, and *RET_NEXT is where it leads (RET_NEXT
 * NULL: a symlink that appeared meanwhile is refused). */
static int make_last(
	int root_fd, const char *path, bool file, char **ret_next, struct nacre_error *err)
{
	cleanup_close int parent = -1;
	const char *name;
	int fd;

	parent = path_make_parent(root_fd, path, &name, err);
	if (parent < 0)
		return parent;
	fd = file ? make_file(parent, name) : make_component(parent, name, PARENT_MODE);
	if (fd == -ELOOP && ret_next)
		(void)replace_link(parent, path, name, strlen(name), ret_next);
	if (fd < 0)
		return fail_errno(err, fd, "create mount point %s in the rootfs", path);
	return fd;
}

static char *without_trailing_slashes(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return strndup(path, length);
}

/* Opens or makes; returns an O_PATH fd. */
static int open_or_make(
	int root_fd, const char *path, bool file, bool follow, struct nacre_error *err)
{
	cleanup_free char *current = without_trailing_slashes(path);

	for (int i = 0; current && i < MAX_SYMLINKS; i++) {
		char *next = NULL;
		int fd = path_open(root_fd, current, O_PATH | (follow ? 0 : O_NOFOLLOW));

		if (fd >= 0)
			return fd;
		if (fd != -ENOENT)
			return fail_errno(err, fd, "open mount point %s in the rootfs", path);
		fd = make_last(root_fd, current, file, follow ? &next : NULL, err);
		if (!next)
			return fd;
		free(current);
		current = next;
	}
	return fail_errno(err, current ? ELOOP : ENOMEM, "open mount point %s in the rootfs", path);
}

int path_make_mount_point(
	int root_fd, const char *path, bool file, bool follow, struct nacre_error *err)
{
	cleanup_close int fd = open_or_make(root_fd, path, file, follow, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat mount point %s", path);
	if (S_ISDIR(st.st_mode) && file)
		return fail(err, EISDIR,
			"mount point %s is a directory, but what is mounted is not", path);
	if (!S_ISDIR(st.st_mode) && !file)
		return fail(err, ENOTDIR, "mount point %s is not a directory", path);
	return fd_steal(&fd);
}

int path_reopen(int fd, struct nacre_error *err)
{
	cleanup_close int again = -1;
	char link[32];
	char path[PATH_MAX];
	struct stat before;
	struct stat after;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return fail_errno(err, errno, "read %s", link);
	path[n] = '\0';
	again = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (again < 0)
		return fail_errno(err, errno, "open %s in the container's mount namespace", path);
	if (fstat(fd, &before) < 0 || fstat(again, &after) < 0)
		return fail_errno(err, errno, "stat %s", path);
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return fail(err, ESTALE, "%s was replaced while the container was made", path);
	return fd_steal(&again);
}

int path_clone(int fd, unsigned flags, struct nacre_error *err)
{
	const unsigned all = flags | AT_EMPTY_PATH | OPEN_TREE_CLONE;
	cleanup_close int again = -1;
	int tree_fd = sys_open_tree(fd, "", all);

	if (tree_fd == -EINVAL) {
		again = path_reopen(fd, err);
		if (again < 0)
			return again;
		tree_fd = sys_open_tree(again, "", all);
	}
	return tree_fd < 0 ? fail_errno(err, tree_fd, "clone a mount") : tree_fd;
}
