/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "specs/escape.h"
#include "specs/workspace_redirect.h"

struct reading {
	struct arena *arena;
	const struct workspace_walk *walk;
	struct walk_directory *pending; /* found, not read */
	struct walk_directory **end;
	size_t n_moved;
};

int walk_open(int root_fd, const char *path, int flags)
{
	flags |= O_NOFOLLOW | (flags & O_PATH ? 0 : O_NOCTTY);
	return sys_openat2(root_fd, *path ? path : ".", (uint64_t)flags, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

const char *walk_join(struct arena *arena, const char *directory, const char *name)
{
	return arena_printf(arena, "%s%s%s", directory, *directory ? "/" : "", name);
}

int walk_fail(struct nacre_error *err, int code, const char *what, const char *path)
{
	cleanup_free char *shown = escape_name(path, strlen(path));

	return fail_errno(err, code, "%s %s", what, shown ? shown : "");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static int add_name(struct arena *arena, const char ***names, size_t *n, size_t *size,
	const char *name, struct nacre_error *err)
{
	if (*n == *size) {
		const size_t larger = *size ? 2 * *size : 16;
		const char **moved = arena_array(arena, larger, sizeof(*moved));

		if (!moved)
			return arena_fail(arena, "changes of a workspace", err);
		if (*n)
			memcpy(moved, *names, *n * sizeof(*moved));
		*names = moved;
		*size = larger;
	}
	(*names)[*n] = arena_strdup(arena, name);
	if (!(*names)[*n])
		return arena_fail(arena, "changes of a workspace", err);
	(*n)++;
	return 0;
}

int walk_names(struct arena *arena, int fd, const char ***ret_names, size_t *ret_n,
	struct nacre_error *err)
{
	cleanup_close int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	cleanup_dir DIR *dir = own_fd < 0 ? NULL : fdopendir(own_fd);
	size_t n = 0, size = 0;
	const char **names = NULL;
	struct dirent *entry;

	if (!dir)
		return fail_errno(err, errno, "read a directory");
	(void)fd_steal(&own_fd);
	rewinddir(dir);
	while ((errno = 0, entry = readdir(dir))) {
		int r = is_dots(entry->d_name)
				? 0
				: add_name(arena, &names, &n, &size, entry->d_name, err);

		if (r < 0)
			return r;
	}
	if (errno)
		return fail_errno(err, errno, "read a directory");
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	*ret_names = names;
	*ret_n = n;
	return 0;
}

/* Finds the path in the source that D is compared with, by its marks. */
static int find_source(struct reading *reading, struct walk_directory *d, struct nacre_error *err)
{
	const struct walk_directory *parent = d->parent;
	const struct walk_marks *marks = d->marks;
	const char *same = walk_join(reading->arena, parent->source, d->name);
	char from[PATH_TEXT_MAX];

	if (!same)
		return arena_fail(reading->arena, "changes of a workspace", err);
	d->source = same;
	d->hidden = parent->hidden || marks->opaque;
	if (marks->strange)
		d->refused = WORKSPACE_RULE_OVERLAY;
	if (!marks->has_redirect || marks->strange)
		return 0;
	/* Overlay that is mounted without root neither follows nor writes redirects. */
	if (reading->walk->user_xattr ||
		workspace_redirect_decode(marks->redirect, marks->redirect_length,
			parent->hidden ? NULL : parent->source, from) < 0) {
		d->refused = WORKSPACE_RULE_REDIRECT;
		return 0;
	}
	d->hidden = marks->opaque;
	if (!parent->hidden && !strcmp(from, same))
		return 0; /* renamed, and back again */
	d->from = arena_strdup(reading->arena, from);
	d->source = d->from;
	reading->n_moved++;
	return d->from ? 0 : arena_fail(reading->arena, "changes of a workspace", err);
}

static int read_marks(
	struct reading *reading, struct walk_directory *d, int fd, struct nacre_error *err)
{
	struct walk_marks *marks = arena_alloc(reading->arena, sizeof(*marks));
	int r;

	if (!marks)
		return arena_fail(reading->arena, "changes of a workspace", err);
	r = walk_marks_read(fd, reading->walk->user_xattr, true, marks, err);
	if (r < 0)
		return r;
	d->marks = marks;
	return find_source(reading, d, err);
}

/* Puts the directory NAME of PARENT on the list of those to be read. */
static int add_directory(struct reading *reading, struct walk_directory *parent, const char *name,
	mode_t mode, struct nacre_error *err)
{
	struct walk_directory *d = arena_alloc(reading->arena, sizeof(*d));

	if (!d)
		return arena_fail(reading->arena, "changes of a workspace", err);
	d->path = parent ? walk_join(reading->arena, parent->path, name) : "";
	if (!d->path)
		return arena_fail(reading->arena, "changes of a workspace", err);
	d->parent = parent;
	d->name = d->path + strlen(d->path) - strlen(name);
	d->mode = mode;
	d->refused = WORKSPACE_RULES;
	d->below_repository = SIZE_MAX;
	d->source = parent ? NULL : "";
	d->next = reading->pending;
	reading->pending = d;
	return 0;
}

static int add_directories(
	struct reading *reading, struct walk_directory *d, int fd, struct nacre_error *err)
{
	for (size_t i = d->n; i > 0; i--) {
		const char *name = d->names[i - 1];
		struct stat st;
		int r = fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

		/* The directory can be listed but not entered. */
		if (r == -EACCES) {
			d->refused = WORKSPACE_RULE_UNREADABLE;
			d->n = 0;
			return 0;
		}
		if (r < 0)
			return walk_fail(err, r, "stat", name);
		r = S_ISDIR(st.st_mode) ? add_directory(reading, d, name, st.st_mode, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_directory(
	struct reading *reading, struct walk_directory *d, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	int r;

	if (strlen(d->path) >= PATH_TEXT_MAX) {
		d->refused = WORKSPACE_RULE_PATH;
		return 0;
	}
	fd = walk_open(reading->walk->upper_fd, d->path, O_RDONLY | O_DIRECTORY);
	if (fd == -EXDEV || fd == -EACCES) {
		d->refused = fd == -EXDEV ? WORKSPACE_RULE_MOUNT : WORKSPACE_RULE_UNREADABLE;
		return 0;
	}
	if (fd < 0)
		return walk_fail(err, fd, "open", d->path);
	r = d->parent ? read_marks(reading, d, fd, err) : 0;
	if (r < 0 || d->refused < WORKSPACE_RULES)
		return r;
	r = walk_names(reading->arena, fd, &d->names, &d->n, err);
	return r < 0 ? fail_prefix(err, "the workspace") : add_directories(reading, d, fd, err);
}

static int by_from(const void *a, const void *b)
{
	const struct walk_directory *const *left = a, *const *right = b;

	return strcmp((*left)->from, (*right)->from);
}

static int sort_moved(
	struct arena *arena, struct walk_tree *tree, size_t n, struct nacre_error *err)
{
	if (!n)
		return 0;
	tree->moved = arena_array(arena, n, sizeof(struct walk_directory *));
	if (!tree->moved)
		return arena_fail(arena, "changes of a workspace", err);
	for (struct walk_directory *d = tree->first; d; d = d->next)
		if (d->from)
			tree->moved[tree->n_moved++] = d;
	qsort(tree->moved, tree->n_moved, sizeof(struct walk_directory *), by_from);
	return 0;
}

int walk_tree_read(struct arena *arena, const struct workspace_walk *walk,
	struct walk_tree *ret_tree, struct nacre_error *err)
{
	struct walk_tree tree = {.first = NULL};
	struct reading reading = {.arena = arena, .walk = walk, .end = &tree.first};
	int r = add_directory(&reading, NULL, "", 0, err);

	while (r == 0 && reading.pending) {
		struct walk_directory *d = reading.pending;

		reading.pending = d->next;
		d->next = NULL;
		*reading.end = d;
		reading.end = &d->next;
		r = read_directory(&reading, d, err);
	}
	if (r == 0)
		r = sort_moved(arena, &tree, reading.n_moved, err);
	if (r < 0)
		return r;
	*ret_tree = tree;
	return 0;
}

size_t walk_tree_moved(const struct walk_tree *tree, const char *path)
{
	size_t low = 0, high = tree->n_moved, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(tree->moved[middle]->from, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < tree->n_moved && !strcmp(tree->moved[low + n]->from, path))
		n++;
	return n;
}
