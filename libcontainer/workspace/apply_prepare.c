/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/copy.h"

/* Gives the file the owner of what it replaces, or else of its directory. A caller who is not root
 * owns his new files, as with any other program. */
static int give_owner(const struct apply_item *item, int dir_fd, int fd)
{
	const struct place_object *old = &item->step.old;
	struct place_object own, directory;
	int r = place_look_fd(fd, &own);

	if (r == 0)
		r = place_look_fd(dir_fd, &directory);
	if (r < 0)
		return r;
	if (!old->mode)
		old = &directory;
	if ((own.uid == old->uid && own.gid == old->gid) ||
		fchownat(fd, "", old->uid, old->gid, AT_EMPTY_PATH) == 0)
		return 0;
	return errno == EPERM && geteuid() != 0 && !item->step.old.mode ? 0 : -errno;
}

static int fill_file(const struct apply_item *item, int dir_fd, const char *name, int fd)
{
	char digest[SHA256_TEXT];
	int r = copy_sha256(fd, digest);

	if (r == 0 && (!item->change->sha256 || strcmp(digest, item->change->sha256) != 0))
		r = -ESTALE;
	if (r == 0 && S_ISREG(item->step.old.mode)) {
		cleanup_close int old_fd = place_open_entry(dir_fd, name, O_PATH);

		r = old_fd < 0 ? old_fd : copy_attributes(old_fd, fd);
	}
	if (r == 0)
		r = give_owner(item, dir_fd, fd);
	/* After the owner, which may clear bits, and after an access list, whose mask this is. */
	if (r == 0 && fchmod(fd, item->change->mode & 0777) < 0)
		r = -errno;
	return r;
}

static int prepare_file(
	const struct apply_place *p, struct apply_item *item, int dir_fd, const char *name)
{
	const struct workspace_change *change = item->change;
	cleanup_close int from_fd = place_open_entry(
		p->upper_fd, change->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	cleanup_close int fd = from_fd < 0 ? from_fd : copy_unnamed(from_fd, dir_fd, change->size);
	int r = fd < 0 ? fd : fill_file(item, dir_fd, name, fd);

	if (r == 0)
		r = place_look_fd(fd, &item->step.new);
	if (r == 0)
		item->fd = fd_steal(&fd);
	return r;
}

static int prepare_symlink(const struct apply_place *p, struct apply_item *item)
{
	const struct workspace_change *change = item->change;
	char target[PATH_MAX];
	const char *name;
	cleanup_close int dir_fd = place_open(p->upper_fd, change->path, &name);
	ssize_t length;

	if (dir_fd < 0)
		return dir_fd;
	length = readlinkat(dir_fd, name, target, sizeof(target));
	if (length < 0)
		return errno == EINVAL ? -ESTALE : -errno;
	if (!change->target || (size_t)length != strlen(change->target) ||
		memcmp(target, change->target, (size_t)length) != 0)
		return -ESTALE;
	item->step.target = change->target;
	item->step.new.mode = S_IFLNK | 0777;
	return 0;
}

/* Returns why the source no longer has what the container saw; NULL: it has. What is below a
 * directory to be removed is checked once that has lost its name. */
static const char *judge(const struct apply_place *p, const struct apply_item *item)
{
	const struct place_object *old = &item->step.old;
	enum workspace_kind kind = item->change->kind;

	if (item->forced)
		return NULL;
	if (kind == WORKSPACE_ADDED)
		return old->mode ? "the source has it by now" : NULL;
	if (!old->mode)
		return kind == WORKSPACE_DELETED ? NULL : "it is gone from the source";
	if (S_ISDIR(old->mode))
		return kind == WORKSPACE_MODIFIED && item->change->type != WORKSPACE_DIRECTORY
			       ? "it is a directory in the source by now"
			       : NULL;
	return place_is_late(old->ctime, p->created) ? "it was changed in the source" : NULL;
}

static enum apply_action action_of(const struct workspace_change *change, bool old_directory)
{
	if (change->kind == WORKSPACE_DELETED)
		return APPLY_DELETE;
	if (change->type == WORKSPACE_FILE)
		return APPLY_FILE;
	if (change->type == WORKSPACE_SYMLINK)
		return APPLY_SYMLINK;
	return old_directory ? APPLY_MODE : APPLY_DIRECTORY;
}

static void prepare_rename(struct apply_place *p, struct apply_item *item)
{
	const char *from, *to;
	cleanup_close int from_fd = place_open(p->source_fd, item->from, &from);
	cleanup_close int to_fd = place_open(p->source_fd, item->change->path, &to);
	int r = from_fd < 0 ? from_fd : to_fd < 0 ? to_fd : 0;

	item->step.action = APPLY_RENAME;
	item->step.from = item->from;
	if (r == 0)
		r = place_look(to_fd, to, &item->step.new);
	if (r == 0)
		r = place_look(from_fd, from, &item->step.old);
	if (r < 0)
		apply_refuse_errno(p, item, r, "its place in the source");
	else if (item->step.new.mode && !item->cleared && !item->vacated)
		apply_refuse(p, item, APPLY_CONFLICT, "the source has it by now");
	else if (!S_ISDIR(item->step.old.mode))
		apply_refuse(p, item, APPLY_CONFLICT, "its old path is no directory by now");
	item->step.new.mode = 0;
}

static int prepare_new(struct apply_place *p, struct apply_item *item, int dir_fd, const char *name)
{
	switch (item->step.action) {
	case APPLY_FILE:
		return prepare_file(p, item, dir_fd, name);
	case APPLY_SYMLINK:
		return prepare_symlink(p, item);
	case APPLY_DIRECTORY: /* its owner can write to it until its content is there */
		item->step.new.mode = S_IFDIR | 0700 | (item->change->mode & 0777);
		return 0;
	case APPLY_MODE: /* the host's bits 07000 stay */
		item->step.new.mode = (item->step.old.mode & ~0777u) | (item->change->mode & 0777);
		return 0;
	default:
		return 0;
	}
}

void apply_prepare(struct apply_place *p, struct apply_item *item)
{
	const struct workspace_change *change = item->change;
	cleanup_close int dir_fd = -1;
	const char *name = NULL, *why;
	int r;

	item->step = (struct apply_step){.path = change->path};
	if (change->kind == WORKSPACE_RENAMED && !item->mode_alone && !item->clears) {
		prepare_rename(p, item);
		return;
	}
	dir_fd = place_open(p->source_fd, change->path, &name);
	/* Its own directory may come with the same batch, in place of a file or a symlink, too. */
	r = (dir_fd == -ENOENT || dir_fd == -ENOTDIR || dir_fd == -ELOOP) &&
			    change->kind == WORKSPACE_ADDED && change->type == WORKSPACE_DIRECTORY
		    ? 0
	    : dir_fd < 0 ? dir_fd
			 : place_look(dir_fd, name, &item->step.old);
	if (r < 0) {
		apply_refuse_errno(p, item, r, "its directory in the source");
		return;
	}
	if (item->vacated)
		item->step.old.mode = 0;
	why = judge(p, item);
	if (why) {
		apply_refuse(p, item, APPLY_CONFLICT, "%s", why);
		return;
	}
	item->step.action = item->clears ? APPLY_DELETE
					 : action_of(change, S_ISDIR(item->step.old.mode));
	r = prepare_new(p, item, dir_fd, name);
	if (r < 0)
		apply_refuse_errno(p, item, r, NULL);
	else if (item->step.action == APPLY_MODE && item->step.new.mode == item->step.old.mode) {
		item->result->outcome = APPLY_DONE;
		item->pending = false;
	}
}
