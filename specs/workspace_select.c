/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_select.h"

#include <stdlib.h>
#include <string.h>

bool workspace_select_path(const char *source, const char *given, char ret[static PATH_TEXT_MAX])
{
	char clean[PATH_TEXT_MAX];
	size_t skip = 1;

	if ((given[0] != '/' && path_climbs(given)) || path_clean(given, clean) < 0)
		return false;
	if (given[0] == '/') {
		if (!path_within(clean, source))
			return false;
		skip = strlen(source);
		skip += skip > 1 && clean[skip] == '/';
	}
	memcpy(ret, clean + skip, strlen(clean + skip) + 1);
	return true;
}

static bool is_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return !length ||
	       (!strncmp(path, directory, length) && (path[length] == '/' || !path[length]));
}

static bool lies_at(const struct workspace_change *change, const char *path)
{
	return is_within(change->path, path) || (change->from && is_within(change->from, path));
}

static int by_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct workspace_change *)item)->path);
}

/* Selects the directories that the change at INDEX needs. */
static void want_above(const struct workspace_changes *changes, size_t index, bool *wanted)
{
	char path[PATH_TEXT_MAX];
	size_t length = strlen(changes->items[index].path);

	if (length >= sizeof(path))
		return;
	memcpy(path, changes->items[index].path, length + 1);
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		const struct workspace_change *above;

		*slash = '\0';
		above = bsearch(path, changes->items, changes->n, sizeof(*above), by_path);
		if (above && above->type == WORKSPACE_DIRECTORY &&
			above->kind != WORKSPACE_DELETED && above->kind != WORKSPACE_MODIFIED)
			wanted[above - changes->items] = true;
	}
}

static void select_by(const struct workspace_changes *changes, const char *path, bool *matched,
	bool *ret_selected, bool *ret_named)
{
	for (size_t i = 0; i < changes->n; i++) {
		if (!lies_at(&changes->items[i], path))
			continue;
		*matched = true;
		ret_selected[i] = true;
		if (ret_named && workspace_change_is_named(&changes->items[i], path))
			ret_named[i] = true;
	}
}

int workspace_select(struct arena *arena, const struct workspace_changes *changes,
	const char *source, const char *const *paths, bool *matched, const char *const *force,
	bool *force_matched, struct workspace_selection *ret, struct nacre_error *err)
{
	const size_t n = changes->n + 1; /* + 1: an empty array is no error */
	struct workspace_selection s = {arena_array(arena, n, sizeof(bool)),
		arena_array(arena, n, sizeof(bool)), arena_array(arena, n, sizeof(bool))};
	char path[PATH_TEXT_MAX];

	if (!s.wanted || !s.named || !s.forced)
		return arena_fail(arena, "changes of a workspace", err);
	if (!paths)
		memset(s.wanted, true, changes->n);
	for (size_t i = 0; paths && paths[i]; i++)
		if (workspace_select_path(source, paths[i], path))
			select_by(changes, path, &matched[i], s.wanted, s.named);
	for (size_t i = 0; force && force[i]; i++)
		if (workspace_select_path(source, force[i], path))
			select_by(changes, path, &force_matched[i], s.forced, NULL);
	for (size_t i = 0; paths && i < changes->n; i++)
		if (s.wanted[i])
			want_above(changes, i, s.wanted);
	*ret = s;
	return 0;
}
