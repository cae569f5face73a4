/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/workspace/place.h"
#include "libcontainer/workspace/size.h"
#include "libcontainer/workspace/store.h"

/*
 * Removes a workspace. Its upper is what a container wrote: thousands of nested directories, names
 * of any bytes, modes that shut out their owner. Each directory that is not empty is moved to the
 * top, and emptied there later: no path grows, and two fds are open at any time.
 */

struct removal {
	int top_fd;
	unsigned long counter; /* of names at the top */
};

/* Opens the directory NAME, even if its mode shuts its owner out. */
static int open_directory(int parent_fd, const char *name)
{
	const uint64_t beneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
	int fd = sys_openat2(parent_fd, name, O_RDONLY | O_DIRECTORY, 0, beneath);
	cleanup_close int place = -1;
	char link[32];

	if (fd != -EACCES)
		return fd;
	place = sys_openat2(parent_fd, name, O_PATH | O_DIRECTORY, 0, beneath);
	if (place < 0)
		return place;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
	if (chmod(link, 0700) < 0)
		return -errno;
	return sys_openat2(parent_fd, name, O_RDONLY | O_DIRECTORY, 0, beneath);
}

/* Makes a directory writable: nothing can be removed from one whose mode forbids that to its
 * owner. */
static int unlock(int dir_fd)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return -errno;
	if ((st.st_mode & 0700) == 0700)
		return 0;
	return fchmod(dir_fd, 0700) < 0 ? -errno : 0;
}

/* A directory that comes to another place must be writable: its entry ".." changes. */
static int make_movable(int dir_fd, const char *name)
{
	cleanup_close int fd = open_directory(dir_fd, name);

	return fd < 0 ? fd : unlock(fd);
}

static int move_to_top(struct removal *removal, int dir_fd, const char *name)
{
	int r = make_movable(dir_fd, name);

	if (r < 0)
		return r;
	do {
		char place[32];

		(void)snprintf(place, sizeof(place), ".%lu", removal->counter++);
		r = renameat2(dir_fd, name, removal->top_fd, place, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? -errno : 0;
}

/* Removes what NAME is, unless it is a directory that is not empty. */
static int remove_plain(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	return unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Removes what is in the directory DIR_FD, subdirectories by TAKE, and closes it. Returns 1 if
 * there were entries, 0 or -errno. */
static int empty(int dir_fd, struct removal *removal,
	int (*take)(struct removal *removal, int dir_fd, const char *name))
{
	cleanup_dir DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;
	int n = 0, r = dir ? 0 : -errno;

	if (!dir)
		fd_close(&dir_fd);
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		n = 1;
		r = remove_plain(dirfd(dir), entry->d_name);
		if (r == -ENOTEMPTY || r == -EEXIST || r == -EACCES)
			r = take(removal, dirfd(dir), entry->d_name);
	}
	if (r == 0)
		r = -errno;
	return r < 0 ? r : n;
}

/* Empties and removes the directory NAME at the top; subdirectories in it move up to the top. */
static int empty_below(struct removal *removal, int dir_fd, const char *name)
{
	int fd = open_directory(dir_fd, name);
	int r = fd < 0 ? fd : unlock(fd);

	if (r < 0) {
		fd_close(&fd);
		return r;
	}
	do {
		int again = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		r = again < 0 ? -errno : empty(again, removal, move_to_top);
	} while (r > 0);
	fd_close(&fd);
	if (r < 0)
		return r;
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Unmounts the tmpfs that holds upper and work. EINVAL: there is none. */
static int unmount_memory(int dir_fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/" WORKSPACE_MEMORY, dir_fd);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT)
		return 0;
	/* A caller who may not unmount cannot have mounted it. */
	return errno == EPERM ? 0 : -errno;
}

static uint32_t project_of_upper(int dir_fd)
{
	cleanup_close int fd = open_directory(dir_fd, WORKSPACE_UPPER);

	return fd < 0 ? 0 : workspace_size_project(fd);
}

/* Removes all in DIR_FD, however deep. */
static int empty_all(int dir_fd)
{
	struct removal removal = {.top_fd = dir_fd};
	int r;

	do {
		int again = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = again < 0 ? -errno : empty(again, &removal, empty_below);
	} while (r > 0);
	return r;
}

/* ONLY: what NAME must lead to if it is a directory with entries; NULL: whatever it is. */
static int remove_tree(int dir_fd, const char *name, const struct place_object *only)
{
	cleanup_close int fd = -1;
	struct place_object opened;
	int r = remove_plain(dir_fd, name);

	if (r != -ENOTEMPTY && r != -EEXIST && r != -EACCES)
		return r;
	fd = open_directory(dir_fd, name);
	r = fd < 0 ? fd : place_look_fd(fd, &opened);
	if (r == 0 && only && !place_same(&opened, only))
		r = -ESTALE;
	if (r == 0)
		r = unlock(fd);
	if (r == 0)
		r = empty_all(fd);
	return r < 0 ? r : remove_plain(dir_fd, name);
}

int workspace_remove_tree(int dir_fd, const char *name, struct nacre_error *err)
{
	const int r = remove_tree(dir_fd, name, NULL);

	return r < 0 ? fail_errno(err, r, "remove %s", name) : 0;
}

int workspace_remove_object(int dir_fd, const char *name, const struct place_object *object)
{
	return remove_tree(dir_fd, name, object);
}

int workspace_remove_directory(int set_fd, unsigned number, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	uint32_t project;
	char name[16];
	int r;

	(void)snprintf(name, sizeof(name), "%u", number);
	fd = open_directory(set_fd, name);
	if (fd == -ENOENT)
		return 0;
	project = fd < 0 ? 0 : project_of_upper(fd);
	r = fd < 0 ? fd : remove_plain(fd, WORKSPACE_RECORD);
	if (r == 0)
		r = unmount_memory(fd);
	if (r == 0)
		r = empty_all(fd);
	if (r == 0 && project)
		workspace_size_release(fd, project);
	if (r == 0 && unlinkat(set_fd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r < 0 ? fail_errno(err, r, "remove workspace %s", name) : 0;
}

int workspace_remove(struct workspace_set *set, size_t index, struct nacre_error *err)
{
	struct workspace *w = &set->items[index];
	int r = workspace_remove_directory(set->dir_fd, w->number, err);

	if (r < 0)
		return fail_prefix(err, "container \"%s\"", set->id);
	workspace_close(w);
	memmove(w, w + 1, (set->n - index - 1) * sizeof(*w));
	set->n--;
	return 0;
}

int workspace_set_remove(int store_fd, struct workspace_set *set, struct nacre_error *err)
{
	int r = 0;

	while (r == 0 && set->n)
		r = workspace_remove(set, set->n - 1, err);
	if (r < 0)
		return r;
	if (unlinkat(set->dir_fd, "lock", 0) < 0 && errno != ENOENT)
		return fail_errno(
			err, errno, "remove the lock of the workspaces of \"%s\"", set->id);
	/* Not empty: another command has just locked it, and will find no workspace. */
	if (unlinkat(store_fd, set->id, AT_REMOVEDIR) < 0 && errno != ENOENT &&
		errno != ENOTEMPTY && errno != EEXIST)
		return fail_errno(err, errno, "remove the workspaces of container \"%s\"", set->id);
	workspace_set_done(set);
	return 0;
}
