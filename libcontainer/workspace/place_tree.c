/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/place.h"

enum {
	DEPTH_MAX = 300, /* a directory of each is open */
};

static int look_through(int dir_fd, int64_t since, int64_t until, unsigned depth);

static int look_at(int dir_fd, const char *name, int64_t since, int64_t until, unsigned depth)
{
	struct place_object object;
	int r = place_look(dir_fd, name, &object), fd;

	if (r < 0)
		return r;
	if (!S_ISDIR(object.mode))
		return place_is_late(object.ctime, since) ? -ESTALE : 0;
	if (place_is_late(object.ctime, since) && !place_is_late(object.ctime, until))
		return -ESTALE;
	fd = place_open_entry(dir_fd, name, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? fd : look_through(fd, since, until, depth + 1);
}

/* Closes DIR_FD. */
static int look_through(int dir_fd, int64_t since, int64_t until, unsigned depth)
{
	cleanup_close int fd = dir_fd;
	cleanup_dir DIR *dir = depth > DEPTH_MAX ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return depth > DEPTH_MAX ? -ELOOP : -errno;
	fd = -1;
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = look_at(dirfd(dir), entry->d_name, since, until, depth);
	return r < 0 ? r : -errno;
}

int place_tree_unchanged(int dir_fd, const char *name, int64_t since, int64_t until)
{
	int fd = place_open_entry(dir_fd, name, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? fd : look_through(fd, since, until, 0);
}
