/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/store.h"

static void report(struct undo_entry *entry, struct arena *arena, int r, const struct undo_step *u)
{
	struct nacre_error err;

	entry->result.outcome = APPLY_CONFLICT;
	if (r == 0)
		entry->result.outcome = APPLY_DONE;
	else if (r == -ESTALE)
		entry->result.reason = "it was changed since the apply";
	else if (r == -ENOTEMPTY || r == -EEXIST)
		entry->result.reason = "there is more in it than the apply had put there";
	else if (r == -ENOENT)
		entry->result.reason = "its directory is gone from the source";
	else if (r == -ELOOP || r == -ENOTDIR || r == -EXDEV)
		entry->result.reason = "a symlink, a file or a mount is on the way to it";
	else {
		(void)fail_errno(&err, r, "%s", apply_what_failed(r, u->in_workspace, "undo"));
		entry->result.outcome = APPLY_REFUSED;
		entry->result.reason = arena_strdup(arena, err.text) ?: "out of memory";
	}
}

static bool is_forced(const struct undo_request *request, const char *path)
{
	for (size_t i = 0; request->force && request->force[i]; i++)
		if (!*request->force[i] || place_within(path, request->force[i]))
			return true;
	return false;
}

/* Whether an undo would find what it expects. */
static int look_only(const struct undo_step *u)
{
	struct place_object now;
	int r = place_look(u->pair.dir_fd, u->pair.name, &now);

	if (r < 0 || u->forced)
		return r;
	if (u->step->action == APPLY_DELETE)
		return now.mode ? -ESTALE : 0;
	if (!place_same(&now, &u->step->new))
		return -ESTALE;
	return S_ISDIR(now.mode) || now.ctime == u->step->new.ctime ? 0 : -ESTALE;
}

/* Removes from the source what the first N steps have copied into the upper. */
static int remove_taken(struct undo_request *request, const struct apply_place *p,
	const struct apply_journal *j, struct undo_step *steps, size_t n, struct nacre_error *err)
{
	bool any = false;
	int r;

	for (size_t i = 0; i < n; i++)
		any |= steps[i].copied != 0;
	r = any ? apply_sync(p, j, err) : 0;
	if (r == 0 && any && p->upper_fd >= 0) {
		cleanup_close int fd = place_open_entry(p->upper_fd, ".", O_RDONLY | O_DIRECTORY);

		r = fd < 0 || syncfs(fd) < 0
			    ? fail_errno(err, fd < 0 ? fd : errno, "sync the upper")
			    : 0;
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		if (steps[i].copied)
			r = apply_remove_copied(steps[i].pair.spare_fd, steps[i].spare,
				&steps[i].taken, steps[i].copied);
		steps[i].copied = 0;
		undo_close(&steps[i]);
		if (r == -ESTALE)
			request->entries[i].result.reason =
				"what was there was written to meanwhile, and is beside it too: "
				"\".nacre-...\"";
		else if (r < 0)
			return fail_errno(
				err, r, "remove what was at \"%s\" before", steps[i].step->path);
		r = 0;
	}
	return r;
}

/* Whether something below a renamed directory is not undone yet: its path would be another. */
static bool is_needed(const struct undo_step *steps, size_t n, const struct apply_step *rename)
{
	for (size_t i = 0; i < n; i++)
		if (!steps[i].done && place_within(steps[i].step->path, rename->path))
			return true;
	return false;
}

static int undo_each(struct undo_request *request, const struct apply_place *p,
	struct apply_journal *j, struct undo_step *steps, struct nacre_error *err)
{
	const size_t copied_max = apply_batch_limit() / 2; /* two fds each */
	size_t copied = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n; i++) {
		struct undo_step *u = &steps[i];
		int done;

		/* Removes what was copied first: a directory must be empty, what lies below a
		 * rename is found by its path only until the rename is undone, and each copy holds
		 * fds. */
		if (copied >= copied_max || u->step->action == APPLY_DIRECTORY ||
			u->step->action == APPLY_RENAME) {
			r = remove_taken(request, p, j, steps, i, err);
			copied = 0;
		}
		if (r < 0)
			break;
		done = undo_open(p, j, u->step, u);
		if (done == 0 && u->step->action == APPLY_RENAME && is_needed(steps, i, u->step))
			done = -ENOTEMPTY;
		u->forced = is_forced(request, u->step->path);
		if (done == 0)
			done = request->dry_run ? look_only(u) : undo_step(p, u);
		else if (done == 1)
			done = 0;
		report(&request->entries[i], request->arena, done, u);
		u->done = done == 0;
		copied += u->copied != 0;
		if (!u->copied)
			undo_close(u);
	}
	return r < 0 ? r : remove_taken(request, p, j, steps, request->n, err);
}

static int undo_all(struct undo_request *request, const struct apply_place *p,
	struct apply_journal *j, struct undo_step *steps, struct nacre_error *err)
{
	int r;

	for (size_t i = 0; i < request->n; i++) {
		steps[i].pair.dir_fd = steps[i].taken_fd = -1;
		if (!request->dry_run)
			apply_journal_mark(j, "undo", steps[i].step);
	}
	/* Kept while steps write lines of their own. */
	j->room = request->dry_run ? 0 : request->n * APPLY_UNDONE_ROOM;
	r = apply_journal_flush(j, err);
	if (r == 0)
		r = undo_each(request, p, j, steps, err);
	j->room = 0;
	if (r == 0 && !request->dry_run)
		r = apply_sync(p, j, err);
	for (size_t i = 0; i < request->n; i++)
		undo_close(&steps[i]);
	for (size_t i = 0; r == 0 && i < request->n && !request->dry_run; i++) {
		apply_journal_mark(j, steps[i].done ? "undone" : "kept", steps[i].step);
		j->steps[steps[i].step->number].undone = steps[i].done;
	}
	return r < 0 ? r : apply_journal_flush(j, err);
}

int undo_end(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->steps[i].done && !j->steps[i].undone)
			return 0;
	return workspace_remove_tree(p->dir_fd, APPLY_UNDO, err);
}

static int undo_journal(struct undo_request *request, const struct apply_place *p,
	struct apply_journal *j, struct nacre_error *err)
{
	cleanup_free struct undo_step *steps = calloc(j->n + 1, sizeof(*steps));
	int r;

	request->entries = calloc(j->n + 1, sizeof(*request->entries));
	if (!steps || !request->entries)
		return fail_errno(err, ENOMEM, "undo");
	for (size_t i = j->n; i-- > 0;)
		if (j->steps[i].done && !j->steps[i].undone) {
			steps[request->n].step = &j->steps[i];
			request->entries[request->n++].path = j->steps[i].path;
		}
	r = undo_all(request, p, j, steps, err);
	return r < 0 || request->dry_run ? r : undo_end(p, j, err);
}

int undo_run(struct undo_request *request, struct nacre_error *err)
{
	const struct apply_place place = {request->arena, request->dir_fd, request->upper_fd,
		request->source_fd, request->user_xattr, 0, 0};
	struct apply_journal j;
	int r = apply_journal_open(request->arena, request->dir_fd, APPLY_UNDO, &j, err);

	request->entries = NULL;
	request->n = 0;
	if (r == 0)
		r = undo_journal(request, &place, &j, err);
	else if (r == -ENOENT)
		r = fail(err, ENOENT, "there is no apply to undo");
	apply_journal_done(&j);
	return r;
}
