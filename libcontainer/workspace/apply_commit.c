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
#include "libcontainer/workspace/copy.h"
#include "libcontainer/workspace/store.h"

void apply_part(const struct apply_journal *j, const struct apply_step *step,
	char ret_name[APPLY_TEMPORARY])
{
	(void)snprintf(ret_name, APPLY_TEMPORARY, ".nacre-%s-%u.part", j->tag, step->number);
}

int apply_copy(const char *part, int dir_fd, const char *name, int to_fd, const char *to_name,
	int64_t *ret_time)
{
	const int64_t before = place_before_making();
	struct place_object object;
	int r = place_look(dir_fd, name, &object);

	if (r < 0)
		return r;
	/* Only what is in a directory is compared with the time. */
	*ret_time = S_ISDIR(object.mode) ? apply_next_tick() : place_now(CLOCK_REALTIME);
	r = copy_tree(dir_fd, name, to_fd, part);
	if (r == 0 && renameat2(to_fd, part, to_fd, to_name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		(void)apply_remove_made(to_fd, part, before);
	return r;
}

int apply_remove_made(int dir_fd, const char *name, int64_t before)
{
	struct place_object there;
	int r = place_look(dir_fd, name, &there);

	if (r < 0 || !there.mode || (there.birth && there.birth < before))
		return r;
	return workspace_remove_object(dir_fd, name, &there);
}

int apply_remove(int dir_fd, const char *name, const struct place_object *object)
{
	struct place_object there;
	int r = place_look(dir_fd, name, &there);

	if (r < 0 || !there.mode)
		return r;
	if (!place_same(&there, object))
		return -ESTALE;
	if (S_ISDIR(there.mode))
		return workspace_remove_object(dir_fd, name, object);
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

int apply_remove_copied(
	int dir_fd, const char *name, const struct place_object *object, int64_t copied)
{
	struct place_object there;
	int r = place_look(dir_fd, name, &there);

	if (r < 0 || !there.mode)
		return r;
	if (S_ISDIR(there.mode))
		r = place_tree_unchanged(dir_fd, name, copied, INT64_MAX);
	else if (there.mtime != object->mtime || there.size != object->size)
		r = -ESTALE;
	return r < 0 ? r : apply_remove(dir_fd, name, object);
}

/* Gives a symlink or a directory that was made after BEFORE, and opened as FD, the owner that a new
 * file gets. */
static int own(struct apply_item *item, const struct place_pair *pair, int fd, int64_t before)
{
	struct place_object owner = item->step.old, *made = &item->step.new;
	int r = owner.mode ? 0 : place_look_fd(pair->dir_fd, &owner);

	if (r == 0)
		r = place_look_made(fd, made->mode & S_IFMT, before, made);
	if (r < 0)
		return r;
	if (fchownat(fd, "", owner.uid, owner.gid, AT_EMPTY_PATH) == 0)
		return 0;
	return errno == EPERM && geteuid() != 0 && !item->step.old.mode ? 0 : -errno;
}

static int make_symlink(struct apply_item *item, const struct place_pair *pair)
{
	const int64_t before = place_before_making();
	cleanup_close int fd = -1;
	int r;

	if (symlinkat(item->step.target, pair->spare_fd, pair->spare) < 0)
		return -errno;
	fd = place_open_entry(pair->spare_fd, pair->spare, O_PATH);
	r = fd < 0 ? fd : own(item, pair, fd, before);
	return r < 0 ? r : place_look_fd(fd, &item->step.new);
}

static int make_directory(struct apply_item *item, const struct place_pair *pair)
{
	const int64_t before = place_before_making();
	const mode_t mode = item->step.new.mode & 0777;
	cleanup_close int fd = -1;
	struct place_object made;
	int r;

	if (mkdirat(pair->spare_fd, pair->spare, 0700) < 0)
		return -errno;
	fd = place_open_entry(pair->spare_fd, pair->spare, O_RDONLY | O_DIRECTORY);
	r = fd < 0 ? fd : own(item, pair, fd, before);
	if (r == 0)
		r = place_look_fd(fd, &made);
	/* The setgid bit that the directory has inherited stays. */
	if (r == 0 && fchmod(fd, (made.mode & S_ISGID) | mode) < 0)
		r = -errno;
	return r < 0 ? r : place_look_fd(fd, &item->step.new);
}

/* Makes the new content, at SPARE. */
static int make_new(struct apply_item *item, const struct place_pair *pair)
{
	switch (item->step.action) {
	case APPLY_FILE:
		return copy_name(item->fd, pair->spare_fd, pair->spare);
	case APPLY_SYMLINK:
		return make_symlink(item, pair);
	case APPLY_DIRECTORY:
		return make_directory(item, pair);
	default:
		return 0;
	}
}

static void take_back(
	const struct apply_journal *j, const struct apply_item *item, const struct place_pair *pair)
{
	struct nacre_error ignored;
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", item->step.number);
	if (!pair->nothing)
		(void)unlinkat(pair->spare_fd, pair->spare,
			item->step.action == APPLY_DIRECTORY ? AT_REMOVEDIR : 0);
	if (item->copied)
		(void)workspace_remove_tree(j->dir_fd, number, &ignored);
}

/* Does all that can fail for lack of space before the swap. A swap changes the ctime of what is in
 * the source even if it is swapped back, and that would be a conflict of the next apply. */
static int swap(const struct apply_place *p, const struct apply_journal *j, struct apply_item *item,
	const struct place_pair *pair, bool far)
{
	char number[16], part[APPLY_TEMPORARY];
	int r = make_new(item, pair);

	apply_part(j, &item->step, part);
	(void)snprintf(number, sizeof(number), "%u", item->step.number);
	if (r == 0 && far && item->step.old.mode) {
		r = apply_copy(part, pair->dir_fd, pair->name, j->dir_fd, number, &item->copied);
		item->in_workspace = r < 0;
	}
	if (r == 0)
		r = place_swap(pair);
	if (r == 0 && S_ISDIR(item->step.old.mode) && !item->forced) {
		r = place_tree_unchanged(pair->spare_fd, pair->spare, p->created, p->begun);
		if (r < 0 && place_swap_back(pair) < 0)
			return -ENOTUNIQ;
	}
	return r;
}

static int commit_swap(const struct apply_place *p, const struct apply_journal *j,
	struct apply_item *item, int dir_fd, const char *name)
{
	char spare[APPLY_TEMPORARY];
	struct place_pair pair = {.dir_fd = dir_fd,
		.name = name,
		.spare = spare,
		.nothing = item->step.action == APPLY_DELETE,
		.expected = item->step.old};
	bool far = apply_journal_spare(j, &item->step, dir_fd, &pair.spare_fd, spare);
	struct place_object now;
	int r = swap(p, j, item, &pair, far);

	if (r == -ENOTUNIQ)
		return r;
	if (r < 0) {
		take_back(j, item, &pair);
		return r;
	}
	/* Records the ctime of the rename, by which undo notices a later change. */
	if (!pair.nothing && place_look(dir_fd, name, &now) == 0 &&
		place_same(&now, &item->step.new))
		item->step.new = now;
	return 0;
}

int apply_revert(struct apply_place *p, struct apply_journal *j, struct apply_item *item)
{
	char spare[APPLY_TEMPORARY];
	struct place_pair pair = {.spare = spare, .nothing = true, .expected = item->step.old};
	cleanup_close int dir_fd = place_open(p->source_fd, item->step.path, &pair.name);
	int r;

	if (dir_fd < 0)
		return dir_fd;
	pair.dir_fd = dir_fd;
	(void)apply_journal_spare(j, &item->step, dir_fd, &pair.spare_fd, spare);
	r = place_swap_back(&pair);
	if (r == 0)
		take_back(j, item, &pair);
	return r;
}

static int commit_mode(struct apply_item *item, int dir_fd, const char *name)
{
	cleanup_close int fd = place_open_entry(dir_fd, name, O_PATH | O_DIRECTORY);
	struct place_object now;
	char path[32];
	int r = fd < 0 ? fd : place_look_fd(fd, &now);

	if (r < 0)
		return r;
	if (!place_same(&now, &item->step.old))
		return -ESTALE;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, item->step.new.mode & 07777) < 0)
		return -errno;
	return place_look_fd(fd, &item->step.new);
}

static int commit_rename(const struct apply_place *p, struct apply_item *item)
{
	const char *from, *to;
	cleanup_close int from_fd = place_open(p->source_fd, item->step.from, &from);
	cleanup_close int to_fd = place_open(p->source_fd, item->step.path, &to);
	struct place_object now;
	int r = from_fd < 0 ? from_fd : to_fd < 0 ? to_fd : place_look(from_fd, from, &now);

	if (r < 0)
		return r;
	if (!place_same(&now, &item->step.old))
		return -ESTALE;
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) < 0)
		return errno == EEXIST || errno == ENOENT ? -ESTALE : -errno;
	r = place_look(to_fd, to, &now);
	if (r == 0 && !place_same(&now, &item->step.old))
		r = renameat2(to_fd, to, from_fd, from, RENAME_NOREPLACE) < 0 ? -ENOTUNIQ : -ESTALE;
	if (r == 0)
		item->step.new = now;
	return r;
}

void apply_commit(struct apply_place *p, struct apply_journal *j, struct apply_item *item)
{
	cleanup_close int dir_fd = -1;
	const char *name = NULL;
	int r = 0;

	if (item->step.action == APPLY_RENAME) {
		r = commit_rename(p, item);
		if (r < 0 && item->cleared && item->cleared->pending)
			item->cleared->pending = apply_revert(p, j, item->cleared) < 0;
	} else {
		dir_fd = place_open(p->source_fd, item->step.path, &name);
		if (item->step.action == APPLY_DELETE && !item->step.old.mode)
			return; /* the host did the same */
		r = dir_fd;
		if (dir_fd >= 0)
			r = item->step.action == APPLY_MODE ? commit_mode(item, dir_fd, name)
							    : commit_swap(p, j, item, dir_fd, name);
	}
	if (r == -ESTALE)
		apply_refuse(p, item, APPLY_CONFLICT, "it was changed in the source just now");
	else if (r == -ENOTUNIQ) {
		/* Undo treats it as a deletion. */
		item->step.new = (struct place_object){0};
		j->steps[item->step.number].done = true;
		apply_journal_mark(j, "done", &item->step);
		apply_refuse(p, item, APPLY_CONFLICT,
			"it was changed in the source twice just now; what was there before is "
			"step %u of %s",
			item->step.number,
			j->far ? "\".nacre-...\" beside it" : "the workspace's undo");
	} else if (r < 0)
		apply_refuse_errno(p, item, r, NULL);
}
