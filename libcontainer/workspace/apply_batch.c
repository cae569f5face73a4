/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"

size_t apply_batch_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / 2 >= APPLY_BATCH)
		return APPLY_BATCH;
	/* A part of the fds is for the files, the rest for what is open beside them. */
	return files.rlim_cur / 4 + 1;
}

__attribute__((format(printf, 4, 0))) static void refuse(struct apply_place *p,
	struct apply_item *item, enum apply_outcome outcome, const char *format, va_list args)
{
	char text[512];
	const char *reason;

	(void)vsnprintf(text, sizeof(text), format, args);
	reason = arena_strdup(p->arena, text);
	*item->result = (struct apply_result){outcome, reason ? reason : "out of memory"};
	item->pending = false;
}

void apply_refuse(struct apply_place *p, struct apply_item *item, enum apply_outcome outcome,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse(p, item, outcome, format, args);
	va_end(args);
}

const char *apply_what_failed(int r, bool in_workspace, const char *what)
{
	if (r != -ENOSPC && r != -EDQUOT)
		return what;
	return in_workspace ? "write to the workspace" : "write to the source";
}

void apply_refuse_errno(struct apply_place *p, struct apply_item *item, int r, const char *what)
{
	struct nacre_error err;

	if (r == -ESTALE) {
		apply_refuse(p, item, APPLY_REFUSED, "it was changed since the diff");
		return;
	}
	if (r == -ELOOP || r == -ENOTDIR || r == -EXDEV) {
		apply_refuse(p, item, APPLY_CONFLICT,
			r == -EXDEV ? "a mount is on the way to it"
				    : "a symlink or a file is on the way to it");
		return;
	}
	(void)fail_errno(&err, r, "%s", apply_what_failed(r, item->in_workspace, what ?: "apply"));
	apply_refuse(p, item, APPLY_REFUSED, "%s", err.text);
}

/* Takes the time from the journal, just made: it is compared with ctimes, so it is one. Since Linux
 * 6.13 a ctime can be finer than CLOCK_REALTIME_COARSE: that of the second change is, since it was
 * looked at between, and so it is later than each ctime of before. */
static int note_time(struct apply_batch *run, struct nacre_error *err)
{
	struct place_object journal;
	int r = place_look_fd(run->journal.dir_fd, &journal);

	if (r == 0 && fchmod(run->journal.dir_fd, 0700) < 0)
		r = -errno;
	if (r == 0)
		r = place_look_fd(run->journal.dir_fd, &journal);
	if (r < 0)
		return fail_errno(err, r, "take the time of the workspace's journal");
	run->place.begun = journal.ctime;
	return 0;
}

static int write_steps(struct apply_batch *run, struct nacre_error *err)
{
	int r = 0;

	if (run->journal.dir_fd < 0) {
		r = apply_journal_make(run->request->arena, run->place.dir_fd, run->place.source_fd,
			&run->journal, err);
		if (r == 0)
			r = note_time(run, err);
	}
	for (size_t i = 0; r == 0 && i < run->n; i++)
		if (run->items[i].pending &&
			apply_journal_add(&run->journal, &run->items[i].step) < 0)
			r = fail_errno(err, ENOMEM, "journal");
	run->journal.room = run->n * APPLY_DONE_ROOM + APPLY_UNDONE_ROOM;
	if (r == 0)
		r = apply_journal_flush(&run->journal, err);
	run->journal.room = 0;
	return r;
}

/* Removes from the source what was copied for undo. */
static int remove_copied(struct apply_batch *run, const struct apply_item *item)
{
	const char *name;
	cleanup_close int dir_fd = place_open(run->place.source_fd, item->step.path, &name);
	char spare[APPLY_TEMPORARY];
	int spare_fd;

	if (dir_fd < 0)
		return dir_fd;
	(void)apply_journal_spare(&run->journal, &item->step, dir_fd, &spare_fd, spare);
	return apply_remove_copied(spare_fd, spare, &item->step.old, item->copied);
}

static int settle(struct apply_batch *run, struct nacre_error *err)
{
	int r;

	for (size_t i = 0; i < run->n; i++) {
		struct apply_item *item = &run->items[i];

		if (!item->pending)
			continue;
		apply_journal_mark(&run->journal, "done", &item->step);
		run->journal.steps[item->step.number].done = true;
		item->result->outcome = APPLY_DONE;
	}
	r = apply_journal_flush(&run->journal, err);
	for (size_t i = 0; r == 0 && i < run->n; i++) {
		struct apply_item *item = &run->items[i];

		if (item->pending && item->copied)
			r = remove_copied(run, item);
		if (r == -ESTALE)
			item->result->reason =
				"what it replaced was written to meanwhile, and is beside it too: "
				"\".nacre-...\"";
		else if (r < 0)
			return fail_errno(err, r, "remove what \"%s\" replaced", item->step.path);
		r = 0;
		if (item->pending)
			r = apply_leave_upper(&run->place, &item->step, err);
	}
	return r;
}

static int commit_batch(struct apply_batch *run, struct nacre_error *err)
{
	int r = apply_sync(&run->place, &run->journal, err);

	if (r == 0)
		r = write_steps(run, err);
	for (size_t i = 0; r == 0 && i < run->n; i++)
		if (run->items[i].pending)
			apply_commit(&run->place, &run->journal, &run->items[i]);
	if (r == 0)
		r = apply_sync(&run->place, &run->journal, err);
	return r < 0 ? r : settle(run, err);
}

int apply_batch_finish(struct apply_batch *run, struct nacre_error *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < run->n; i++) {
		struct apply_item *item = &run->items[i];

		if (item->pending && run->request->dry_run) {
			item->result->outcome = APPLY_DONE;
			item->pending = false;
		}
		any |= item->pending;
	}
	if (any)
		r = commit_batch(run, err);
	for (size_t i = 0; i < run->n; i++)
		fd_close(&run->items[i].fd);
	run->n = 0;
	return r;
}

static int by_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct workspace_change *)item)->path);
}

/* Whether the directory of PATH would exist by now if this were no dry run. */
static bool below_new(const struct apply_batch *run, const char *path)
{
	const struct workspace_changes *changes = run->request->changes;
	char above[PATH_MAX];

	if (snprintf(above, sizeof(above), "%s", path) >= (int)sizeof(above))
		return false;
	for (char *slash = strrchr(above, '/'); slash; slash = strrchr(above, '/')) {
		const struct workspace_change *change;

		*slash = '\0';
		change = bsearch(above, changes->items, changes->n, sizeof(*change), by_path);
		if (change && change->type == WORKSPACE_DIRECTORY &&
			change->kind != WORKSPACE_DELETED && change->kind != WORKSPACE_MODIFIED &&
			run->request->results[change - changes->items].outcome == APPLY_DONE)
			return true;
	}
	return false;
}

bool apply_batch_takes_away(const struct apply_batch *run, const char *path)
{
	for (size_t i = 0; i < run->n_renames; i++)
		if (run->request->dry_run &&
			run->request->results[run->renames[i]].outcome == APPLY_DONE &&
			place_within(path, run->request->changes->items[run->renames[i]].from))
			return true;
	return false;
}

bool apply_batch_from(const struct apply_batch *run, const struct workspace_change *change,
	char ret_from[PATH_MAX])
{
	const struct workspace_change *with = NULL;
	int length;

	for (size_t i = 0; i < run->n_renames; i++) {
		const struct workspace_change *other =
			&run->request->changes->items[run->renames[i]];

		if (other != change &&
			run->request->results[run->renames[i]].outcome == APPLY_DONE &&
			place_within(change->from, other->from) &&
			(!with || place_within(other->from, with->from)))
			with = other;
	}
	length = snprintf(ret_from, PATH_MAX, "%s%s", with ? with->path : "",
		change->from + (with ? strlen(with->from) : 0));
	return length > 0 && length < PATH_MAX;
}

void apply_batch_clear(struct apply_batch *run, size_t index)
{
	struct apply_request *request = run->request;
	struct apply_item *item = &run->items[run->n++];

	*item = (struct apply_item){.change = &request->changes->items[index],
		.result = &request->results[index],
		.forced = request->forced[index],
		.clears = true,
		.fd = -1,
		.pending = true};
	apply_prepare(&run->place, item);
}

static void prepare(struct apply_batch *run, struct apply_item *item)
{
	char from[PATH_MAX];

	item->vacated = apply_batch_takes_away(run, item->change->path);
	item->from = item->change->from;
	/* A dry run has renamed nothing. */
	if (item->from && !run->request->dry_run) {
		if (!apply_batch_from(run, item->change, from))
			return apply_refuse_errno(&run->place, item, -ENAMETOOLONG, NULL);
		item->from = arena_strdup(run->place.arena, from);
		if (!item->from)
			return apply_refuse_errno(&run->place, item, -ENOMEM, NULL);
	}
	apply_prepare(&run->place, item);
}

int apply_batch_take(
	struct apply_batch *run, size_t index, bool mode_alone, struct nacre_error *err)
{
	struct apply_request *request = run->request;
	struct apply_item *cleared = run->n && run->items[run->n - 1].clears
					     ? &run->items[run->n - 1]
					     : NULL;
	struct apply_item *item = &run->items[run->n++];

	*item = (struct apply_item){.change = &request->changes->items[index],
		.result = &request->results[index],
		.cleared = cleared,
		.forced = request->forced[index] || mode_alone,
		.mode_alone = mode_alone,
		.fd = -1,
		.pending = true};
	if (request->dry_run && below_new(run, item->change->path))
		item->result->outcome = APPLY_DONE, item->pending = false;
	else
		prepare(run, item);
	run->n_taken += !mode_alone;
	if (request->progress && !mode_alone)
		request->progress(request->data, run->n_taken, run->n_wanted);
	return run->n >= run->limit ? apply_batch_finish(run, err) : 0;
}
