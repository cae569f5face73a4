/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/options.h"
#include "libcontainer/api/workspace.h"
#include "libcontainer/workspace/undo.h"
#include "specs/workspace_select.h"

/* nacre_workspace_undo. */

/* Returns the paths of --force that are in SOURCE, in the form for undo. */
static int forced_in(const struct nacre_workspace_undo_options *options, struct arena *arena,
	const char *source, const char *const **ret, struct nacre_error *err)
{
	const size_t n = options_count(options->force);
	const char **paths;

	paths = arena_array(arena, n + 1, sizeof(*paths));
	if (!paths)
		return arena_fail(arena, "--force", err);
	*ret = paths;
	for (size_t i = 0; i < n; i++) {
		char path[PATH_TEXT_MAX];

		if (!workspace_select_path(source, options->force[i], path))
			continue;
		*paths = arena_strdup(arena, path);
		if (!*paths++)
			return arena_fail(arena, "--force", err);
	}
	return 0;
}

/* *RET_ANY: something had been applied. */
static int undo(const struct nacre_workspace_undo_options *options,
	const struct container_workspaces *all, const struct workspace *w,
	struct container_report *report, bool *ret_any, struct nacre_error *err)
{
	struct undo_request request = {
		.arena = all->container.arena,
		.dir_fd = w->dir_fd,
		.upper_fd = w->upper_fd,
		.source_fd = w->source_fd,
		.user_xattr = w->record->user_xattr,
		.dry_run = options->dry_run,
	};
	struct nacre_error why;
	int r = container_workspace_check_source(w, err);

	if (r == 0)
		r = forced_in(options, request.arena, w->record->source, &request.force, err);
	if (r == 0)
		r = container_workspace_recover(all, w, err);
	if (r < 0)
		return r;
	r = undo_run(&request, &why);
	if (r == 0) {
		*ret_any = true;
		container_report_workspace(report, w->record);
		for (size_t i = 0; i < request.n; i++)
			container_report_path(
				report, NULL, request.entries[i].path, &request.entries[i].result);
		container_report_workspace_end(report);
	}
	free(request.entries);
	return fail_except(r, ENOENT, &why, err);
}

int nacre_workspace_undo(struct nacre *nacre, const char *id,
	const struct nacre_workspace_undo_options *given, char **ret_text, struct nacre_error *err)
{
	struct nacre_workspace_undo_options options;
	struct container_workspaces all;
	struct container_report report = {.done = "undone"};
	bool any = false;
	int r = options_take_workspace_undo(given, &options, err);

	if (r < 0)
		return r;
	r = container_workspaces_open(nacre, id, false, &all, err);
	if (r == 0)
		r = container_report_begin(&report, id, options.json, err);
	for (size_t i = 0; r == 0 && i < all.set.n; i++)
		r = undo(&options, &all, &all.set.items[i], &report, &any, err);
	if (r == 0 && !any)
		r = fail(err, ENOENT,
			"nothing was applied from the workspace of \"%s\" that could be "
			"undone",
			id);
	r = container_report_end(&report, r, ret_text, err);
	container_workspaces_close(&all);
	return r;
}
