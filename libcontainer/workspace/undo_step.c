/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/store.h"

/* Opens the place where what is taken out of the source goes. */
static int open_taken(const struct apply_place *p, struct undo_step *u)
{
	if (p->upper_fd >= 0) {
		u->taken_fd = place_open(p->upper_fd, u->step->path, &u->taken_name);
		return u->taken_fd < 0 ? u->taken_fd : 0;
	}
	u->taken_name = u->lost;
	u->taken_fd = fcntl(u->journal->dir_fd, F_DUPFD_CLOEXEC, 0);
	return u->taken_fd < 0 ? -errno : 0;
}

int undo_open(const struct apply_place *p, struct apply_journal *j, const struct apply_step *step,
	struct undo_step *u)
{
	const bool content = step->action == APPLY_FILE || step->action == APPLY_SYMLINK;
	int near = place_is_near(p->upper_fd < 0 ? j->dir_fd : p->upper_fd, p->source_fd), r;

	*u = (struct undo_step){.step = step, .journal = j, .taken_fd = -1, .pair = {.dir_fd = -1}};
	if (near < 0)
		return near;
	(void)snprintf(u->number, sizeof(u->number), "%u", step->number);
	(void)snprintf(u->lost, sizeof(u->lost), "%u.new", step->number);
	apply_part(j, step, u->part);
	u->pair.dir_fd = place_open(p->source_fd, step->path, &u->pair.name);
	/* What is to be removed went with its directory. */
	if ((u->pair.dir_fd == -ENOENT || u->pair.dir_fd == -ENOTDIR) &&
		(!step->old.mode || step->action == APPLY_MODE))
		return 1;
	if (u->pair.dir_fd < 0)
		return u->pair.dir_fd;
	r = content || step->action == APPLY_DELETE ? open_taken(p, u) : 0;
	/* A deletion mostly takes nothing out. */
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

/* Does all that can fail for lack of space before the swap: as in apply_commit.c. */
static int bring(struct undo_step *u)
{
	const bool old = u->step->old.mode != 0;
	int64_t ignored;
	int r = 0;

	if (u->copies && u->pair.expected.mode && u->step->action != APPLY_DIRECTORY) {
		r = apply_copy(u->part, u->pair.dir_fd, u->pair.name, u->taken_fd, u->taken_name,
			&u->copied);
		u->in_workspace = r < 0;
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

/* Records in the journal what the swap exchanges: a copy looks like what it replaces. If one rename
 * does it all, the places show it. */
static int announce(const struct undo_step *u)
{
	struct place_object brought;
	struct nacre_error ignored;
	int r = u->moves ? 0 : place_look(u->pair.spare_fd, u->pair.spare, &brought);

	if (r < 0 || u->moves)
		return r;
	if (!brought.mode != !u->step->old.mode)
		return -EEXIST;
	apply_journal_swap(u->journal, u->step->number, &brought, &u->taken);
	return apply_journal_flush(u->journal, &ignored);
}

int undo_take_back(const struct undo_step *u)
{
	const bool old = u->step->old.mode != 0;
	struct place_object there, journal;
	int64_t before;
	int r = 0;

	if (u->moves) {
		r = place_look(u->taken_fd, u->taken_name, &there);
		if (r == 0 && old && place_same(&there, &u->step->old))
			r = move(u->taken_fd, u->taken_name, u->journal->dir_fd, u->number);
		return r;
	}
	/* What is older than the apply was not made by its undo. As place_before_making. */
	r = place_look_fd(u->journal->dir_fd, &journal);
	before = journal.birth - PLACE_SECOND;
	if (r == 0 && u->copies && u->taken_fd >= 0)
		r = apply_remove_made(u->taken_fd, u->part, before);
	/* Otherwise it is what the container made there since. */
	if (r == 0 && u->copied)
		r = apply_remove_made(u->taken_fd, u->taken_name, before);
	if (r == 0 && u->far && old)
		r = apply_remove_made(u->pair.spare_fd, u->part, before);
	if (r == 0 && u->far && old)
		r = apply_remove_made(u->pair.spare_fd, u->spare, before);
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
	if (r == 0) {
		r = announce(u);
		u->in_workspace = r < 0;
	}
	if (r == 0)
		r = place_swap(&u->pair);
	if (r == -ENOTUNIQ)
		return r;
	if (r == 0) {
		/* Without the mark the workspace would forget that it was deleted. */
		if (expected->mode && !u->copied)
			r = undo_take(u);
		else if (u->step->action == APPLY_DELETE && !expected->mode)
			r = apply_mark_upper(p, u->step);
		u->in_workspace = r < 0;
		if (r < 0 && place_swap_back(&u->pair) < 0)
			return -ENOTUNIQ;
	}
	if (r < 0) {
		(void)undo_take_back(u);
		u->copied = 0;
	}
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
	u->in_workspace = r < 0;
	if (r < 0 && renameat2(from_fd, from, u->pair.dir_fd, u->pair.name, RENAME_NOREPLACE) < 0)
		return -ENOTUNIQ;
	return r;
}

int undo_step(const struct apply_place *p, struct undo_step *u)
{
	struct place_object now;
	int r;

	if (u->step->action == APPLY_MODE)
		return undo_mode(u);
	if (u->step->action == APPLY_RENAME)
		return undo_rename(p, u);
	if (u->step->action != APPLY_DIRECTORY || u->step->old.mode)
		return undo_swap(p, u);
	/* Removes a directory that was made, if there is nothing in it. */
	r = place_look(u->pair.dir_fd, u->pair.name, &now);
	if (r < 0 || !now.mode)
		return r;
	if (!place_same(&now, &u->step->new))
		return -ESTALE;
	return unlinkat(u->pair.dir_fd, u->pair.name, AT_REMOVEDIR) < 0 ? -errno : 0;
}
