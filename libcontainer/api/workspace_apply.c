/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/options.h"
#include "libcontainer/api/workspace.h"
#include "libcontainer/workspace/apply.h"
#include "specs/workspace_select.h"

/* nacre_workspace_apply: reads and judges all workspaces before it applies the first change. */

struct applied {
	const struct workspace *workspace;
	struct workspace_changes changes;
	struct workspace_selection selection;
};

struct application {
	const struct nacre_workspace_apply_options *options;
	struct container_workspaces *all;
	struct applied *items; /* indexed like all->set.items */
	bool *matched, *force_matched; /* per path, in any of the workspaces */
};

static int expect(const struct application *a, const struct workspace_changes *changes,
	const char *source, struct nacre_error *err)
{
	const char *const *digests = a->options->expect;
	char digest[65];
	int r;

	if (!digests || !changes->n)
		return 0;
	r = workspace_changes_digest(changes, digest, err);
	if (r < 0)
		return r;
	for (size_t i = 0; digests[i]; i++)
		if (!strcmp(digests[i], digest))
			return 0;
	return fail(err, ESTALE,
		"the changes of %s have the digest %s now, which was not expected: nothing was "
		"applied; look at them again",
		source, digest);
}

static int look(struct application *a, size_t index, struct nacre_error *err)
{
	const struct nacre_workspace_apply_options *options = a->options;
	const struct workspace *w = &a->all->set.items[index];
	struct applied *item = &a->items[index];
	int r = container_workspace_changes(
		a->all, w, options->max_bytes, options->max_changes, &item->changes, err);

	item->workspace = w;
	if (r == 0)
		r = expect(a, &item->changes, w->record->source, err);
	/* Only marks the matching changes. */
	return r < 0 ? r
		     : workspace_select(a->all->container.arena, &item->changes, w->record->source,
			       options->paths, a->matched, options->force, a->force_matched,
			       &item->selection, err);
}

static int look_at_all(struct application *a, struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->all->set.n; i++)
		r = look(a, i, err);
	for (size_t i = 0; r == 0 && i < options_count(a->options->paths); i++)
		if (!a->matched[i])
			r = fail(
				err, ENOENT, "nothing was changed at %.500s", a->options->paths[i]);
	for (size_t i = 0; r == 0 && i < options_count(a->options->force); i++)
		if (!a->force_matched[i])
			r = fail(err, ENOENT, "--force: nothing was changed at %.500s",
				a->options->force[i]);
	return r;
}

static int apply(const struct application *a, const struct applied *item,
	struct container_report *report, struct nacre_error *err)
{
	const struct workspace *w = item->workspace;
	struct arena *arena = a->all->container.arena;
	struct apply_request request = {
		.arena = arena,
		.dir_fd = w->dir_fd,
		.upper_fd = w->upper_fd,
		.source_fd = w->source_fd,
		.user_xattr = w->record->user_xattr,
		.created = workspace_record_time(w->record),
		.changes = &item->changes,
		.wanted = item->selection.wanted,
		.named = item->selection.named,
		.forced = item->selection.forced,
		.dry_run = a->options->dry_run,
		.progress = a->options->progress,
		.data = a->options->data,
		.results = arena_array(arena, item->changes.n + 1, sizeof(*request.results)),
	};
	int r;

	if (!request.results)
		return arena_fail(arena, "changes of a workspace", err);
	r = apply_run(&request, err);
	if (r < 0)
		return fail_prefix(err, "apply to %s", w->record->source);
	container_report_workspace(report, w->record);
	for (size_t i = 0; i < item->changes.n; i++)
		if (request.wanted[i])
			container_report_path(report, &item->changes.items[i],
				item->changes.items[i].path, &request.results[i]);
	container_report_workspace_end(report);
	return 0;
}

static int begin(struct application *a, struct nacre_error *err)
{
	struct arena *arena = a->all->container.arena;

	a->items = arena_array(arena, a->all->set.n + 1, sizeof(*a->items));
	a->matched = arena_array(arena, options_count(a->options->paths) + 1, sizeof(bool));
	a->force_matched = arena_array(arena, options_count(a->options->force) + 1, sizeof(bool));
	if (!a->items || !a->matched || !a->force_matched)
		return arena_fail(arena, "workspace apply", err);
	return look_at_all(a, err);
}

int nacre_workspace_apply(struct nacre *nacre, const char *id,
	const struct nacre_workspace_apply_options *given, char **ret_text, struct nacre_error *err)
{
	struct nacre_workspace_apply_options options;
	struct container_workspaces all;
	struct application a = {.options = &options, .all = &all};
	struct container_report report = {.done = "applied"};
	int r = options_take_workspace_apply(given, &options, err);

	if (r < 0)
		return r;
	/* A paused container is refused too: a file that has left the upper directory would still
	 * be open in it. */
	r = container_workspaces_open(nacre, id, false, &all, err);
	if (r == 0)
		r = begin(&a, err);
	if (r == 0)
		r = container_report_begin(&report, id, options.json, err);
	for (size_t i = 0; r == 0 && i < all.set.n; i++)
		if (a.items[i].changes.n)
			r = apply(&a, &a.items[i], &report, err);
	r = container_report_end(&report, r, ret_text, err);
	container_workspaces_close(&all);
	return r;
}
