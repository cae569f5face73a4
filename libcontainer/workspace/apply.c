/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/store.h"

enum {
	BATCH = 128, /* each file of one is open */
};

/* One apply. */
struct run {
	struct apply_request *request;
	struct apply_place place;
	struct apply_journal journal; /* none before the first step */
	struct apply_item items[BATCH];
	size_t n;
};

static void refuse(struct apply_place *p, struct apply_item *item, enum apply_outcome outcome,
	const char *format, va_list args)
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
	(void)fail_errno(&err, r, "%s", what ? what : "apply");
	apply_refuse(p, item, APPLY_REFUSED, "%s", err.text);
}

/* --- a batch --- */

static int write_steps(struct run *run, struct nacre_error *err)
{
	int r = 0;

	if (run->journal.dir_fd < 0)
		r = apply_journal_make(run->request->arena, run->place.dir_fd, run->place.source_fd,
			&run->journal, err);
	for (size_t i = 0; r == 0 && i < run->n; i++)
		if (run->items[i].pending &&
			apply_journal_add(&run->journal, &run->items[i].step) < 0)
			r = fail_errno(err, ENOMEM, "journal");
	return r < 0 ? r : apply_journal_flush(&run->journal, err);
}

/* What was copied for undo goes from the source. */
static int remove_copied(struct run *run, const struct apply_item *item)
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

static int settle(struct run *run, struct nacre_error *err)
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

static int commit_batch(struct run *run, struct nacre_error *err)
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

static int finish_batch(struct run *run, struct nacre_error *err)
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

/* Whether its directory would be there by now if this were no dry run. */
static bool below_new(const struct run *run, const char *path)
{
	const struct workspace_changes *changes = run->request->changes;

	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].type == WORKSPACE_DIRECTORY &&
			changes->items[i].kind != WORKSPACE_DELETED &&
			changes->items[i].kind != WORKSPACE_MODIFIED &&
			run->request->results[i].outcome == APPLY_DONE &&
			strcmp(path, changes->items[i].path) != 0 &&
			place_within(path, changes->items[i].path))
			return true;
	return false;
}

/* MODE_ALONE: of a directory that was made, and is full by now. */
static int take(struct run *run, size_t index, bool mode_alone, struct nacre_error *err)
{
	struct apply_request *request = run->request;
	struct apply_item *item = &run->items[run->n++];

	*item = (struct apply_item){.change = &request->changes->items[index],
		.result = &request->results[index],
		.forced = request->forced[index] || mode_alone,
		.mode_alone = mode_alone,
		.fd = -1,
		.pending = true};
	if (request->dry_run && below_new(run, item->change->path))
		item->result->outcome = APPLY_DONE, item->pending = false;
	else
		apply_prepare(&run->place, item);
	return run->n == BATCH ? finish_batch(run, err) : 0;
}

/* --- the order --- */

/* Whether it is to be done; says why not. */
static bool is_open(struct run *run, size_t index)
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
	return result->outcome == APPLY_LEFT;
}

static bool is_directory(const struct workspace_change *change)
{
	return change->type == WORKSPACE_DIRECTORY && change->kind != WORKSPACE_DELETED;
}

static bool above_rename(const struct run *run, const char *path)
{
	const struct workspace_changes *changes = run->request->changes;

	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].kind == WORKSPACE_RENAMED &&
			place_within(changes->items[i].path, path))
			return true;
	return false;
}

/* Whether what lies below the old path of a rename has a rename of its own that was not done: it
 * would not be found any more. */
static bool must_wait(const struct run *run, const struct workspace_change *change)
{
	const struct workspace_changes *changes = run->request->changes;

	for (size_t i = 0; i < changes->n; i++) {
		const struct workspace_change *other = &changes->items[i];

		if (other != change && other->kind == WORKSPACE_RENAMED &&
			run->request->results[i].outcome != APPLY_DONE &&
			place_within(other->from, change->from))
			return true;
	}
	return false;
}

static bool is_there(const struct run *run, const char *path)
{
	const char *name;
	cleanup_close int fd = place_open(run->place.source_fd, path, &name);
	struct place_object object;

	return fd >= 0 && place_look(fd, name, &object) == 0 && object.mode;
}

/* Renames come first, since what was changed below their new paths is told by those; and before
 * them the new directories that they lead into. One leads to a name that another takes away: in as
 * many turns as it takes. */
static int apply_renames(struct run *run, struct nacre_error *err)
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

			if (!rename && !(change->kind == WORKSPACE_ADDED && is_directory(change)))
				continue;
			if (!is_open(run, i) || (!rename && !above_rename(run, change->path)))
				continue;
			if (rename && !last &&
				(must_wait(run, change) || is_there(run, change->path)))
				continue;
			if (rename && must_wait(run, change)) {
				run->request->results[i] = (struct apply_result){APPLY_REFUSED,
					"a directory that was in it was renamed too, and that is "
					"not "
					"applied"};
				continue;
			}
			r = take(run, i, false, err);
			if (r == 0)
				r = finish_batch(run, err);
			progress = true;
		}
		if (run->request->dry_run)
			break;
	}
	return r;
}

static int apply_those(struct run *run, bool (*chosen)(const struct workspace_change *change),
	struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->request->changes->n; i++)
		if (chosen(&run->request->changes->items[i]) && is_open(run, i))
			r = take(run, i, false, err);
	return r < 0 ? r : finish_batch(run, err);
}

static bool goes(const struct workspace_change *change)
{
	return change->kind == WORKSPACE_DELETED;
}

/* A directory whose owner may not write to it is filled before it is so. */
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

static int shut_directories(struct run *run, struct nacre_error *err)
{
	const struct workspace_changes *changes = run->request->changes;
	int r = 0;

	for (size_t i = changes->n; r == 0 && i-- > 0;)
		if (is_directory(&changes->items[i]) &&
			(is_shut(&changes->items[i]) ||
				changes->items[i].kind == WORKSPACE_RENAMED) &&
			(is_open(run, i) || run->request->results[i].outcome == APPLY_DONE))
			r = take(run, i, true, err);
	return r < 0 ? r : finish_batch(run, err);
}

static int apply_all(struct run *run, struct nacre_error *err)
{
	int r = apply_renames(run, err);

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
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return fail_errno(err, ENOMEM, "apply");
	run->request = request;
	run->place = (struct apply_place){request->arena, request->dir_fd, request->upper_fd,
		request->source_fd, request->user_xattr, request->created,
		apply_now(CLOCK_REALTIME_COARSE)};
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
