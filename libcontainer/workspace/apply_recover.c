/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/store.h"

/*
 * Recovers from an interrupted apply. The objects show what became of a step. They are known by
 * inode and time of birth, since their names may be the host's again. A step whose old content was
 * taken out is completed. An earlier one is reverted, and its change is in the upper as it was.
 */

static bool is_link_to(int dir_fd, const char *name, const char *target)
{
	char there[PATH_MAX];
	ssize_t length = readlinkat(dir_fd, name, there, sizeof(there));

	return target && length == (ssize_t)strlen(target) &&
	       memcmp(there, target, (size_t)length) == 0;
}

/* Whether OBJECT, NAME of DIR_FD, is what STEP was to put there. */
static bool is_new(const struct apply_step *step, int dir_fd, const char *name,
	const struct place_object *object)
{
	switch (step->action) {
	case APPLY_FILE:
		return place_same(object, &step->new);
	case APPLY_SYMLINK:
		return S_ISLNK(object->mode) && is_link_to(dir_fd, name, step->target);
	case APPLY_DIRECTORY:
		return S_ISDIR(object->mode) && !place_same(object, &step->old);
	default:
		return !object->mode;
	}
}

/* Completes a step whose old content was taken out. If that lies beside its path, it was copied to
 * the journal before. */
static int finish(const struct apply_journal *j, const struct apply_step *step,
	const struct place_pair *pair, bool far)
{
	if (!far)
		return 0;
	return syncfs(j->dir_fd) < 0 ? -errno
				     : apply_remove(pair->spare_fd, pair->spare, &step->old);
}

static int take_back(const struct apply_journal *j, const struct apply_step *step,
	const struct place_pair *pair, const struct place_object *spare, bool far)
{
	struct nacre_error ignored;
	char number[16], part[APPLY_TEMPORARY];
	int r = 0;

	if (spare->mode && is_new(step, pair->spare_fd, pair->spare, spare))
		r = unlinkat(pair->spare_fd, pair->spare, S_ISDIR(spare->mode) ? AT_REMOVEDIR : 0) <
				    0
			    ? -errno
			    : 0;
	(void)snprintf(number, sizeof(number), "%u", step->number);
	apply_part(j, step, part);
	if (r == 0 && far)
		r = workspace_remove_tree(j->dir_fd, part, &ignored);
	if (r == 0 && far)
		r = workspace_remove_tree(j->dir_fd, number, &ignored);
	return r;
}

/* Returns 1: the step is done, 0: it is as if it had never begun, or -errno. */
static int settle_swap(
	const struct apply_journal *j, struct apply_step *step, int dir_fd, const char *name)
{
	char spare_name[APPLY_TEMPORARY];
	struct place_pair pair = {.dir_fd = dir_fd, .name = name, .spare = spare_name};
	bool far = apply_journal_spare(j, step, dir_fd, &pair.spare_fd, spare_name);
	struct place_object spare, there;
	int r = place_look(pair.spare_fd, spare_name, &spare);

	if (r == 0)
		r = place_look(dir_fd, name, &there);
	if (r < 0)
		return r;
	if (step->old.mode ? !place_same(&spare, &step->old)
			   : spare.mode || !is_new(step, dir_fd, name, &there)) {
		/* It was not taken out; or the step is done, and it is gone from there. */
		r = step->done ? 0 : take_back(j, step, &pair, &spare, far);
		return r < 0 ? r : step->done;
	}
	r = step->old.mode ? finish(j, step, &pair, far) : 0;
	/* Later writes by the host stay a conflict of undo. */
	if (r == 0 && !step->done && there.mode && is_new(step, dir_fd, name, &there) &&
		(step->action != APPLY_FILE ||
			(there.mtime == step->new.mtime &&there.size == step->new.size)))
		step->new = there;
	return r < 0 ? r : 1;
}

/* Does a rename for which the path was cleared already: something must be there. */
static int go_on(
	const struct apply_place *p, const struct apply_step *step, int dir_fd, const char *name)
{
	const char *from;
	cleanup_close int from_fd = place_open(p->source_fd, step->from, &from);
	struct place_object there;
	int r = from_fd < 0 ? from_fd : place_look(from_fd, from, &there);

	if (r < 0 || !place_same(&there, &step->old))
		return r;
	r = renameat2(from_fd, from, dir_fd, name, RENAME_NOREPLACE);
	return r < 0 && errno != EEXIST ? -errno : 0;
}

static int settle_rename(
	const struct apply_place *p, const struct apply_journal *j, struct apply_step *step)
{
	const struct apply_step *before = step->number ? &j->steps[step->number - 1] : NULL;
	const char *name;
	cleanup_close int dir_fd = place_open(p->source_fd, step->path, &name);
	struct place_object there;
	int r = dir_fd < 0 ? dir_fd : place_look(dir_fd, name, &there);

	if (r == 0 && !there.mode && before && before->done && before->action == APPLY_DELETE &&
		!strcmp(before->path, step->path)) {
		r = go_on(p, step, dir_fd, name);
		if (r == 0)
			r = place_look(dir_fd, name, &there);
	}
	if (r < 0)
		return r;
	if (!place_same(&there, &step->old))
		return 0;
	step->new = there;
	return 1;
}

static int settle_step(
	const struct apply_place *p, const struct apply_journal *j, struct apply_step *step)
{
	const char *name;
	cleanup_close int dir_fd = -1;
	struct place_object there;
	int r;

	if (step->done && (step->action == APPLY_RENAME || step->action == APPLY_MODE))
		return 1;
	if (step->action == APPLY_RENAME) {
		r = settle_rename(p, j, step);
	} else {
		dir_fd = place_open(p->source_fd, step->path, &name);
		if (step->action == APPLY_DELETE && !step->old.mode)
			return 1;
		r = dir_fd;
		if (dir_fd >= 0 && step->action != APPLY_MODE)
			r = settle_swap(j, step, dir_fd, name);
		else if (dir_fd >= 0)
			r = place_look(dir_fd, name, &there);
		if (r == 0 && step->action == APPLY_MODE) {
			r = place_same(&there, &step->old) && there.mode == step->new.mode;
			if (r == 1)
				step->new = there;
		}
	}
	/* Its directory is gone, or somewhere else: nothing of nacre's can be found there. */
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV ? step->done : r;
}

int64_t apply_next_tick(void)
{
	const int64_t now = place_now(CLOCK_REALTIME);
	struct timespec tick;

	/* Some ticks at most: the clock may be set back. */
	for (int i = 0; i < 8 && place_now(CLOCK_REALTIME_COARSE) < now; i++) {
		(void)clock_getres(CLOCK_REALTIME_COARSE, &tick);
		(void)nanosleep(&tick, NULL);
	}
	return now;
}

int apply_sync(const struct apply_place *p, const struct apply_journal *j, struct nacre_error *err)
{
	cleanup_close int fd = place_open_entry(p->source_fd, ".", O_RDONLY | O_DIRECTORY);

	if (fd < 0 || syncfs(fd) < 0)
		return fail_errno(err, fd < 0 ? fd : errno, "sync the source");
	/* Near: that was the same file system. */
	if (j->dir_fd >= 0 && j->far && syncfs(j->dir_fd) < 0)
		return fail_errno(err, errno, "sync the workspace");
	return 0;
}

int apply_end(const struct apply_place *p, struct apply_journal *j, struct nacre_error *err)
{
	bool any = false;
	int r;

	for (size_t i = 0; i < j->n; i++)
		any |= j->steps[i].done;
	if (!any)
		return workspace_remove_tree(p->dir_fd, APPLY_JOURNAL, err);
	if (!j->ended) {
		apply_journal_mark(j, "end", NULL);
		r = apply_journal_flush(j, err);
		if (r < 0)
			return r;
	}
	r = workspace_remove_tree(p->dir_fd, APPLY_UNDO, err);
	if (r < 0)
		return fail_prefix(err, "the undo before");
	if (renameat2(p->dir_fd, APPLY_JOURNAL, p->dir_fd, APPLY_UNDO, RENAME_NOREPLACE) < 0 ||
		fsync(p->dir_fd) < 0)
		return fail_errno(err, errno, "keep the undo of the workspace");
	return 0;
}

static int settle(const struct apply_place *p, struct apply_journal *j, struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->n && !j->ended; i++) {
		struct apply_step *step = &j->steps[i];
		int done = settle_step(p, j, step);

		if (done < 0)
			return fail_errno(err, done, "settle \"%s\" of an apply that was cut off",
				step->path);
		if (done && !step->done)
			apply_journal_mark(j, "done", step);
		step->done = done == 1;
	}
	r = apply_sync(p, j, err);
	if (r == 0)
		r = apply_journal_flush(j, err);
	for (size_t i = 0; r == 0 && i < j->n && !j->ended; i++)
		if (j->steps[i].done)
			r = apply_leave_upper(p, &j->steps[i], err);
	return r < 0 ? r : apply_end(p, j, err);
}

int apply_is_cut_off(struct arena *arena, int dir_fd, struct nacre_error *err)
{
	struct apply_journal j;
	int r = apply_journal_open(arena, dir_fd, APPLY_JOURNAL, &j, err);

	if (r == 0)
		r = j.n && !j.ended;
	apply_journal_done(&j);
	return r == -ENOENT ? 0 : r;
}

int apply_recover(struct arena *arena, int dir_fd, int upper_fd, int source_fd, bool user_xattr,
	struct nacre_error *err)
{
	const struct apply_place place = {arena, dir_fd, upper_fd, source_fd, user_xattr, 0, 0};
	struct apply_journal j;
	int r = apply_journal_open(arena, dir_fd, APPLY_JOURNAL, &j, err);

	if (r == 0)
		r = settle(&place, &j, err);
	else if (r == -ENOENT)
		r = workspace_remove_tree(dir_fd, APPLY_JOURNAL, err);
	apply_journal_done(&j);
	return r < 0 ? r : undo_recover(&place, err);
}
