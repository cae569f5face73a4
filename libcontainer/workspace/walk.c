/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/workspace/place.h"
#include "libcontainer/workspace/walk_entry.h"
#include "libcontainer/workspace/walk_targets.h"

static const struct {
	const char *word;
	const char *reason;
} conflicts[] = {
	{WORKSPACE_CONFLICT_CHANGED, "was changed in the source too"},
	{WORKSPACE_CONFLICT_REPLACED, "is another file in the source now"},
	{WORKSPACE_CONFLICT_GONE, "was removed or renamed in the source"},
	{WORKSPACE_CONFLICT_CLOCK, "may be changed in the source too: the clock was set back"},
};

const char *workspace_conflict_reason(const char *word)
{
	for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++)
		if (!strcmp(conflicts[i].word, word))
			return conflicts[i].reason;
	return word;
}

/* Without CAP_SYS_ADMIN on the host, trusted attributes of overlay read as if there were none. */
static int check_caller(const struct workspace_walk *walk, struct nacre_error *err)
{
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	int r, initial;

	if (walk->user_xattr)
		return 0;
	r = sys_capget(caps);
	if (r < 0)
		return fail_errno(err, r, "capget");
	initial = idmap_is_initial(err);
	if (initial < 0)
		return initial;
	if (!initial || !(caps[CAP_SYS_ADMIN / 32].effective & 1U << CAP_SYS_ADMIN % 32))
		return fail(err, EPERM,
			"the workspace was made by root: only root can see what changed");
	return 0;
}

/* RET_IS: all parts of a repository are there, as overlay shows the directory. RET_NEW: the source
 * alone does not have all; those that it has may have been put there for the rest to come. */
static int find_repository(struct walker *w, const struct walk_place *place, bool *ret_is,
	bool *ret_new, struct nacre_error *err)
{
	static const char *const names[] = {"HEAD", "objects", "refs", "commondir"};
	const struct walk_directory *d = place->directory;
	struct workspace_repository_parts source = {false}, both;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && place->source_fd >= 0; i++) {
		struct walk_lower lower;
		int r = walk_entry_lower(w, place, names[i], &lower, err);

		if (r < 0)
			return r;
		if (lower.is_there)
			workspace_rules_add_part(&source, names[i]);
	}
	both = source;
	for (size_t i = 0; i < d->n; i++)
		workspace_rules_add_part(&both, d->names[i]);
	*ret_is = workspace_rules_is_repository(&both);
	*ret_new = !workspace_rules_is_repository(&source);
	return 0;
}

/* Gives D what it inherits from its parent. */
static void inherit(struct walk_directory *d)
{
	const struct walk_directory *parent = d->parent;

	if (!parent)
		return;
	d->below_repository = parent->below_repository;
	d->new_repository = parent->new_repository;
	d->new_git = parent->new_git;
	if (!d->from)
		d->conflict = parent->conflict;
}

/* Notes in CHANGE what in the source forbids the rename of D. */
static int judge_renamed(struct walker *w, struct walk_directory *d, const struct walk_lower *there,
	struct workspace_change *change, struct nacre_error *err)
{
	struct walk_source_verdict verdict = {.refused = WORKSPACE_RULES};
	struct statx stx;
	int found, r = 0;

	change->kind = WORKSPACE_RENAMED;
	change->from = d->from;
	r = walk_entry_check(w, d->parent, there, change, err);
	if (r < 0)
		return r;
	found = walk_source_stat(w->walk, d->from, &stx);
	if (found < 0 && found != -EXDEV && found != -EACCES && found != -ENAMETOOLONG)
		return walk_fail(err, found, "the source: open", d->from);
	if (found < 0)
		workspace_rules_refuse(change, WORKSPACE_RULE_REDIRECT);
	else if (!found || !S_ISDIR(stx.stx_mode))
		change->conflict = d->conflict = WORKSPACE_CONFLICT_GONE;
	/* A directory can be renamed to one path only. */
	else if (walk_tree_moved(&w->tree, d->from) != 1)
		workspace_rules_refuse(change, WORKSPACE_RULE_REDIRECT);
	else
		r = walk_source_check(
			w->arena, w->walk, d->from, d->path, &w->entries, &verdict, err);
	d->source_is_there = found > 0 && S_ISDIR(stx.stx_mode);
	change->mode = walk_entry_mode(d->mode, d->source_is_there ? &stx : NULL);
	change->old_mode = d->source_is_there ? stx.stx_mode & 0777 : change->mode;
	walk_source_tell(&verdict, change);
	return r;
}

/* Whether R means that a directory was removed a moment ago: the host is at work. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

/* Notes a conflict if the source's directory is another one than overlay showed. */
static int check_origin(struct walker *w, struct walk_directory *d, struct nacre_error *err)
{
	cleanup_close int fd = -1;

	if (!d->marks || !d->marks->has_origin || d->hidden || d->conflict)
		return 0;
	if (!d->source_is_there) {
		d->conflict = WORKSPACE_CONFLICT_GONE;
		return 0;
	}
	fd = walk_open(w->walk->source_fd, d->source, O_PATH | O_DIRECTORY);
	if (is_gone(fd)) {
		d->conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	if (fd < 0)
		return walk_fail(err, fd, "the source: open", d->source);
	if (walk_marks_is_origin(d->marks, fd, "") == 0)
		d->conflict = WORKSPACE_CONFLICT_REPLACED;
	return 0;
}

/* Reads the entry of D itself. RET_READ: whether its content is to be read as well. */
static int read_own_entry(struct walker *w, struct walk_directory *d,
	const struct walk_place *parent, bool *ret_read, struct nacre_error *err)
{
	struct workspace_change change = {.type = WORKSPACE_DIRECTORY, .path = d->path};
	struct walk_lower lower;
	bool same = false;
	int r = walk_entry_lower(w, parent, d->name, &lower, err);

	if (r < 0)
		return r;
	d->source_is_there = lower.is_there && !lower.is_mount && S_ISDIR(lower.stx.stx_mode);
	change.kind = d->source_is_there || lower.is_mount ? WORKSPACE_MODIFIED
		      : lower.is_there			   ? WORKSPACE_REPLACED
							   : WORKSPACE_ADDED;
	change.mode = walk_entry_mode(d->mode, d->source_is_there ? &lower.stx : NULL);
	change.old_mode = d->source_is_there ? lower.stx.stx_mode & 0777 : change.mode;
	if (d->from) {
		r = judge_renamed(w, d, &lower, &change, err);
	} else {
		same = d->source_is_there && change.mode == (lower.stx.stx_mode & 0777);
		r = walk_entry_check(w, d->parent, &lower, &change, err);
	}
	if (r == 0 && !lower.is_mount)
		r = check_origin(w, d, err);
	if (r < 0)
		return r;
	if (d->conflict && !change.conflict)
		change.conflict = d->conflict;
	if (d->refused < WORKSPACE_RULES)
		workspace_rules_refuse(&change, d->refused);
	if (workspace_rules_is_git(d->name, strlen(d->name)) && (!d->source_is_there || d->from))
		d->new_git = true;
	*ret_read = d->refused == WORKSPACE_RULES && !lower.is_mount;
	return same && !change.refused ? 0 : walk_entry_add(w, d->parent, &change, err);
}

/* Adds the deletion of what the source has in D and D does not show. */
static int read_hidden(struct walker *w, const struct walk_place *place, struct nacre_error *err)
{
	const struct walk_directory *d = place->directory;
	const char **names = NULL;
	size_t n = 0, at = 0;
	int r;

	if (!d->hidden || place->source_fd < 0)
		return 0;
	r = walk_names(w->arena, place->source_fd, &names, &n, err);
	if (r < 0)
		return fail_prefix(err, "the source");
	for (size_t i = 0; i < n; i++) {
		struct walk_lower lower;

		while (at < d->n && strcmp(d->names[at], names[i]) < 0)
			at++;
		if (at < d->n && !strcmp(d->names[at], names[i]))
			continue;
		r = walk_entry_lower(w, place, names[i], &lower, err);
		if (r == 0 && lower.is_there)
			r = walk_entry_deleted(w, place, names[i], &lower, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_place(
	struct walker *w, struct walk_directory *d, struct walk_place *ret, struct nacre_error *err)
{
	struct statx stx;

	*ret = (struct walk_place){.directory = d, .upper_fd = -1, .source_fd = -1};
	ret->upper_fd = walk_open(w->walk->upper_fd, d->path, O_RDONLY | O_DIRECTORY);
	if (ret->upper_fd < 0)
		return walk_fail(err, ret->upper_fd, "open", d->path);
	if (!d->source_is_there)
		return 0;
	ret->source_fd = walk_open(w->walk->source_fd, d->source, O_RDONLY | O_DIRECTORY);
	if (is_gone(ret->source_fd)) {
		d->conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	if (ret->source_fd < 0)
		return walk_fail(err, ret->source_fd, "the source: open", d->source);
	if (statx(ret->source_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return walk_fail(err, errno, "the source: stat", d->source);
	ret->source_is_late = workspace_walk_is_late(w->walk, &stx.stx_ctime);
	return 0;
}

static void close_place(struct walk_place *place)
{
	fd_close(&place->upper_fd);
	fd_close(&place->source_fd);
}

static int read_place(struct walker *w, struct walk_directory *d, struct walk_place *place,
	struct nacre_error *err)
{
	bool is_repository, is_new;
	int r = find_repository(w, place, &is_repository, &is_new, err);

	if (r < 0)
		return r;
	if (is_repository) {
		d->below_repository = *d->path ? strlen(d->path) + 1 : 0;
		d->new_repository = is_new;
	}
	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = walk_entry_read(w, place, d->names[i], err);
	return r < 0 ? r : read_hidden(w, place, err);
}

static int read_directory(struct walker *w, struct walk_directory *d, struct nacre_error *err)
{
	struct walk_place parent = {.upper_fd = -1, .source_fd = -1}, place = parent;
	bool read = true;
	int r = 0;

	inherit(d);
	if (d->parent) {
		r = open_place(w, d->parent, &parent, err);
		if (r == 0)
			r = read_own_entry(w, d, &parent, &read, err);
	} else {
		d->source_is_there = true;
	}
	if (r == 0 && read)
		r = open_place(w, d, &place, err);
	if (r == 0 && read)
		r = read_place(w, d, &place, err);
	close_place(&parent);
	close_place(&place);
	return r;
}

static void finish(struct walker *w, struct workspace_changes *ret_changes)
{
	w->clock_was_set_back |= place_now(CLOCK_REALTIME) < w->walk->created;
	for (size_t i = 0; i < w->n && w->clock_was_set_back; i++)
		if (w->items[i].kind != WORKSPACE_ADDED && !w->items[i].conflict)
			w->items[i].conflict = WORKSPACE_CONFLICT_CLOCK;
	*ret_changes = (struct workspace_changes){w->items, w->n};
	workspace_changes_sort(ret_changes);
}

int workspace_walk(struct arena *arena, const struct workspace_walk *walk,
	struct workspace_changes *ret_changes, struct nacre_error *err)
{
	struct workspace_walk own = *walk;
	struct walker w = {.arena = arena, .walk = &own};
	struct oci_strings targets = {NULL, 0};
	int r = check_caller(walk, err);

	own.targets = &targets;
	if (r == 0)
		r = walk_targets_find(arena, walk, &targets, err);
	if (r == 0)
		r = walk_tree_read(arena, walk, &w.tree, err);
	for (struct walk_directory *d = w.tree.first; r == 0 && d; d = d->next)
		r = read_directory(&w, d, err);
	if (r < 0)
		return r;
	finish(&w, ret_changes);
	return 0;
}
