/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/options.h"
#include "libcontainer/api/workspace.h"
#include "libcontainer/base/cleanup.h"
#include "specs/escape.h"
#include "specs/json.h"
#include "specs/workspace_select.h"

/* nacre_workspace_diff: the workspaces of a container, one after another. */

struct diff {
	const struct nacre_workspace_diff_options *options;
	struct container_workspaces *all;
	size_t n_paths;
	bool *matched; /* per path, in any of the workspaces */
	FILE *file;
	struct json_writer *json;
};

static int put_json(struct diff *diff, const struct workspace_view *view, struct nacre_error *err)
{
	const struct workspace_record *record = view->workspace->record;
	struct arena *arena = diff->all->container.arena;
	struct json_writer *w = diff->json;
	cleanup_free char *text = NULL;
	struct workspace_changes wanted = {
		.items = arena_array(arena, view->changes->n, sizeof(*wanted.items))};
	int r;

	if (view->changes->n && !wanted.items)
		return arena_fail(arena, "changes of a workspace", err);
	for (size_t i = 0; i < view->changes->n; i++)
		if (view->wanted[i])
			wanted.items[wanted.n++] = view->changes->items[i];
	r = workspace_changes_encode(&wanted, &text, err);
	if (r < 0)
		return r;
	text[strlen(text) - 1] = '\0'; /* its newline */
	json_open_object(w);
	json_key(w, "number");
	json_u64(w, view->workspace->number);
	json_key_string(w, "source", record->source);
	json_key_string(w, "destination", record->destination);
	json_key_string(w, "form", record->form);
	json_key_string(w, "digest", view->digest);
	json_key(w, "changes");
	json_raw(w, text);
	json_close_object(w);
	return 0;
}

static void put_title(FILE *file, const struct workspace_record *record)
{
	cleanup_free char *source = escape_name(record->source, strlen(record->source));
	cleanup_free char *destination = escape_name(
		record->destination, strlen(record->destination));

	(void)fprintf(file, "# %s, in the container %s%s\n", source ? source : "?",
		destination ? destination : "?",
		strcmp(record->form, WORKSPACE_DIRECT) ? "" : ": direct, changed in place");
}

static int select_changes(struct diff *diff, const struct workspace_record *record,
	const struct workspace_changes *changes, struct workspace_selection *ret,
	struct nacre_error *err)
{
	struct arena *arena = diff->all->container.arena;
	bool *matched = arena_array(arena, diff->n_paths + 1, sizeof(*matched));
	int r;

	if (!matched)
		return arena_fail(arena, "changes of a workspace", err);
	r = workspace_select(arena, changes, record->source, diff->options->paths, matched, NULL,
		NULL, ret, err);
	for (size_t i = 0; i < diff->n_paths; i++)
		diff->matched[i] |= matched[i];
	return r;
}

static int put_workspace(struct diff *diff, const struct workspace *w, struct nacre_error *err)
{
	const enum nacre_workspace_format format = diff->options->format;
	struct workspace_view view = {.workspace = w};
	struct workspace_selection selection;
	struct workspace_changes changes;
	int r = container_workspace_changes(
		diff->all, w, diff->options->max_bytes, diff->options->max_changes, &changes, err);

	if (r == 0)
		r = select_changes(diff, w->record, &changes, &selection, err);
	if (r == 0)
		r = workspace_changes_digest(&changes, view.digest, err);
	if (r < 0)
		return r;
	view.changes = &changes;
	view.wanted = selection.wanted;
	if (format == NACRE_WORKSPACE_JSON)
		return put_json(diff, &view, err);
	put_title(diff->file, w->record);
	if (format != NACRE_WORKSPACE_TEXT)
		return container_workspace_patch(
			diff->file, &view, format == NACRE_WORKSPACE_STAT, err);
	container_workspace_text(diff->file, &view);
	return 0;
}

static int put_all(struct diff *diff, struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < diff->all->set.n; i++)
		r = put_workspace(diff, &diff->all->set.items[i], err);
	for (size_t i = 0; r == 0 && i < diff->n_paths; i++)
		if (!diff->matched[i])
			r = fail(err, ENOENT, "nothing was changed at %.500s",
				diff->options->paths[i]);
	return r;
}

static int make_text(struct diff *diff, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	int r;

	diff->file = open_memstream(&text, &length);
	if (!diff->file)
		return fail_errno(err, ENOMEM, "workspace diff");
	r = put_all(diff, err);
	if (fclose(diff->file) != 0 && r == 0)
		r = fail_errno(err, ENOMEM, "workspace diff");
	if (r == 0)
		*ret_text = steal_ptr(text);
	free(text);
	return r;
}

static int make_json(struct diff *diff, const char *id, char **ret_text, struct nacre_error *err)
{
	diff->json = container_document_begin(id);
	return container_document_end(
		diff->json, diff->json ? put_all(diff, err) : 0, ret_text, err);
}

int nacre_workspace_diff(struct nacre *nacre, const char *id,
	const struct nacre_workspace_diff_options *given, char **ret_text, struct nacre_error *err)
{
	struct nacre_workspace_diff_options options;
	struct container_workspaces all;
	struct diff diff = {.options = &options, .all = &all};
	int r = options_take_workspace_diff(given, &options, err);

	if (r < 0)
		return r;
	r = container_workspaces_open(nacre, id, true, &all, err);
	if (r == 0) {
		diff.n_paths = options_count(options.paths);
		diff.matched = arena_array(all.container.arena, diff.n_paths + 1, sizeof(bool));
		if (!diff.matched)
			r = arena_fail(all.container.arena, "workspace diff", err);
	}
	if (r == 0)
		r = options.format == NACRE_WORKSPACE_JSON ? make_json(&diff, id, ret_text, err)
							   : make_text(&diff, ret_text, err);
	container_workspaces_close(&all);
	return r;
}
