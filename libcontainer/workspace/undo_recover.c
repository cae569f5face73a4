/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/store.h"

/*
 * After an undo that was cut off: as apply_recover.c, with the ways the other way round. What was
 * taken out of the source goes to the upper; what had been brought from undo and is not in its
 * place yet goes back there.
 */

/* Whether OBJECT is a copy of what is kept, which has its times. */
static bool is_copy(const struct place_object *object, const struct place_object *kept)
{
	return kept->mode && object->mode == kept->mode && object->size == kept->size &&
	       object->mtime == kept->mtime;
}

/* Returns 1: undone, 0: not, or -errno. */
static int settle_swap(const struct apply_place *p, struct undo_step *u)
{
	struct place_object at_temporary, there, kept;
	const struct apply_step *step = u->step;
	int r = place_look(u->dir_fd, u->temporary, &at_temporary);

	if (r == 0)
		r = place_look(u->dir_fd, u->name, &there);
	if (r == 0)
		r = place_look(u->journal->dir_fd, u->number, &kept);
	if (r < 0)
		return r;
	if (at_temporary.mode &&
		(place_same(&at_temporary, &step->old) || is_copy(&at_temporary, &kept)))
		return undo_return(u, kept.mode != 0);
	if (at_temporary.mode) {
		r = undo_take(p, u);
		if (r == 0 && u->copied)
			r = apply_remove(u->dir_fd, u->temporary, &at_temporary);
		return r < 0 ? r : 1;
	}
	if (!step->old.mode)
		return !place_same(&there, &step->new);
	if (kept.mode && !is_copy(&there, &kept))
		return 0;
	if (step->action == APPLY_DELETE && p->upper_fd >= 0)
		r = apply_enter_upper(p, step, -1, NULL, &u->copied);
	return r < 0 ? r : 1;
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
	r = p->upper_fd < 0 ? 0 : apply_enter_upper(p, u->step, -1, NULL, &u->copied);
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
	r = place_look(u->dir_fd, u->name, &there);
	if (r < 0)
		return r;
	return place_same(&there, &u->step->old) && there.mode == u->step->old.mode;
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
		fd_close(&u.dir_fd);
		/* Its directory is gone, or somewhere else. */
		if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV)
			r = 0;
		if (r < 0)
			return fail_errno(err, r, "settle \"%s\" of an undo that was cut off",
				j->steps[i].path);
		j->steps[i].undone = r == 1;
		apply_journal_mark(j, r == 1 ? "undone" : "kept", &j->steps[i]);
	}
	if (any)
		r = apply_sync(p, j, err);
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
