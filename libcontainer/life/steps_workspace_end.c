/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/workspace/protect.h"
#include "libcontainer/workspace/store.h"
#include "specs/escape.h"

/* Ends a container's workspaces: those with changes are kept. */

enum {
	TOLD_MAX = 32, /* lines per workspace */
};

static bool is_later(const struct timespec *a, const struct workspace_record *record)
{
	return a->tv_sec > record->created_sec ||
	       (a->tv_sec == record->created_sec && a->tv_nsec > record->created_nsec);
}

/* Reports protected names that appeared or changed while the container existed, one per line. */
static int report_protected(struct life *l, const struct workspace *w, struct nacre_error *err)
{
	const struct workspace_record *record = w->record;
	struct workspace_protected_list list = {.n = 0};
	size_t told = 0;
	int r = 0;

	if (strcmp(record->form, WORKSPACE_DIRECT) != 0 || w->source_fd < 0)
		return 0;
	r = workspace_protect_list(l->container.arena, w->source_fd, &record->protect, &list, err);
	for (size_t i = 0; i < list.n && r == 0; i++) {
		const bool was = oci_strings_have(&record->present, list.items[i].path);
		cleanup_free char *name = NULL;
		struct nacre_error text;

		if (was && !is_later(&list.items[i].changed, record))
			continue;
		if (++told > TOLD_MAX)
			continue;
		name = escape_name(list.items[i].path, strlen(list.items[i].path));
		if (!name)
			return fail_errno(err, ENOMEM, "protected names");
		(void)fail(&text, EEXIST, "workspace %.200s: %s %.200s, which %s", record->source,
			was ? "changed" : "new", name, list.items[i].reason);
		container_warn(&l->container, text.text);
	}
	if (told > TOLD_MAX) {
		struct nacre_error text;

		(void)fail(&text, EEXIST, "workspace %.200s: and %zu more", record->source,
			told - TOLD_MAX);
		container_warn(&l->container, text.text);
	}
	return r;
}

/* Keeps the workspaces that have changes, and removes the others. */
static int drop_set(
	struct life *l, int store_fd, struct workspace_set *set, struct nacre_error *err)
{
	struct nacre_error text;
	char root[PATH_MAX];
	int r = step_read_state_root(l, root, err);

	for (size_t i = set->n; i-- > 0 && r == 0;) {
		int unused;

		if (strcmp(set->items[i].record->root, root) != 0)
			continue;
		r = report_protected(l, &set->items[i], err);
		if (r < 0)
			return r;
		unused = workspace_is_unused(&set->items[i], err);
		r = unused > 0 ? workspace_remove(set, i, err) : unused;
	}
	if (r < 0)
		return r;
	if (set->n == 0)
		return workspace_set_remove(store_fd, set, err);
	if (l->container.callbacks->reviews)
		return 0;
	(void)fail(
		&text, EEXIST, "workspace of %s kept: nacre workspace diff %s", set->id, set->id);
	container_warn(&l->container, text.text);
	return 0;
}

int step_drop_workspaces(struct life *l, struct nacre_error *err)
{
	cleanup_close int store_fd = -1;
	struct nacre_error why;
	struct workspace_set set;
	int r;

	if (l->workspaces_of_others)
		return 0;
	store_fd = r = workspace_store_open(l->container.workspaces, false, &why);
	if (r < 0) /* -ENOENT: there is no store */
		return fail_except(r, ENOENT, &why, err);
	r = workspace_set_open(
		l->container.arena, store_fd, l->container.id, l->container.lock_flags, &set, &why);
	r = r < 0 ? fail_except(r, ENOENT, &why, err) : drop_set(l, store_fd, &set, err);
	workspace_set_done(&set);
	return r;
}
