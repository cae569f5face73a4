/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/walk_content.h"
#include "specs/sha256.h"

enum {
	SPARSE_BYTES = 256 << 20,
	SPARSE_RATIO = 16,
};

uint32_t walk_entry_mode(mode_t mode, const struct statx *lower)
{
	const uint32_t wanted = (uint32_t)mode & 0777;
	uint32_t had, read;

	if (!lower)
		return wanted & ~022U;
	had = wanted & lower->stx_mode;
	read = had & 044;
	/* Who may read may be given the right to execute as well. */
	return (wanted & 0700) | (had & 077) | (wanted & (read >> 2));
}

static enum workspace_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return WORKSPACE_FILE;
	case S_IFDIR:
		return WORKSPACE_DIRECTORY;
	case S_IFLNK:
		return WORKSPACE_SYMLINK;
	case S_IFIFO:
		return WORKSPACE_FIFO;
	case S_IFSOCK:
		return WORKSPACE_SOCKET;
	default:
		return WORKSPACE_DEVICE;
	}
}

int walk_entry_add(struct walker *w, const struct walk_directory *directory,
	struct workspace_change *change, struct nacre_error *err)
{
	const size_t below = directory->below_repository;
	const struct workspace_surroundings around = {
		.below_repository = below == SIZE_MAX ? NULL : change->path + below,
		.new_repository = directory->new_repository,
		.new_git = directory->new_git,
		.protect = w->walk->protect,
		.targets = w->walk->targets,
	};

	if (w->n == w->walk->max_changes)
		return fail(err, E2BIG,
			"more than %zu changes in the workspace; allow more with --max-changes",
			w->walk->max_changes);
	if (w->n == w->size) {
		const size_t larger = w->size ? 2 * w->size : 64;
		struct workspace_change *items = arena_array(w->arena, larger, sizeof(*items));

		if (!items)
			return arena_fail(w->arena, "changes of a workspace", err);
		if (w->n)
			memcpy(items, w->items, w->n * sizeof(*items));
		w->items = items;
		w->size = larger;
	}
	workspace_rules_judge(change, &around);
	w->items[w->n++] = *change;
	return 0;
}

int walk_entry_lower(struct walker *w, const struct walk_place *place, const char *name,
	struct walk_lower *ret, struct nacre_error *err)
{
	memset(ret, 0, sizeof(*ret));
	if (place->source_fd < 0)
		return 0;
	ret->path = walk_join(w->arena, place->directory->source, name);
	if (!ret->path)
		return arena_fail(w->arena, "changes of a workspace", err);
	if (walk_tree_moved(&w->tree, ret->path) > 0)
		return 0;
	if (statx(place->source_fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		    &ret->stx) == 0) {
		ret->is_there = true;
		ret->is_mount = ret->stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	} else if (errno != ENOENT) {
		return walk_fail(err, errno, "the source: stat", ret->path);
	}
	return 0;
}

int walk_entry_check(struct walker *w, const struct walk_directory *directory,
	const struct walk_lower *lower, struct workspace_change *change, struct nacre_error *err)
{
	struct walk_source_verdict verdict;
	int r;

	change->conflict = directory->conflict;
	if (!lower->is_there)
		return 0;
	if (lower->is_mount) {
		workspace_rules_refuse(change, WORKSPACE_RULE_MOUNT);
		return 0;
	}
	if (workspace_walk_is_late(w->walk, &lower->stx.stx_ctime))
		change->conflict = WORKSPACE_CONFLICT_CHANGED;
	if (!S_ISDIR(lower->stx.stx_mode))
		return 0;
	if (change->type == WORKSPACE_DIRECTORY && change->kind == WORKSPACE_MODIFIED)
		return 0;
	r = walk_source_check(w->arena, w->walk, lower->path, NULL, &w->entries, &verdict, err);
	if (r == 0)
		walk_source_tell(&verdict, change);
	return r;
}

int walk_entry_deleted(struct walker *w, const struct walk_place *place, const char *name,
	const struct walk_lower *lower, struct nacre_error *err)
{
	struct workspace_change change = {.kind = WORKSPACE_DELETED,
		.type = type_of(lower->stx.stx_mode),
		.path = walk_join(w->arena, place->directory->path, name)};
	int r;

	if (!change.path)
		return arena_fail(w->arena, "changes of a workspace", err);
	r = walk_entry_check(w, place->directory, lower, &change, err);
	return r < 0 ? r : walk_entry_add(w, place->directory, &change, err);
}

/* Notes a conflict if the source's file is another one than the one that was copied up. */
static void check_origin(const struct walk_place *place, const char *name,
	const struct walk_marks *marks, const struct walk_lower *lower,
	struct workspace_change *change)
{
	/* A rename in the container takes a file's mark to another name. The mark alone proves
	 * nothing as long as nobody has renamed in the source. */
	if (!marks->has_origin || !place->source_is_late || place->directory->hidden)
		return;
	if (!lower->is_there)
		change->conflict = WORKSPACE_CONFLICT_GONE;
	else if (!change->conflict && walk_marks_is_origin(marks, place->source_fd, name) == 0)
		change->conflict = WORKSPACE_CONFLICT_REPLACED;
}

/* Whether a file costs its author nothing, and takes a minute to be read at each diff. */
static bool is_sparse(const struct statx *stx)
{
	return stx->stx_size > SPARSE_BYTES && stx->stx_size / SPARSE_RATIO > stx->stx_blocks * 512;
}

/* RET_SAME: as the source has it. */
static int read_file(struct walker *w, const struct walk_place *place, const char *name,
	const struct walk_lower *lower, struct workspace_change *change, bool *ret_same,
	struct nacre_error *err)
{
	cleanup_close int fd = walk_open(place->upper_fd, name, O_RDONLY | O_NONBLOCK);
	cleanup_close int other_fd = -1;
	char hex[SHA256_TEXT];
	struct walk_marks marks;
	int r;

	if (fd < 0 && fd != -EACCES && fd != -EXDEV)
		return walk_fail(err, fd, "open", change->path);
	if (fd < 0) {
		workspace_rules_refuse(
			change, fd == -EXDEV ? WORKSPACE_RULE_MOUNT : WORKSPACE_RULE_UNREADABLE);
		return 0;
	}
	r = walk_marks_read(fd, w->walk->user_xattr, false, &marks, err);
	if (r < 0)
		return walk_fail(err, r, "read the attributes of", change->path);
	check_origin(place, name, &marks, lower, change);
	if (marks.strange)
		workspace_rules_refuse(change, WORKSPACE_RULE_OVERLAY);
	else if (change->size > w->walk->max_bytes - w->bytes)
		workspace_rules_refuse(change, WORKSPACE_RULE_BYTES);
	if (change->refused)
		return 0;
	w->bytes += change->size;
	if (change->kind == WORKSPACE_MODIFIED && lower->stx.stx_size == change->size)
		other_fd = walk_open(place->source_fd, name, O_RDONLY | O_NONBLOCK);
	r = walk_content_digest(fd, change->size, other_fd, hex, ret_same, err);
	if (r < 0)
		return fail_prefix(err, "the workspace");
	change->sha256 = arena_strdup(w->arena, hex);
	return change->sha256 ? 0 : arena_fail(w->arena, "changes of a workspace", err);
}

static int read_link(struct walker *w, const struct walk_place *place, const char *name,
	const struct walk_lower *lower, struct workspace_change *change, bool *ret_same,
	struct nacre_error *err)
{
	char target[PATH_TEXT_MAX], other[PATH_TEXT_MAX], hex[SHA256_TEXT];
	ssize_t length = readlinkat(place->upper_fd, name, target, sizeof(target) - 1);

	if (length < 0)
		return walk_fail(err, errno, "read the link", change->path);
	target[length] = '\0';
	sha256_text(target, (size_t)length, hex);
	change->sha256 = arena_strdup(w->arena, hex);
	change->target = arena_strdup(w->arena, target);
	if (!change->sha256 || !change->target)
		return arena_fail(w->arena, "changes of a workspace", err);
	if (change->kind == WORKSPACE_MODIFIED && lower->is_there)
		*ret_same = readlinkat(place->source_fd, name, other, sizeof(other)) == length &&
			    !memcmp(target, other, (size_t)length);
	return 0;
}

static int read_entry(struct walker *w, const struct walk_place *place, const char *name,
	const struct statx *stx, struct nacre_error *err)
{
	struct workspace_change change = {.type = type_of(stx->stx_mode),
		.path = walk_join(w->arena, place->directory->path, name)};
	struct walk_lower lower;
	bool same = false;
	int r = walk_entry_lower(w, place, name, &lower, err);

	if (r < 0)
		return r;
	if (!change.path)
		return arena_fail(w->arena, "changes of a workspace", err);
	if (!lower.is_there)
		change.kind = WORKSPACE_ADDED;
	else if (type_of(lower.stx.stx_mode) == change.type)
		change.kind = WORKSPACE_MODIFIED;
	else
		change.kind = WORKSPACE_REPLACED;
	change.mode = change.type == WORKSPACE_SYMLINK
			      ? 0777
			      : walk_entry_mode(stx->stx_mode,
					change.kind == WORKSPACE_MODIFIED ? &lower.stx : NULL);
	if (change.kind == WORKSPACE_MODIFIED && change.type != WORKSPACE_SYMLINK)
		change.old_mode = lower.stx.stx_mode & 0777;
	else
		change.old_mode = change.mode;
	change.size = change.type == WORKSPACE_FILE ? stx->stx_size : 0;
	r = walk_entry_check(w, place->directory, &lower, &change, err);
	if (change.type == WORKSPACE_FILE && is_sparse(stx))
		workspace_rules_refuse(&change, WORKSPACE_RULE_SPARSE);
	if (r == 0 && change.type == WORKSPACE_FILE)
		r = read_file(w, place, name, &lower, &change, &same, err);
	else if (r == 0 && change.type == WORKSPACE_SYMLINK)
		r = read_link(w, place, name, &lower, &change, &same, err);
	if (r < 0)
		return r;
	if (same && !change.refused && change.mode == (lower.stx.stx_mode & 0777))
		return 0;
	return walk_entry_add(w, place->directory, &change, err);
}

int walk_entry_read(
	struct walker *w, const struct walk_place *place, const char *name, struct nacre_error *err)
{
	struct walk_lower lower;
	struct statx stx;
	int r;

	if (statx(place->upper_fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		    &stx) < 0)
		return walk_fail(err, errno, "stat", name);
	/* Each entry was made after the workspace. */
	if (!workspace_walk_is_late(w->walk, &stx.stx_ctime))
		w->clock_was_set_back = true;
	if (S_ISDIR(stx.stx_mode))
		return 0;
	if (!S_ISCHR(stx.stx_mode) || stx.stx_rdev_major || stx.stx_rdev_minor)
		return read_entry(w, place, name, &stx, err);
	/* A whiteout. No container makes one by mknod(2): overlay refuses that. */
	r = walk_entry_lower(w, place, name, &lower, err);
	if (r < 0 || !lower.is_there)
		return r;
	return walk_entry_deleted(w, place, name, &lower, err);
}
