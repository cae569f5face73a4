/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/apply.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"

static const struct workspace_change *rename_at(const struct apply_batch *run, size_t i)
{
	return &run->request->changes->items[run->renames[i]];
}

static bool is_done(const struct apply_batch *run, size_t i)
{
	return run->request->results[run->renames[i]].outcome == APPLY_DONE;
}

/* Whether PATH, to be removed with all in it, still has a directory whose rename is not done. */
static bool takes_renamed(const struct apply_batch *run, const char *path)
{
	char from[PATH_MAX];

	for (size_t i = 0; i < run->n_renames; i++)
		if (!is_done(run, i) && (!apply_batch_from(run, rename_at(run, i), from) ||
						place_within(from, path)))
			return true;
	return false;
}

/* Whether the change is still to be applied; if it may not, sets the reason. */
static bool is_open(struct apply_batch *run, size_t index)
{
	struct apply_request *request = run->request;
	const struct workspace_change *change = &request->changes->items[index];
	struct apply_result *result = &request->results[index];

	if (!request->wanted[index] || result->outcome != APPLY_LEFT)
		return false;
	if (change->refused && !(change->named && request->named[index]))
		*result = (struct apply_result){APPLY_REFUSED, change->refused};
	else if (change->conflict && !request->forced[index])
		*result = (struct apply_result){APPLY_CONFLICT, change->conflict};
	else if ((change->kind == WORKSPACE_DELETED || change->kind == WORKSPACE_REPLACED) &&
		 takes_renamed(run, change->path))
		*result = (struct apply_result){APPLY_REFUSED,
			"a directory that was in it was renamed, and that is not applied"};
	return result->outcome == APPLY_LEFT;
}

static bool is_directory(const struct workspace_change *change)
{
	return change->type == WORKSPACE_DIRECTORY && change->kind != WORKSPACE_DELETED;
}

static bool above_rename(const struct apply_batch *run, const char *path)
{
	for (size_t i = 0; i < run->n_renames; i++)
		if (place_within(rename_at(run, i)->path, path))
			return true;
	return false;
}

/* Whether a directory below the old path of CHANGE has a rename of its own that is not done. It
 * would not be found any more, unless it goes with this one, to be renamed there. */
static bool must_wait(const struct apply_batch *run, const struct workspace_change *change)
{
	for (size_t i = 0; i < run->n_renames; i++) {
		const struct workspace_change *other = rename_at(run, i);

		if (other != change && !is_done(run, i) &&
			place_within(other->from, change->from) &&
			!place_within(other->path, change->path))
			return true;
	}
	return false;
}

/* Whether a rename is still to come that brings the directory of PATH, or takes away what is at
 * PATH or above it now. */
static bool has_no_place(const struct apply_batch *run, const char *path)
{
	char from[PATH_MAX];

	for (size_t i = 0; i < run->n_renames; i++) {
		const struct workspace_change *other = rename_at(run, i);

		if (is_done(run, i))
			continue;
		if (strcmp(path, other->path) != 0 && place_within(path, other->path))
			return true;
		if (apply_batch_from(run, other, from) && place_within(path, from))
			return true;
	}
	return false;
}

/* Whether the change is still to be applied, once the renames are done. Where one is not, the
 * source has another directory at that path than the container had, and the change would come to
 * that. */
static bool is_placed(struct apply_batch *run, size_t index)
{
	if (!is_open(run, index))
		return false;
	if (has_no_place(run, run->request->changes->items[index].path))
		run->request->results[index] = (struct apply_result){APPLY_REFUSED,
			"a directory on its path was renamed, and that is not applied"};
	return run->request->results[index].outcome == APPLY_LEFT;
}

static bool is_there(const struct apply_batch *run, const char *path)
{
	const char *name;
	cleanup_close int fd = place_open(run->place.source_fd, path, &name);
	struct place_object object;

	return fd >= 0 && place_look(fd, name, &object) == 0 && object.mode &&
	       !apply_batch_takes_away(run, path);
}

/* Applies the rename at INDEX, or sets the reason why not. Does nothing if it has to wait for
 * another, unless LAST. */
static int apply_rename(struct apply_batch *run, size_t index, bool last, struct nacre_error *err)
{
	const struct workspace_change *change = &run->request->changes->items[index];
	struct apply_result *result = &run->request->results[index];
	bool waits = must_wait(run, change), there = is_there(run, change->path);
	bool no_place = has_no_place(run, change->path);
	int r = 0;

	if ((waits || there || no_place) && !last)
		return 0;
	if (waits)
		*result = (struct apply_result){APPLY_REFUSED,
			"a directory that was in it was renamed too, and that is not applied"};
	else if (no_place)
		*result = (struct apply_result){APPLY_REFUSED,
			"what its new path leads to was renamed too, and that is not applied"};
	else if (there && takes_renamed(run, change->path))
		*result = (struct apply_result){
			APPLY_REFUSED, "what it replaces was renamed too, and that is not applied"};
	else if (there)
		apply_batch_clear(run, index);
	if (is_open(run, index))
		r = apply_batch_take(run, index, false, err);
	return r < 0 ? r : apply_batch_finish(run, err);
}

/* Applies renames first, since changes below them have their new paths, and before them the new
 * directories that they lead into. A rename may lead to a name that another takes away, or into a
 * directory that another brings: tries all again until none makes progress. */
static int apply_renames(struct apply_batch *run, struct nacre_error *err)
{
	const struct workspace_changes *changes = run->request->changes;
	bool last = false, progress = true;
	int r = 0;

	while (r == 0 && (progress || !last)) {
		last = !progress; /* now for the reasons why not */
		progress = false;
		for (size_t i = 0; r == 0 && i < changes->n; i++) {
			const struct workspace_change *change = &changes->items[i];
			bool rename = change->kind == WORKSPACE_RENAMED;

			if (!rename && !(change->kind == WORKSPACE_ADDED && is_directory(change) &&
					       above_rename(run, change->path)))
				continue;
			if (!is_open(run, i) ||
				(!rename && !last && has_no_place(run, change->path)))
				continue;
			if (rename)
				r = apply_rename(run, i, last, err);
			else if (is_placed(run, i) &&
				 (r = apply_batch_take(run, i, false, err)) == 0)
				r = apply_batch_finish(run, err);
			progress |= run->request->results[i].outcome != APPLY_LEFT;
		}
	}
	return r;
}

static int apply_those(struct apply_batch *run,
	bool (*chosen)(const struct workspace_change *change), struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->request->changes->n; i++)
		if (chosen(&run->request->changes->items[i]) && is_placed(run, i))
			r = apply_batch_take(run, i, false, err);
	return r < 0 ? r : apply_batch_finish(run, err);
}

static bool goes(const struct workspace_change *change)
{
	return change->kind == WORKSPACE_DELETED;
}

/* Whether the owner may not write to a directory: it gets that mode after its content. */
static bool is_shut(const struct workspace_change *change)
{
	return (change->mode & 0700) != 0700;
}

static bool is_open_directory(const struct workspace_change *change)
{
	return is_directory(change) && !(change->kind == WORKSPACE_MODIFIED && is_shut(change));
}

static bool is_content(const struct workspace_change *change)
{
	return !is_directory(change) && change->kind != WORKSPACE_DELETED;
}

static int shut_directories(struct apply_batch *run, struct nacre_error *err)
{
	const struct workspace_changes *changes = run->request->changes;
	int r = 0;

	for (size_t i = changes->n; r == 0 && i-- > 0;)
		if (is_directory(&changes->items[i]) &&
			(is_shut(&changes->items[i]) ||
				changes->items[i].kind == WORKSPACE_RENAMED) &&
			(run->request->results[i].outcome == APPLY_DONE || is_placed(run, i)))
			r = apply_batch_take(run, i, true, err);
	return r < 0 ? r : apply_batch_finish(run, err);
}

static int find_renames(struct apply_batch *run, struct nacre_error *err)
{
	const struct workspace_changes *changes = run->request->changes;
	size_t *found = arena_array(run->request->arena, changes->n + 1, sizeof(*found));

	if (!found)
		return arena_fail(run->request->arena, "changes of a workspace", err);
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].kind == WORKSPACE_RENAMED)
			found[run->n_renames++] = i;
	run->renames = found;
	return 0;
}

static int apply_all(struct apply_batch *run, struct nacre_error *err)
{
	int r = find_renames(run, err);

	if (r == 0)
		r = apply_renames(run, err);

	if (r == 0)
		r = apply_those(run, goes, err);
	if (r == 0)
		r = apply_those(run, is_open_directory, err);
	if (r == 0)
		r = apply_those(run, is_content, err);
	if (r == 0 && !run->request->dry_run)
		r = shut_directories(run, err);
	return r;
}

int apply_run(struct apply_request *request, struct nacre_error *err)
{
	struct apply_batch *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return fail_errno(err, ENOMEM, "apply");
	run->request = request;
	run->limit = apply_batch_limit();
	run->place = (struct apply_place){request->arena, request->dir_fd, request->upper_fd,
		request->source_fd, request->user_xattr, request->created, 0};
	for (size_t i = 0; i < request->changes->n; i++)
		run->n_wanted += request->wanted[i];
	apply_journal_init(&run->journal);
	r = apply_all(run, err);
	if (r == 0 && run->journal.dir_fd >= 0)
		r = apply_sync(&run->place, &run->journal, err);
	if (r == 0 && run->journal.dir_fd >= 0)
		r = apply_end(&run->place, &run->journal, err);
	for (size_t i = 0; i < run->n; i++)
		fd_close(&run->items[i].fd);
	apply_journal_done(&run->journal);
	free(run);
	return r;
}
