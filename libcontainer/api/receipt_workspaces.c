/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/receipt.h"
#include "libcontainer/api/workspace.h"
#include "libcontainer/base/cleanup.h"
#include "specs/escape.h"
#include "specs/sha256.h"

/* Collects what a container has left in its workspaces, for its receipt. */

static int miss(struct arena *arena, struct receipt_statement *statement, const char *reason,
	struct nacre_error *err)
{
	const char *copy = arena_strdup(arena, reason);

	return copy ? receipt_note_gap(arena, &statement->predicate, "workspaces", copy, err)
		    : arena_fail(arena, "receipt", err);
}

static int describe(struct arena *arena, const struct workspace_record *record,
	struct receipt_workspace *ret_workspace, struct nacre_error *err)
{
	cleanup_free char *source = escape_name(record->source, strlen(record->source));

	ret_workspace->form = record->form;
	ret_workspace->source = source ? arena_strdup(arena, source) : NULL;
	return ret_workspace->source ? 0 : arena_fail(arena, "receipt", err);
}

static int collect_one(const struct container_workspaces *all, const struct workspace *w,
	struct receipt_statement *statement, struct nacre_error *err)
{
	struct arena *arena = all->container.arena;
	struct receipt *receipt = &statement->predicate;
	struct receipt_workspace *workspace = &receipt->workspaces[receipt->n_workspaces++];
	/* A list that is too large must leave memory for the rest of the receipt. */
	cleanup_arena struct arena *of_list = arena_new(ARENA_LIMIT);
	struct container_workspaces reader = *all;
	struct workspace_changes changes;
	struct nacre_error why;
	char text[80];
	int r = describe(arena, w->record, workspace, err);

	if (r < 0)
		return r;
	if (!of_list)
		return fail_errno(err, ENOMEM, "receipt");
	reader.container.arena = of_list;
	if (!strcmp(w->record->form, WORKSPACE_DIRECT))
		return miss(arena, statement, "what is written to directly has no list of changes",
			err);
	r = container_workspace_changes(&reader, w, 0, 0, &changes, &why);
	if (r < 0)
		return miss(arena, statement, why.text, err);
	r = receipt_add_changes(arena, statement, workspace, w->number, &changes, err);
	if (r <= 0)
		return r;
	(void)snprintf(text, sizeof(text), "%d files of its list are left out: too many", r);
	return miss(arena, statement, text, err);
}

static int collect(struct life *l, struct container_workspaces *all,
	struct receipt_statement *statement, struct nacre_error *err)
{
	struct container *c = &l->container;
	struct nacre_error why;
	int r;

	all->store_fd = r = workspace_store_open(c->workspaces, false, &why);
	if (r >= 0)
		r = workspace_set_open(
			c->arena, all->store_fd, c->id, c->lock_flags, &all->set, &why);
	if (r < 0)
		return miss(c->arena, statement, why.text, err);
	statement->predicate.workspaces = arena_array(
		c->arena, all->set.n + 1, sizeof(*statement->predicate.workspaces));
	if (!statement->predicate.workspaces)
		return arena_fail(c->arena, "receipt", err);
	for (size_t i = 0; i < all->set.n && r >= 0; i++)
		r = collect_one(all, &all->set.items[i], statement, err);
	return r;
}

int receipt_collect_workspaces(
	struct life *l, struct receipt_statement *statement, struct nacre_error *err)
{
	struct container *c = &l->container;
	struct container_workspaces all = {.store_fd = -1};
	struct receipt_subject *none = arena_alloc(c->arena, sizeof(*none));
	char *digest = arena_alloc(c->arena, SHA256_TEXT);
	int r = 0;

	if (!none || !digest)
		return arena_fail(c->arena, "receipt", err);
	if (c->record.active & WORKSPACES) {
		/* The container is locked already; borrowed members are not closed. */
		all.container.arena = c->arena;
		workspace_set_init(&all.set);
		r = collect(l, &all, statement, err);
		workspace_set_done(&all.set);
		fd_close(&all.store_fd);
	}
	if (r >= 0 && statement->n_subjects == 0) {
		sha256_text(RECEIPT_NO_CHANGES, strlen(RECEIPT_NO_CHANGES), digest);
		*none = (struct receipt_subject){{digest}, RECEIPT_CHANGES_NAME};
		statement->subjects = none;
		statement->n_subjects = 1;
	}
	return r < 0 ? r : 0;
}
