/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/store.h"

/*
 * Recovers from an interrupted undo: as apply_recover.c, in the other direction. What was taken out
 * of the source goes to the upper; copies for what was not swapped yet are removed. Both are known
 * by inode and time of birth, which the journal has; nothing else is removed.
 */

static int finish(
	const struct apply_place *p, const struct undo_step *u, const struct place_object *spare)
{
	const struct place_object *taken = &u->step->taken;
	int r = 0;

	if (!spare->mode)
		return u->step->action == APPLY_DELETE ? apply_mark_upper(p, u->step) : 0;
	if (!u->copies || u->step->action == APPLY_DIRECTORY)
		return undo_take(u);
	if (!place_same(spare, taken) ||
		(!S_ISDIR(spare->mode) &&
			(spare->mtime != taken->mtime || spare->size != taken->size)))
		return -EUCLEAN;
	if (p->upper_fd >= 0) {
		cleanup_close int fd = place_open_entry(p->upper_fd, ".", O_RDONLY | O_DIRECTORY);

		r = fd < 0 ? fd : syncfs(fd) < 0 ? -errno : 0;
	}
	return r < 0 ? r : apply_remove(u->pair.spare_fd, u->pair.spare, taken);
}

enum fate {
	NOT_SWAPPED,
	SWAPPED,
	UNKNOWN, /* the host put something else there */
};

static enum fate fate_of(const struct undo_step *u, const struct place_object *spare,
	const struct place_object *there, const struct place_object *kept)
{
	const struct apply_step *step = u->step;
	bool after, before;

	if (u->moves && step->old.mode)
		return kept->mode || place_same(spare, &step->old) ? NOT_SWAPPED : SWAPPED;
	if (u->moves)
		return place_same(there, &step->new) ? NOT_SWAPPED : SWAPPED;
	if (!step->brought.mode && !step->taken.mode)
		return !step->old.mode && !there->mode ? SWAPPED : NOT_SWAPPED;
	after = place_same(spare, &step->taken) || place_same(there, &step->brought) ||
		(!step->brought.mode && !there->mode);
	before = place_same(there, &step->taken) || place_same(spare, &step->brought);
	if (after == before)
		return UNKNOWN;
	return after ? SWAPPED : NOT_SWAPPED;
}

/* Finds out whether the upper has a copy of THERE, which was made before the journal recorded
 * it. */
static int find_copied(struct undo_step *u, const struct place_object *there)
{
	struct place_object copy;
	int r;

	if (!u->copies || u->taken_fd < 0 || u->step->action == APPLY_DIRECTORY)
		return 0;
	r = place_look(u->taken_fd, u->taken_name, &copy);
	if (r == 0)
		u->copied = u->step->taken.mode ||
			    (copy.mode && copy.mode == there->mode && copy.mtime == there->mtime &&
				    (S_ISDIR(copy.mode) || copy.size == there->size));
	return r;
}

/* Puts back a directory that the apply had made and that has more in it: an undo would leave it. */
static int put_back(struct undo_step *u, const struct place_object *spare)
{
	int r;

	u->pair.expected = *spare;
	r = place_swap_back(&u->pair);
	return r < 0 ? r : undo_take_back(u);
}

/* Returns 1: undone, 0: not, or -errno; -EUCLEAN: it is unknown what is at the spare name. */
static int settle_swap(const struct apply_place *p, struct undo_step *u)
{
	struct place_object spare, there, kept;
	int r = place_look(u->pair.spare_fd, u->pair.spare, &spare);

	if (r == 0)
		r = place_look(u->pair.dir_fd, u->pair.name, &there);
	if (r == 0)
		r = place_look(u->journal->dir_fd, u->number, &kept);
	if (r < 0)
		return r;
	switch (fate_of(u, &spare, &there, &kept)) {
	case SWAPPED:
		r = finish(p, u, &spare);
		if (r == -ENOTEMPTY)
			return put_back(u, &spare);
		return r < 0 ? r : 1;
	case NOT_SWAPPED:
		r = find_copied(u, &there);
		return r < 0 ? r : undo_take_back(u);
	default:
		return spare.mode ? -EUCLEAN : 0;
	}
}

static int settle_rename(const struct apply_place *p, struct undo_step *u)
{
	const char *from;
	cleanup_close int dir_fd = place_open(p->source_fd, u->step->from, &from);
	struct place_object there;
	int r = dir_fd < 0 ? dir_fd : place_look(dir_fd, from, &there);

	if (r < 0)
		return r;
	if (!place_same(&there, &u->step->new))
		return 0;
	r = apply_mark_upper(p, u->step);
	return r < 0 ? r : 1;
}

static int settle_step(const struct apply_place *p, struct undo_step *u)
{
	struct place_object there;
	int r;

	if (u->step->action == APPLY_RENAME)
		return settle_rename(p, u);
	if (u->step->action != APPLY_MODE)
		return settle_swap(p, u);
	r = place_look(u->pair.dir_fd, u->pair.name, &there);
	if (r < 0)
		return r;
	return !there.mode ||
	       (place_same(&there, &u->step->old) && there.mode == u->step->old.mode);
}

/* Whether STEP was undone: a directory that it lies in has its old name again, and a rename is
 * undone after what lies below it. */
static bool is_renamed(
	const struct apply_place *p, struct apply_journal *j, const struct apply_step *step)
{
	for (size_t i = 0; i < step->number; i++) {
		struct undo_step u;
		int r;

		if (j->steps[i].action != APPLY_RENAME || !j->steps[i].undoing ||
			!place_within(step->path, j->steps[i].path))
			continue;
		r = undo_open(p, j, &j->steps[i], &u);
		if (r == 0)
			r = settle_rename(p, &u);
		undo_close(&u);
		if (r == 1)
			return true;
	}
	return false;
}

static int settle(const struct apply_place *p, struct apply_journal *j, struct nacre_error *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = j->n; i-- > 0;) {
		struct undo_step u;

		if (!j->steps[i].undoing)
			continue;
		any = true;
		r = undo_open(p, j, &j->steps[i], &u);
		if (r == 0)
			r = settle_step(p, &u);
		undo_close(&u);
		if (r == -EUCLEAN)
			return fail(err, EUCLEAN,
				"settle \"%s\" of an undo that was cut off: \"%s\"%s is neither "
				"what the workspace had made nor what it had replaced: move it "
				"away, and repeat this",
				j->steps[i].path, u.spare,
				u.far ? " beside it" : " of the workspace's undo");
		/* Its directory is gone, or somewhere else. */
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV)
			r = is_renamed(p, j, &j->steps[i]);
		if (r < 0)
			return fail_errno(err, r, "settle \"%s\" of an undo that was cut off",
				j->steps[i].path);
		j->steps[i].undone = r == 1;
		apply_journal_mark(j, r == 1 ? "undone" : "kept", &j->steps[i]);
	}
	if (any)
		r = apply_sync(p, j, err);
	else
		r = 0;
	if (any && r == 0)
		r = apply_journal_flush(j, err);
	return r < 0 ? r : undo_end(p, j, err);
}

int undo_recover(const struct apply_place *p, struct nacre_error *err)
{
	struct apply_journal j;
	int r = apply_journal_open(p->arena, p->dir_fd, APPLY_UNDO, &j, err);

	if (r == 0)
		r = settle(p, &j, err);
	else if (r == -ENOENT) /* a removal that was cut off */
		r = workspace_remove_tree(p->dir_fd, APPLY_UNDO, err);
	apply_journal_done(&j);
	return r;
}
