/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/workspace.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/diff_text.h"
#include "libcontainer/workspace/walk_tree.h"
#include "specs/escape.h"

struct patch {
	FILE *file;
	const struct workspace_view *view;
	bool stat;
};

struct counts {
	size_t added, removed;
};

static int by_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct workspace_change *)item)->path);
}

/* Returns the path in the source of what is at PATH now: below a renamed directory it is another.
 */
static const char *source_path(
	struct arena *arena, const struct workspace_changes *changes, const char *path)
{
	char above[PATH_TEXT_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(above))
		return NULL;
	memcpy(above, path, length + 1);
	for (char *slash = strrchr(above, '/'); slash; slash = strrchr(above, '/')) {
		const struct workspace_change *change;

		*slash = '\0';
		change = bsearch(above, changes->items, changes->n, sizeof(*change), by_path);
		if (change && change->kind == WORKSPACE_RENAMED)
			return walk_join(arena, change->from, path + strlen(above) + 1);
	}
	return path;
}

static void put_line(FILE *file, const char *before, const char *text, size_t n)
{
	cleanup_free char *shown = escape_line(text, n);

	(void)fprintf(file, "%s%s\n", before, shown ? shown : "?");
}

static void put_header(FILE *file, const struct workspace_change *change)
{
	container_put_name(file, "diff --git a/", change->path, "");
	container_put_name(file, " b/", change->path, "");
	if (change->kind == WORKSPACE_DELETED)
		(void)fputs("\ndeleted file", file);
	else if (change->kind != WORKSPACE_MODIFIED)
		(void)fprintf(file, "\nnew file mode 10%04o", change->mode);
	else if (change->mode != change->old_mode)
		(void)fprintf(
			file, "\nold mode 10%04o\nnew mode 10%04o", change->old_mode, change->mode);
	(void)fputc('\n', file);
}

static void put_hunks(
	FILE *file, const struct workspace_change *change, const char *hunks, size_t length)
{
	const char *end = hunks + length;

	if (change->kind == WORKSPACE_MODIFIED || change->kind == WORKSPACE_DELETED)
		container_put_name(file, "--- a/", change->path, "\n");
	else
		(void)fputs("--- /dev/null\n", file);
	if (change->kind != WORKSPACE_DELETED)
		container_put_name(file, "+++ b/", change->path, "");
	else
		(void)fputs("+++ /dev/null", file);
	(void)fputc('\n', file);
	while (hunks < end) {
		const char *newline = memchr(hunks, '\n', (size_t)(end - hunks));
		const char *stop = newline ? newline : end;

		put_line(file, "", hunks, (size_t)(stop - hunks));
		hunks = stop + 1;
	}
}

static struct counts count_lines(const char *hunks, size_t length)
{
	struct counts counts = {0, 0};
	bool begins = true;

	for (size_t i = 0; i < length; i++) {
		counts.added += begins && hunks[i] == '+';
		counts.removed += begins && hunks[i] == '-';
		begins = hunks[i] == '\n';
	}
	return counts;
}

static void put_stat(struct patch *patch, const struct workspace_change *change,
	enum line_diff_result result, const char *hunks, size_t length)
{
	const struct counts counts = count_lines(hunks, length);

	if (result == LINE_DIFF_DONE)
		(void)fprintf(patch->file, "%6zu + %6zu - ", counts.added, counts.removed);
	else
		(void)fprintf(
			patch->file, "%17s ", result == LINE_DIFF_BINARY ? "binary" : "large");
	container_put_name(patch->file, " ", change->path, "");
	(void)fputc('\n', patch->file);
}

/* *RET_FD -1: the file does not exist. */
static int open_side(int root_fd, const char *path, int *ret_fd, struct nacre_error *err)
{
	int fd = path ? walk_open(root_fd, path, O_RDONLY | O_NONBLOCK) : -ENAMETOOLONG;

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
		return walk_fail(err, fd, "open", path ? path : "");
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

static int put_file(struct patch *patch, struct arena *arena, const struct workspace_change *change,
	struct nacre_error *err)
{
	const struct workspace *w = patch->view->workspace;
	cleanup_close int old_fd = -1, new_fd = -1;
	cleanup_free char *hunks = NULL;
	enum line_diff_result result;
	size_t length = 0;
	int r = 0;

	if (change->kind == WORKSPACE_MODIFIED || change->kind == WORKSPACE_DELETED)
		r = open_side(w->source_fd, source_path(arena, patch->view->changes, change->path),
			&old_fd, err);
	if (r == 0 && change->kind != WORKSPACE_DELETED)
		r = open_side(w->upper_fd, change->path, &new_fd, err);
	if (r < 0)
		return r;
	r = diff_text_run(old_fd, new_fd, &hunks, &length, &result, err);
	if (r < 0)
		return r;
	if (patch->stat) {
		put_stat(patch, change, result, hunks, length);
		return 0;
	}
	put_header(patch->file, change);
	if (result != LINE_DIFF_DONE)
		(void)fputs(result == LINE_DIFF_BINARY ? "Binary files differ\n"
						       : "Too large to be shown\n",
			patch->file);
	else if (length)
		put_hunks(patch->file, change, hunks, length);
	return 0;
}

/* Writes a change without lines: only its name. */
static void put_other(struct patch *patch, const struct workspace_change *change)
{
	const bool is_link = change->type == WORKSPACE_SYMLINK && change->target;

	if (patch->stat) {
		(void)fprintf(patch->file, "%17s ", workspace_type_word(change->type));
		container_put_name(patch->file, " ", change->path, "");
		(void)fputc('\n', patch->file);
		return;
	}
	(void)fprintf(patch->file, "%s %s ", workspace_kind_word(change->kind),
		workspace_type_word(change->type));
	container_put_name(patch->file, "", change->path, "");
	if (is_link)
		container_put_name(patch->file, " -> ", change->target, "");
	if (change->from)
		container_put_name(patch->file, " from ", change->from, "");
	if (change->mode != change->old_mode)
		(void)fprintf(patch->file, ", mode %04o -> %04o", change->old_mode, change->mode);
	(void)fprintf(patch->file, "%s\n",
		change->type == WORKSPACE_FILE && change->kind != WORKSPACE_DELETED
			? ": its content was not read"
			: "");
}

static bool is_read(const struct workspace_change *change)
{
	return change->type == WORKSPACE_FILE &&
	       (change->sha256 || change->kind == WORKSPACE_DELETED);
}

int container_workspace_patch(
	FILE *file, const struct workspace_view *view, bool stat, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct patch patch = {file, view, stat};
	int r = arena ? 0 : fail_errno(err, ENOMEM, "workspace diff");

	for (size_t i = 0; r == 0 && i < view->changes->n; i++) {
		const struct workspace_change *change = &view->changes->items[i];

		if (!view->wanted[i])
			continue;
		if (is_read(change))
			r = put_file(&patch, arena, change, err);
		else
			put_other(&patch, change);
	}
	(void)fprintf(file, "digest %s\n", view->digest);
	return r;
}
