/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "specs/escape.h"
#include "specs/receipt.h"
#include "specs/sha256.h"

/* What was changed in a workspace, as subjects of a receipt. */

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

static int add(struct arena *arena, struct receipt_statement *statement, const char *name,
	const char *digest, struct nacre_error *err)
{
	struct receipt_subject *subject = &statement->subjects[statement->n_subjects++];

	*subject = (struct receipt_subject){
		{arena_strdup(arena, digest)}, arena_strdup(arena, name)};
	return subject->name && subject->digest.sha256 ? 0 : arena_fail(arena, "receipt", err);
}

/* A path of a workspace begins with no slash: so it is told apart from those of the first. */
static int add_file(struct arena *arena, struct receipt_statement *statement, bool first,
	unsigned number, const struct workspace_change *change, struct nacre_error *err)
{
	char *name = escape_name(change->path, strlen(change->path));
	const char *text = name && !first ? arena_printf(arena, "/%u/%s", number, name) : name;
	int r = text ? add(arena, statement, text, change->sha256, err)
		     : arena_fail(arena, "receipt", err);

	free(name);
	return r;
}

int receipt_add_changes(struct arena *arena, struct receipt_statement *statement,
	struct receipt_workspace *workspace, unsigned number,
	const struct workspace_changes *changes, struct nacre_error *err)
{
	const bool first = statement->n_subjects == 0;
	char digest[SHA256_TEXT];
	int left = 0;
	int r = workspace_changes_digest(changes, digest, err);

	if (r < 0)
		return r;
	if (statement->n_subjects == RECEIPT_SUBJECTS_MAX)
		return fail(err, E2BIG, "receipt: there is no room for a list of changes");
	workspace->changes = first ? RECEIPT_CHANGES_NAME
				   : arena_printf(arena, "changes.%u.json", number);
	if (!workspace->changes)
		return arena_fail(arena, "receipt", err);
	r = add(arena, statement, workspace->changes, digest, err);
	for (size_t i = 0; i < changes->n && r == 0; i++) {
		const struct workspace_change *change = &changes->items[i];

		count(change, &workspace->counts);
		if (!change->sha256)
			continue;
		if (statement->n_subjects < RECEIPT_SUBJECTS_MAX)
			r = add_file(arena, statement, first, number, change, err);
		else
			left++;
	}
	return r < 0 ? r : left;
}
