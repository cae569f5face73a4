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
#include "libcontainer/workspace/copy.h"
#include "libcontainer/workspace/store.h"

enum {
	COPIED_MAX = 256, /* taken out of the source and not removed there yet */
};

/* Where what is taken out of the source goes. */
static int open_taken(const struct apply_place *p, struct undo_step *u)
{
	if (p->upper_fd >= 0) {
		u->taken_fd = place_open(p->upper_fd, u->step->path, &u->taken_name);
		return u->taken_fd < 0 ? u->taken_fd : 0;
	}
	(void)snprintf(u->lost, sizeof(u->lost), "%s.new", u->number);
	u->taken_name = u->lost;
	u->taken_fd = fcntl(u->journal->dir_fd, F_DUPFD_CLOEXEC, 0);
	return u->taken_fd < 0 ? -errno : 0;
}

int undo_open(const struct apply_place *p, const struct apply_journal *j,
	const struct apply_step *step, struct undo_step *u)
{
	const bool content = step->action == APPLY_FILE || step->action == APPLY_SYMLINK;
	int near = place_is_near(p->upper_fd < 0 ? j->dir_fd : p->upper_fd, p->source_fd), r;

	*u = (struct undo_step){.step = step, .journal = j, .taken_fd = -1, .pair = {.dir_fd = -1}};
	if (near < 0)
		return near;
	(void)snprintf(u->number, sizeof(u->number), "%u", step->number);
	apply_part(j, step, u->part);
	u->pair.dir_fd = place_open(p->source_fd, step->path, &u->pair.name);
	/* What is to go went with its directory. */
	if ((u->pair.dir_fd == -ENOENT || u->pair.dir_fd == -ENOTDIR) &&
		(!step->old.mode || step->action == APPLY_MODE))
		return 1;
	if (u->pair.dir_fd < 0)
		return u->pair.dir_fd;
	r = content || step->action == APPLY_DELETE ? open_taken(p, u) : 0;
	/* A deletion takes nothing, mostly. */
	if (r < 0 && content)
		return r;
	u->far = apply_journal_spare(j, step, u->pair.dir_fd, &u->pair.spare_fd, u->spare);
	u->pair.spare = u->spare;
	u->pair.nothing = !step->old.mode;
	u->copies = !near;
	u->moves = near && !u->far && content;
	if (u->moves) {
		u->pair.spare_fd = u->taken_fd;
		u->pair.spare = u->taken_name;
	}
	return 0;
}

void undo_close(struct undo_step *u)
{
	fd_close(&u->pair.dir_fd);
	fd_close(&u->taken_fd);
}

static int move(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

int undo_take(const struct undo_step *u)
{
	if (u->moves)
		return 0;
	if (u->step->action == APPLY_DIRECTORY)
		return unlinkat(u->pair.spare_fd, u->spare, AT_REMOVEDIR) < 0 ? -errno : 0;
	return move(u->pair.spare_fd, u->spare, u->taken_fd, u->taken_name);
}

/* What can fail for want of space comes before the swap: as in apply_commit.c. */
static int bring(struct undo_step *u)
{
	const bool old = u->step->old.mode != 0;
	int64_t ignored;
	int r = 0;

	if (u->copies && u->pair.expected.mode && u->step->action != APPLY_DIRECTORY) {
		r = apply_copy(u->part, u->pair.dir_fd, u->pair.name, u->taken_fd, u->taken_name,
			&u->copied);
		if (r < 0)
			u->copied = 0;
	}
	if (r == 0 && u->far && old)
		r = apply_copy(u->part, u->journal->dir_fd, u->number, u->pair.spare_fd, u->spare,
			&ignored);
	if (r == 0 && u->moves && old)
		r = move(u->journal->dir_fd, u->number, u->taken_fd, u->taken_name);
	return r;
}

int undo_take_back(const struct undo_step *u)
{
	const bool old = u->step->old.mode != 0;
	struct nacre_error ignored;
	struct place_object there;
	int r = 0;

	if (u->moves) {
		r = place_look(u->taken_fd, u->taken_name, &there);
		if (r == 0 && old && place_same(&there, &u->step->old))
			r = move(u->taken_fd, u->taken_name, u->journal->dir_fd, u->number);
		return r;
	}
	/* It had left the upper: what is there is that copy. */
	if (u->copies && u->taken_fd >= 0 && u->step->action != APPLY_DELETE) {
		r = workspace_remove_tree(u->taken_fd, u->part, &ignored);
		if (r == 0)
			r = workspace_remove_tree(u->taken_fd, u->taken_name, &ignored);
	}
	if (r == 0 && u->far && old)
		r = workspace_remove_tree(u->pair.spare_fd, u->part, &ignored);
	if (r == 0 && u->far && old)
		r = workspace_remove_tree(u->pair.spare_fd, u->spare, &ignored);
	return r;
}

static int undo_swap(const struct apply_place *p, struct undo_step *u)
{
	struct place_object *expected = &u->pair.expected;
	int r = 0;

	if (u->step->action != APPLY_DELETE)
		*expected = u->step->new;
	if (u->forced)
		r = place_look(u->pair.dir_fd, u->pair.name, expected);
	if (r < 0 || (u->pair.nothing && !expected->mode))
		return r;
	u->taken = *expected;
	r = bring(u);
	if (r == 0)
		r = place_swap(&u->pair);
	if (r == -ENOTUNIQ)
		return r;
	if (r == 0 && expected->mode && !u->copied) {
		r = undo_take(u);
		if (r < 0 && place_swap_back(&u->pair) < 0)
			return -ENOTUNIQ;
	}
	if (r < 0) {
		(void)undo_take_back(u);
		u->copied = 0;
	}
	/* Without the mark the source shows through, which is right, too. */
	else if (u->step->action == APPLY_DELETE && !expected->mode)
		(void)apply_mark_upper(p, u->step);
	return r;
}

static int undo_mode(const struct undo_step *u)
{
	cleanup_close int fd = place_open_entry(u->pair.dir_fd, u->pair.name, O_PATH | O_DIRECTORY);
	struct place_object now;
	char path[32];
	int r = fd < 0 ? fd : place_look_fd(fd, &now);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!place_same(&now, &u->step->new) || (now.mode != u->step->new.mode && !u->forced))
		return -ESTALE;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, u->step->old.mode & 07777) < 0 ? -errno : 0;
}

static int undo_rename(const struct apply_place *p, struct undo_step *u)
{
	const char *from;
	cleanup_close int from_fd = place_open(p->source_fd, u->step->from, &from);
	struct place_object now;
	int r = from_fd < 0 ? from_fd : place_look(u->pair.dir_fd, u->pair.name, &now);

	if (r < 0)
		return r;
	if (!place_same(&now, &u->step->new))
		return -ESTALE;
	if (renameat2(u->pair.dir_fd, u->pair.name, from_fd, from, RENAME_NOREPLACE) < 0)
		return errno == EEXIST || errno == ENOENT ? -ESTALE : -errno;
	r = apply_mark_upper(p, u->step);
	if (r < 0 && renameat2(from_fd, from, u->pair.dir_fd, u->pair.name, RENAME_NOREPLACE) < 0)
		return -ENOTUNIQ;
	return r;
}

static int undo_step(const struct apply_place *p, struct undo_step *u)
{
	struct place_object now;
	int r;

	if (u->step->action == APPLY_MODE)
		return undo_mode(u);
	if (u->step->action == APPLY_RENAME)
		return undo_rename(p, u);
	if (u->step->action != APPLY_DIRECTORY || u->step->old.mode)
		return undo_swap(p, u);
	/* A directory that was made goes if there is nothing in it. */
	r = place_look(u->pair.dir_fd, u->pair.name, &now);
	if (r < 0 || !now.mode)
		return r;
	if (!place_same(&now, &u->step->new))
		return -ESTALE;
	return unlinkat(u->pair.dir_fd, u->pair.name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static void report(struct undo_entry *entry, struct arena *arena, int r)
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
		(void)fail_errno(&err, r, "undo");
		entry->result.outcome = APPLY_REFUSED;
		entry->result.reason = arena_strdup(arena, err.text) ?: "out of memory";
	}
}

static bool is_forced(const struct undo_request *request, const char *path)
{
	for (size_t i = 0; request->force && request->force[i]; i++)
		if (place_within(path, request->force[i]))
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

/* What was copied into the upper, of the first N steps, goes from the source. */
static int remove_taken(const struct apply_place *p, const struct apply_journal *j,
	struct undo_step *steps, size_t n, struct nacre_error *err)
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
			(void)apply_remove_copied(steps[i].pair.spare_fd, steps[i].spare,
				&steps[i].taken, steps[i].copied);
		steps[i].copied = 0;
		undo_close(&steps[i]);
	}
	return r;
}

/* Whether something that was put into a renamed directory is still there: its path would be
 * another. */
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
	size_t copied = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->n; i++) {
		struct undo_step *u = &steps[i];
		int done;

		/* A directory must be empty; and each of them holds an fd. */
		if (copied == COPIED_MAX || u->step->action == APPLY_DIRECTORY) {
			r = remove_taken(p, j, steps, i, err);
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
		report(&request->entries[i], request->arena, done);
		u->done = done == 0;
		copied += u->copied != 0;
		if (!u->copied)
			undo_close(u);
	}
	return r < 0 ? r : remove_taken(p, j, steps, request->n, err);
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
	r = apply_journal_flush(j, err);
	if (r == 0)
		r = undo_each(request, p, j, steps, err);
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
		request->source_fd, request->user_xattr, 0, apply_now(CLOCK_REALTIME_COARSE)};
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
