/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/protect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "specs/workspace_rules.h"

struct search {
	struct arena *arena;
	const struct oci_strings *protect;
	struct workspace_protected_list found;
	size_t room, room_around;
	struct nacre_error *err;
};

static int add(struct search *s, int dir_fd, const char *name, const char *path, const char *reason)
{
	struct workspace_protected_list *found = &s->found;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_errno(s->err, errno, "stat %s", path);
	if (found->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct workspace_protected *larger = arena_array(s->arena, room, sizeof(*larger));

		if (!larger)
			return arena_fail(s->arena, "protected names", s->err);
		if (found->n)
			memcpy(larger, found->items, found->n * sizeof(*larger));
		found->items = larger;
		s->room = room;
	}
	path = arena_strdup(s->arena, path);
	if (!path)
		return arena_fail(s->arena, "protected names", s->err);
	found->items[found->n++] = (struct workspace_protected){path, reason, st.st_ctim};
	return 0;
}

static int add_around(struct search *s, const char *path)
{
	struct oci_strings *around = &s->found.around;

	if (around->n == s->room_around) {
		const size_t room = s->room_around ? 2 * s->room_around : 4;
		const char **larger = arena_array(s->arena, room, sizeof(*larger));

		if (!larger)
			return arena_fail(s->arena, "protected names", s->err);
		if (around->n)
			memcpy(larger, around->items, around->n * sizeof(*larger));
		around->items = larger;
		s->room_around = room;
	}
	around->items[around->n] = arena_strdup(s->arena, path);
	return around->items[around->n++] ? 0 : arena_fail(s->arena, "protected names", s->err);
}

static int open_directory(int dir_fd, const char *name)
{
	return sys_openat2(dir_fd, name, O_RDONLY | O_DIRECTORY, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

static int each_entry(struct search *s, int dir_fd, const char *path,
	int (*each)(struct search *s, int dir_fd, const char *path, const char *name))
{
	int fd = open_directory(dir_fd, *path ? path : ".");
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = fd < 0 ? fd : -errno;
		fd_close(&fd);
		return r == -ENOENT ? 0 : fail_errno(s->err, r, "open %s", *path ? path : ".");
	}
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = each(s, dir_fd, path, entry->d_name);
	if (r == 0 && errno)
		r = fail_errno(s->err, errno, "read %s", *path ? path : ".");
	return r;
}

static int look_in_repository(struct search *s, int dir_fd, const char *path, const char *name);

static int each_of_repository(struct search *s, int dir_fd, const char *path)
{
	int r = add_around(s, path);

	return r < 0 ? r : each_entry(s, dir_fd, path, look_in_repository);
}

/* Looks at NAME in PATH, a directory of the repository before its first "/". Files that git writes
 * in normal work stay writable. */
static int look_in_repository(struct search *s, int dir_fd, const char *path, const char *name)
{
	const char *full = arena_printf(s->arena, "%s/%s", path, name);
	const char *inner = full ? strchr(full, '/') + 1 : NULL;

	if (!full)
		return arena_fail(s->arena, "protected names", s->err);
	/* Holds refs for servers, and lists of ignored files, which git obeys. */
	if (!strcmp(inner, "info"))
		return each_of_repository(s, dir_fd, full);
	return workspace_rules_git_writes(inner)
		       ? 0
		       : add(s, dir_fd, full, full, workspace_rules[WORKSPACE_RULE_GIT].reason);
}

static int look_at_top(struct search *s, int dir_fd, const char *path, const char *name)
{
	const struct workspace_surroundings around = {.protect = s->protect};
	struct workspace_change change = {
		.kind = WORKSPACE_MODIFIED, .type = WORKSPACE_FILE, .path = name};
	struct stat st;

	(void)path;
	if (workspace_rules_is_git(name, strlen(name)) &&
		fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return each_of_repository(s, dir_fd, name);
	workspace_rules_judge(&change, &around);
	return change.refused && change.named
		       ? add(s, dir_fd, name, name, workspace_rule_of(change.refused)->reason)
		       : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct workspace_protected *)a)->path,
		((const struct workspace_protected *)b)->path);
}

int workspace_protect_list(struct arena *arena, int source_fd, const struct oci_strings *protect,
	struct workspace_protected_list *ret_list, struct nacre_error *err)
{
	struct search s = {.arena = arena, .protect = protect, .err = err};
	int r = each_entry(&s, source_fd, "", look_at_top);

	if (r < 0)
		return fail_prefix(err, "protected names");
	if (s.found.n)
		qsort(s.found.items, s.found.n, sizeof(*s.found.items), compare);
	*ret_list = s.found;
	return 0;
}
