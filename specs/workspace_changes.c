/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/escape.h"
#include "specs/json.h"
#include "specs/sha256.h"

static const char *const kinds[WORKSPACE_KINDS] = {
	[WORKSPACE_ADDED] = "added",
	[WORKSPACE_MODIFIED] = "modified",
	[WORKSPACE_DELETED] = "deleted",
	[WORKSPACE_RENAMED] = "renamed",
	[WORKSPACE_REPLACED] = "replaced",
};

static const char *const types[WORKSPACE_TYPES] = {
	[WORKSPACE_FILE] = "file",
	[WORKSPACE_DIRECTORY] = "directory",
	[WORKSPACE_SYMLINK] = "symlink",
	[WORKSPACE_DEVICE] = "device",
	[WORKSPACE_FIFO] = "fifo",
	[WORKSPACE_SOCKET] = "socket",
};

const char *workspace_kind_word(enum workspace_kind kind)
{
	return kinds[kind];
}

char workspace_kind_letter(enum workspace_kind kind)
{
	return "AMDRT"[kind];
}

const char *workspace_type_word(enum workspace_type type)
{
	return types[type];
}

static int by_path(const void *a, const void *b)
{
	const struct workspace_change *left = a, *right = b;

	return strcmp(left->path, right->path);
}

void workspace_changes_sort(struct workspace_changes *changes)
{
	if (changes->n > 1)
		qsort(changes->items, changes->n, sizeof(changes->items[0]), by_path);
}

bool workspace_change_is_named(const struct workspace_change *change, const char *path)
{
	const size_t length = strlen(path);

	if (!change->named || length < change->protected_length ||
		strncmp(change->path, path, length) != 0)
		return false;
	return length > 0 && (change->path[length] == '/' || change->path[length] == '\0');
}

/* Leaves out a member that is NULL. */
static void member(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_key_string(w, key, text);
}

static int member_name(
	struct json_writer *w, const char *key, const char *name, struct nacre_error *err)
{
	char *text;

	if (!name)
		return 0;
	text = escape_name(name, strlen(name));
	if (!text)
		return fail(err, ENOMEM, "changes of a workspace: out of memory");
	json_key_string(w, key, text);
	free(text);
	return 0;
}

static int write_members(
	struct json_writer *w, const struct workspace_change *change, struct nacre_error *err)
{
	char mode[16];
	int r;

	(void)snprintf(mode, sizeof(mode), "%04o", change->mode);
	member(w, "conflict", change->conflict);
	r = member_name(w, "from", change->from, err);
	if (r < 0)
		return r;
	json_key_string(w, "kind", kinds[change->kind]);
	json_key_string(w, "mode", mode);
	if (change->named) {
		json_key(w, "named");
		json_bool(w, true);
	}
	r = member_name(w, "path", change->path, err);
	if (r < 0)
		return r;
	member(w, "refused", change->refused);
	member(w, "sha256", change->sha256);
	json_key(w, "size");
	json_u64(w, change->size);
	r = member_name(w, "target", change->target, err);
	if (r < 0)
		return r;
	json_key_string(w, "type", types[change->type]);
	return 0;
}

static int write_item(FILE *file, const struct workspace_change *change, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);
	struct nacre_error ignored;
	char *text = NULL;
	int r, finished;

	json_open_object(w);
	r = write_members(w, change, err);
	json_close_object(w);
	finished = json_writer_finish(w, &text, r < 0 ? &ignored : err);
	if (r == 0)
		r = finished;
	if (r == 0)
		(void)fputs(text, file); /* closing the file reports a failure */
	free(text);
	return r;
}

static int write_items(FILE *file, const struct workspace_changes *changes, struct nacre_error *err)
{
	for (size_t i = 0; i < changes->n; i++) {
		int r;

		if (i > 0 && by_path(&changes->items[i - 1], &changes->items[i]) >= 0)
			return fail(err, EINVAL, "changes of a workspace: not sorted");
		(void)fputs(i > 0 ? ",\n" : "\n", file);
		r = write_item(file, &changes->items[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int workspace_changes_encode(
	const struct workspace_changes *changes, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);
	int r;

	if (!file)
		return fail(err, ENOMEM, "changes of a workspace: out of memory");
	(void)fputc('[', file);
	r = write_items(file, changes, err);
	(void)fputs("\n]\n", file);
	if (fclose(file) != 0 && r == 0)
		r = fail(err, ENOMEM, "changes of a workspace: out of memory");
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return 0;
}

int workspace_changes_digest(
	const struct workspace_changes *changes, char ret_hex[65], struct nacre_error *err)
{
	char *text;
	int r = workspace_changes_encode(changes, &text, err);

	if (r < 0)
		return r;
	sha256_text(text, strlen(text), ret_hex);
	free(text);
	return 0;
}
