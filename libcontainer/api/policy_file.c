/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/api/policy_file.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"

#define POLICY_MAX_BYTES ((size_t)64 * 1024)

/* Whether the owner is root of the host. A user namespace that does not map root shows it as the
 * overflow id (user_namespaces(7)); a process there could mount something else on the directory
 * anyway. But in the initial user namespace that id is an ordinary user. */
static bool is_roots(const struct stat *st)
{
	char map[64] = "";
	cleanup_close int fd = -1;

	if (st->st_uid == 0)
		return true;
	fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, map, sizeof(map) - 1) <= 0)
		return false;
	return st->st_uid == 65534 && !strstr(map, "4294967295");
}

static int check(
	const char *path, int fd, mode_t type, const char *type_name, struct nacre_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "%s", path);
	if ((st.st_mode & S_IFMT) != type)
		return fail(
			err, EPERM, "%s: is not a %s: nothing runs until it is", path, type_name);
	if (!is_roots(&st))
		return fail(err, EPERM,
			"%s: belongs to user %u: nothing runs until it is root's (chown 0)", path,
			st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(err, EPERM,
			"%s: others than root may write it: nothing runs until they may not "
			"(chmod go-w)",
			path);
	return 0;
}

int policy_load(struct arena *arena, const char *directory, struct policy **ret_policy,
	struct nacre_error *err)
{
	int r;

	/* Usual hosts have no such directory: this open(2) is the whole cost. */
	cleanup_close int dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = arena_printf(arena, "%s/policy.json", directory);
	cleanup_close int fd = -1;
	cleanup_free char *text = NULL;
	size_t length;

	if (dir_fd < 0 && errno != ENOENT)
		return fail_errno(err, errno, "%s", directory);
	if (!path)
		return fail_errno(err, ENOMEM, "policy");
	*ret_policy = NULL;
	if (dir_fd < 0)
		return 0;
	/* A user with write permission for the directory could remove the file. */
	r = check(directory, dir_fd, S_IFDIR, "directory", err);
	if (r < 0)
		return r;
	/* O_NONBLOCK: a FIFO must not block the caller. */
	fd = openat(
		dir_fd, "policy.json", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return fail_errno(err, errno, "%s: nothing runs until it can be read", path);
	r = check(path, fd, S_IFREG, "regular file", err);
	if (r >= 0)
		r = file_read_fd(fd, path, POLICY_MAX_BYTES, &text, &length, err);
	if (r < 0)
		return r;
	return policy_decode(arena, path, text, length, ret_policy, err);
}
