/* SPDX-License-Identifier: Apache-2.0 */
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

int apply_keep(int dir_fd, const char *name, int to_fd, const char *to_name, int64_t *ret_copied)
{
	char part[APPLY_TEMPORARY];
	struct nacre_error ignored;
	int r;

	*ret_copied = 0;
	if (renameat2(dir_fd, name, to_fd, to_name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EXDEV)
		return -errno;
	/* Another file system, or the same by another mount. */
	(void)snprintf(part, sizeof(part), "%s.part", to_name);
	r = copy_tree(dir_fd, name, to_fd, part);
	if (r == 0 && renameat2(to_fd, part, to_fd, to_name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0)
		(void)workspace_remove_tree(to_fd, part, &ignored);
	/* The clock of files goes by ticks: what happened in this one may have been copied. */
	*ret_copied = r == 0 ? apply_now() + 1 : 0;
	return r;
}

int apply_remove(int dir_fd, const char *name, const struct place_object *object)
{
	struct place_object there;
	struct nacre_error err;
	int r = place_look(dir_fd, name, &there);

	if (r < 0 || !there.mode)
		return r;
	if (!place_same(&there, object))
		return -ESTALE;
	if (S_ISDIR(there.mode))
		return workspace_remove_tree(dir_fd, name, &err);
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

/* A symlink or a directory at the temporary name gets the owner that a new file gets. */
static int own(const struct apply_item *item, int dir_fd, const char *temporary)
{
	struct place_object owner = item->step.old;
	int r = owner.mode ? 0 : place_look_fd(dir_fd, &owner);

	if (r < 0)
		return r;
	if (fchownat(dir_fd, temporary, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return errno == EPERM && geteuid() != 0 && !item->step.old.mode ? 0 : -errno;
}

static int make_directory(const struct apply_item *item, int dir_fd, const char *temporary)
{
	cleanup_close int fd = -1;
	struct place_object made;
	int r;

	if (mkdirat(dir_fd, temporary, 0700) < 0)
		return -errno;
	fd = place_open_entry(dir_fd, temporary, O_RDONLY | O_DIRECTORY);
	r = fd < 0 ? fd : own(item, dir_fd, temporary);
	if (r == 0)
		r = place_look_fd(fd, &made);
	/* The group of a directory of a group's goes on to what is made in it. */
	if (r == 0 && fchmod(fd, (made.mode & S_ISGID) | (item->step.new.mode & 0777)) < 0)
		r = -errno;
	return r;
}

/* The new content, at the temporary name. */
static int make_new(struct apply_item *item, int dir_fd, const char *temporary)
{
	int r = 0;

	switch (item->step.action) {
	case APPLY_FILE:
		return copy_name(item->fd, dir_fd, temporary);
	case APPLY_SYMLINK:
		if (symlinkat(item->step.target, dir_fd, temporary) < 0)
			return -errno;
		r = own(item, dir_fd, temporary);
		break;
	case APPLY_DIRECTORY:
		r = make_directory(item, dir_fd, temporary);
		break;
	default:
		return 0;
	}
	return r < 0 ? r : place_look(dir_fd, temporary, &item->step.new);
}

static void remove_new(const struct apply_item *item, int dir_fd, const char *temporary)
{
	if (item->step.action != APPLY_DELETE)
		(void)unlinkat(
			dir_fd, temporary, item->step.action == APPLY_DIRECTORY ? AT_REMOVEDIR : 0);
}

/* What was taken out of the source is looked through, and kept for undo. */
static int keep_old(const struct apply_place *p, const struct apply_journal *j,
	struct apply_item *item, int dir_fd, const char *temporary)
{
	char number[16];
	int r = 0;

	if (S_ISDIR(item->step.old.mode) && !item->forced)
		r = place_tree_unchanged(dir_fd, temporary, p->created, p->begun);
	if (r < 0)
		return r;
	(void)snprintf(number, sizeof(number), "%u", item->step.number);
	return apply_keep(dir_fd, temporary, j->dir_fd, number, &item->copied);
}

static int commit_swap(const struct apply_place *p, const struct apply_journal *j,
	struct apply_item *item, int dir_fd, const char *name)
{
	const bool nothing = item->step.action == APPLY_DELETE;
	char temporary[APPLY_TEMPORARY];
	struct place_object now;
	int r;

	apply_journal_temporary(j, item->step.number, temporary);
	r = make_new(item, dir_fd, temporary);
	if (r == 0)
		r = place_swap(dir_fd, name, temporary, nothing, &item->step.old);
	if (r == -ENOTUNIQ)
		return r;
	if (r == 0 && item->step.old.mode) {
		r = keep_old(p, j, item, dir_fd, temporary);
		if (r < 0 && place_swap_back(dir_fd, name, temporary, nothing, &item->step.old) < 0)
			return -ENOTUNIQ;
	}
	if (r < 0) {
		remove_new(item, dir_fd, temporary);
		return r;
	}
	/* With the time of the rename, by which undo tells a later change. */
	if (!nothing && place_look(dir_fd, name, &now) == 0 && place_same(&now, &item->step.new))
		item->step.new = now;
	return 0;
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
	char temporary[APPLY_TEMPORARY];
	int r = 0;

	if (item->step.action == APPLY_RENAME) {
		r = commit_rename(p, item);
	} else {
		dir_fd = place_open(p->source_fd, item->step.path, &name);
		if (item->step.action == APPLY_DELETE && !item->step.old.mode)
			return; /* the host did the same */
		r = dir_fd;
		if (dir_fd >= 0)
			r = item->step.action == APPLY_MODE ? commit_mode(item, dir_fd, name)
							    : commit_swap(p, j, item, dir_fd, name);
	}
	apply_journal_temporary(j, item->step.number, temporary);
	if (r == -ESTALE)
		apply_refuse(p, item, APPLY_CONFLICT, "it was changed in the source just now");
	else if (r == -ENOTUNIQ)
		apply_refuse(p, item, APPLY_CONFLICT,
			"it was changed in the source twice just now; what was there before is "
			"\"%s\" "
			"beside it",
			temporary);
	else if (r < 0)
		apply_refuse_errno(p, item, r, NULL);
}
