/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "specs/escape.h"
#include "specs/receipt.h"
#include "specs/sha256.h"

/* The changes of a workspace in a receipt: the list is a subject, and the files are members. */

static void count(const struct workspace_change *change, struct receipt_counts *counts)
{
	uint64_t *const by_kind[WORKSPACE_KINDS] = {
		[WORKSPACE_ADDED] = &counts->added,
		[WORKSPACE_MODIFIED] = &counts->modified,
		[WORKSPACE_DELETED] = &counts->deleted,
		[WORKSPACE_RENAMED] = &counts->renamed,
		[WORKSPACE_REPLACED] = &counts->replaced,
	};

	++*by_kind[change->kind];
	counts->refused += change->refused != NULL;
	counts->conflicts += change->conflict != NULL;
}

static int add_subject(struct arena *arena, struct receipt_statement *statement, unsigned number,
	const char *digest, const char **ret_name, struct nacre_error *err)
{
	const size_t n = statement->n_subjects;
	struct receipt_subject *subjects = arena_array(arena, n + 1, sizeof(*subjects));

	if (!subjects)
		return arena_fail(arena, "receipt", err);
	for (size_t i = 0; i < n; i++)
		subjects[i] = statement->subjects[i];
	/* Cannot clash: the path of a file below a source does not begin with a slash. */
	subjects[n].name = n == 0 ? RECEIPT_CHANGES_NAME
				  : arena_printf(arena, "/changes.%u.json", number);
	subjects[n].digest.sha256 = arena_strdup(arena, digest);
	if (!subjects[n].name || !subjects[n].digest.sha256)
		return arena_fail(arena, "receipt", err);
	statement->subjects = subjects;
	statement->n_subjects = n + 1;
	*ret_name = subjects[n].name;
	return 0;
}

/* What more of files fits into a receipt, which nobody could sign or read if it were too large. */
struct room {
	size_t files, bytes;
};

static struct room find_room(const struct receipt *receipt)
{
	struct room room = {RECEIPT_FILES_MAX, RECEIPT_PATHS_MAX};

	for (size_t i = 0; i < receipt->n_workspaces; i++) {
		const struct receipt_workspace *workspace = &receipt->workspaces[i];

		room.files -= workspace->n_files;
		for (size_t j = 0; j < workspace->n_files; j++)
			room.bytes -= strlen(workspace->files[j].path);
	}
	return room;
}

/* Returns 1 if there is no room for it. */
static int add_file(struct arena *arena, struct receipt_workspace *workspace,
	const struct workspace_change *change, struct room *room, struct nacre_error *err)
{
	char *path = escape_name(change->path, strlen(change->path));
	const size_t length = path ? strlen(path) : 0;
	struct receipt_changed file;

	if (path && (room->files == 0 || room->bytes < length)) {
		free(path);
		return 1;
	}
	file = (struct receipt_changed){
		path ? arena_strdup(arena, path) : NULL, arena_strdup(arena, change->sha256)};
	free(path);
	if (!file.path || !file.sha256)
		return arena_fail(arena, "receipt", err);
	workspace->files[workspace->n_files++] = file;
	room->files--;
	room->bytes -= length;
	return 0;
}

int receipt_add_changes(struct arena *arena, struct receipt_statement *statement,
	struct receipt_workspace *workspace, unsigned number,
	const struct workspace_changes *changes, struct nacre_error *err)
{
	struct room room = find_room(&statement->predicate);
	char digest[SHA256_TEXT];
	int left = 0;
	int r = workspace_changes_digest(changes, digest, err);

	if (r == 0)
		r = add_subject(arena, statement, number, digest, &workspace->changes, err);
	if (r < 0)
		return r;
	workspace->files = arena_array(arena, room.files + 1, sizeof(*workspace->files));
	if (!workspace->files)
		return arena_fail(arena, "receipt", err);
	for (size_t i = 0; i < changes->n && r >= 0; i++) {
		const struct workspace_change *change = &changes->items[i];

		count(change, &workspace->counts);
		r = change->sha256 ? add_file(arena, workspace, change, &room, err) : 0;
		left += r > 0;
	}
	return r < 0 ? r : left;
}
