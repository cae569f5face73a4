/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/walk_tree.h"

struct place {
	struct place *next;
	const char *path;
	const char *moved_to; /* NULL: to be removed */
};

struct check {
	struct arena *arena;
	const struct workspace_walk *walk;
	struct place *pending;
	struct walk_source_verdict verdict;
};

bool workspace_walk_is_late(const struct workspace_walk *walk, const struct statx_timestamp *time)
{
	if (time->tv_sec != walk->created_sec)
		return time->tv_sec > walk->created_sec;
	return time->tv_nsec >= walk->created_nsec || time->tv_nsec == 0;
}

int walk_source_stat(const struct workspace_walk *walk, const char *path, struct statx *ret)
{
	cleanup_close int fd = walk_open(walk->source_fd, path, O_PATH);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, ret) < 0)
		return -errno;
	return 1;
}

static int add_place(
	struct check *check, const char *path, const char *moved_to, struct nacre_error *err)
{
	struct place *place = arena_alloc(check->arena, sizeof(*place));

	if (!place || !path)
		return arena_fail(check->arena, "changes of a workspace", err);
	*place = (struct place){check->pending, path, moved_to};
	check->pending = place;
	return 0;
}

static int check_link(struct check *check, const struct place *place, int fd, const char *name,
	struct nacre_error *err)
{
	char target[PATH_TEXT_MAX];
	ssize_t length = readlinkat(fd, name, target, sizeof(target) - 1);
	const char *path = walk_join(check->arena, place->moved_to, name);

	if (!path)
		return arena_fail(check->arena, "changes of a workspace", err);
	if (length < 0) {
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	target[length] = '\0';
	if (workspace_rules_link_leaves(path, target))
		check->verdict.refused = WORKSPACE_RULE_LINK;
	return 0;
}

static int check_entry(struct check *check, const struct place *place, int fd, const char *name,
	struct nacre_error *err)
{
	struct statx stx;
	const char *moved_to = NULL;

	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &stx) < 0) {
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	if (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		check->verdict.refused = WORKSPACE_RULE_MOUNT;
	else if (workspace_walk_is_late(check->walk, &stx.stx_ctime) && !place->moved_to)
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
	else if (S_ISLNK(stx.stx_mode) && place->moved_to)
		return check_link(check, place, fd, name, err);
	if (!S_ISDIR(stx.stx_mode) || check->verdict.refused < WORKSPACE_RULES)
		return 0;
	if (place->moved_to) {
		moved_to = walk_join(check->arena, place->moved_to, name);
		if (!moved_to)
			return arena_fail(check->arena, "changes of a workspace", err);
	}
	return add_place(check, walk_join(check->arena, place->path, name), moved_to, err);
}

static int check_place(struct check *check, const struct place *place, struct nacre_error *err)
{
	cleanup_close int fd = walk_open(
		check->walk->source_fd, place->path, O_RDONLY | O_DIRECTORY);
	const char **names = NULL;
	size_t n = 0;
	int r;

	if (fd == -EACCES || fd == -EXDEV || fd == -ENAMETOOLONG) {
		check->verdict.refused = fd == -EACCES	? WORKSPACE_RULE_UNREADABLE
					 : fd == -EXDEV ? WORKSPACE_RULE_MOUNT
							: WORKSPACE_RULE_PATH;
		return 0;
	}
	/* It was there a moment ago. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) {
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	if (fd < 0)
		return walk_fail(err, fd, "open", place->path);
	r = walk_names(check->arena, fd, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_entry(check, place, fd, names[i], err);
	return r < 0 ? fail_prefix(err, "the source") : 0;
}

int walk_source_check(struct arena *arena, const struct workspace_walk *walk, const char *path,
	const char *moved_to, struct walk_source_verdict *ret, struct nacre_error *err)
{
	struct check check = {
		.arena = arena, .walk = walk, .verdict = {.refused = WORKSPACE_RULES}};
	int r = add_place(&check, path, moved_to, err);

	while (r == 0 && check.pending && check.verdict.refused == WORKSPACE_RULES &&
		!check.verdict.conflict) {
		struct place *place = check.pending;

		check.pending = place->next;
		r = check_place(&check, place, err);
	}
	if (r == 0)
		*ret = check.verdict;
	return r;
}
