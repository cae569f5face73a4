/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply.h"
#include "libcontainer/workspace/apply_journal.h"
#include "libcontainer/workspace/walk.h"

static int refuse_running(
	const char *id, enum container_status status, bool paused, struct nacre_error *err)
{
	if (status == STATUS_STOPPED || (paused && status == STATUS_PAUSED))
		return 0;
	return fail(err, EBUSY, "container \"%s\" is %s: %s it first", id, status_name(status),
		!paused			   ? "stop"
		: status == STATUS_RUNNING ? "pause or stop"
					   : "delete");
}

/* The receipt must report the container's own changes. DIR_FD: its state. */
static int refuse_planned(int dir_fd, const char *id, bool paused, struct nacre_error *err)
{
	if (paused || !receipt_is_planned(dir_fd))
		return 0;
	return fail(err, EBUSY,
		"container \"%s\" leaves a receipt, which lists its changes: delete the container "
		"first, the workspace stays",
		id);
}

/* Locks the container of the caller's --root. */
static int lock_container(struct nacre *nacre, const char *id, bool paused, struct container *c,
	struct nacre_error *err)
{
	enum container_status status;
	struct nacre_error why;
	int r = container_open(nacre, id, CONTAINER_LOCKED, c, &status, &why);

	if (r == 0)
		r = refuse_running(id, status, paused, &why);
	if (r == 0)
		r = refuse_planned(c->state_fd, id, paused, &why);
	return fail_except(r, ENOENT, &why, err);
}

static int refuse_planned_there(int root_fd, const char *id, bool paused, struct nacre_error *err)
{
	cleanup_close int fd = openat(root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno(err, errno, "open the state of %s", id);
	return refuse_planned(fd, id, paused, err);
}

/* Checks a container that was created with another --root. It cannot be locked after the
 * workspaces, and need not be: a container that starts meanwhile finds them locked. */
static int look_at_root(const struct container *c, const char *root, const char *id, bool paused,
	struct nacre_error *err)
{
	cleanup_close int root_fd = -1;
	struct stat own, other;
	struct container_record *record;
	enum container_status status;
	struct status_view view;
	struct nacre_error why;
	int r;

	root_fd = r = state_open_root(root, false, &why);
	if (r < 0)
		return fail_except(r, ENOENT, &why, err);
	if (fstat(c->root_fd, &own) < 0 || fstat(root_fd, &other) < 0)
		return fail_errno(err, errno, "stat the state root");
	if (own.st_dev == other.st_dev && own.st_ino == other.st_ino)
		return 0;
	r = record_load(c->arena, root_fd, id, STATE_LOCK_UNOPENED, &record, &why);
	if (r < 0)
		return fail_except(r, ENOENT, &why, err);
	r = status_view_open(root_fd, &view, err);
	if (r < 0)
		return r;
	r = status_read(&view, record, &status, err);
	status_view_close(&view);
	if (r == 0)
		r = refuse_running(id, status, paused, err);
	return r < 0 ? r : refuse_planned_there(root_fd, id, paused, err);
}

int container_workspaces_open(struct nacre *nacre, const char *id, bool paused,
	struct container_workspaces *ret, struct nacre_error *err)
{
	int r;

	container_init(&ret->container);
	workspace_set_init(&ret->set);
	ret->store_fd = -1;
	r = lock_container(nacre, id, paused, &ret->container, err);
	if (r < 0)
		return r;
	ret->store_fd = r = workspace_store_open(nacre->workspaces, false, err);
	if (r == -ENOENT)
		return fail(err, ENOENT, "container \"%s\" has no workspace", id);
	if (r < 0)
		return r;
	r = workspace_set_open(
		ret->container.arena, ret->store_fd, id, nacre->lock_flags, &ret->set, err);
	for (size_t i = 0; r == 0 && i < ret->set.n; i++)
		r = look_at_root(&ret->container, ret->set.items[i].record->root, id, paused, err);
	return r;
}

void container_workspaces_close(struct container_workspaces *all)
{
	workspace_set_done(&all->set);
	fd_close(&all->store_fd);
	container_done(&all->container);
}

int container_workspace_check_source(const struct workspace *w, struct nacre_error *err)
{
	if (w->source_fd >= 0)
		return 0;
	return fail(err, ENOENT,
		"the workspace's source %s is gone, or another directory: put it back or "
		"discard the workspace",
		w->record->source);
}

int container_workspace_recover(
	const struct container_workspaces *all, const struct workspace *w, struct nacre_error *err)
{
	return apply_recover(all->container.arena, w->dir_fd, w->upper_fd, w->source_fd,
		w->record->user_xattr, err);
}

int container_workspace_changes(const struct container_workspaces *all, const struct workspace *w,
	uint64_t max_bytes, uint64_t max_changes, struct workspace_changes *ret_changes,
	struct nacre_error *err)
{
	const struct workspace_record *record = w->record;
	const struct workspace_walk walk = {
		.upper_fd = w->upper_fd,
		.source_fd = w->source_fd,
		.user_xattr = record->user_xattr,
		.created = workspace_record_time(record),
		.source = record->source,
		.protect = &record->protect,
		.max_bytes = max_bytes ? max_bytes : WORKSPACE_MAX_BYTES,
		.max_changes = max_changes ? max_changes : WORKSPACE_MAX_CHANGES,
	};
	int r;

	*ret_changes = (struct workspace_changes){NULL, 0};
	if (!strcmp(record->form, WORKSPACE_DIRECT))
		return 0;
	r = container_workspace_check_source(w, err);
	if (r < 0)
		return r;
	if (w->upper_fd < 0)
		return fail(err, ENOENT,
			"the workspace of %s was in memory, and is gone since the machine was "
			"started anew: discard it",
			record->source);
	r = container_workspace_recover(all, w, err);
	if (r == 0)
		r = workspace_walk(all->container.arena, &walk, ret_changes, err);
	return r < 0 ? fail_prefix(err, "workspace of %s", record->source) : 0;
}

/* The journal may have the only copy of the host's old content, which the apply had replaced in the
 * source. */
static int refuse_cut_off(struct arena *arena, const struct workspace_set *set,
	const struct workspace *w, struct nacre_error *err)
{
	int r = apply_is_cut_off(arena, w->dir_fd, err);

	if (r <= 0)
		return r;
	return fail(err, EBUSY,
		"an apply to the source %s was cut off, and what it replaced may be in the "
		"workspace "
		"alone: put the source back, or take what is of use from %s/%u/" APPLY_JOURNAL
		" in the directory of workspaces and remove that, then discard",
		w->record->source, set->id, w->number);
}

int nacre_workspace_discard(struct nacre *nacre, const char *id, struct nacre_error *err)
{
	struct container_workspaces all;
	struct nacre_error why;
	int r = container_workspaces_open(nacre, id, false, &all, err);

	/* Recovers the source after an interrupted apply; a workspace with an unreadable journal is
	 * still discarded. */
	for (size_t i = 0; r == 0 && i < all.set.n; i++) {
		const struct workspace *w = &all.set.items[i];

		r = w->source_fd < 0 ? refuse_cut_off(all.container.arena, &all.set, w, &why)
				     : container_workspace_recover(&all, w, &why);
		r = fail_except(r, EBADMSG, &why, err);
	}
	if (r == 0)
		r = workspace_set_remove(all.store_fd, &all.set, err);
	container_workspaces_close(&all);
	return r;
}
