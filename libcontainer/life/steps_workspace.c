/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/mount_shift_workspace.h"
#include "libcontainer/mount/mount_workspace.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/workspace/protect.h"
#include "libcontainer/workspace/store.h"
#include "specs/json.h"
#include "specs/mount_words.h"

/*
 * The rows about workspaces. RUNTIME makes the directories of each workspace and opens its source,
 * which is judged like the source of any bind. A process that may mount an overlay (RUNTIME as
 * root, otherwise INIT in the container's user namespace) mounts it over the source, and the
 * overlay becomes the source of the bind. Files that outlive the container are recorded before
 * anything can be written to them.
 */

int step_read_state_root(const struct life *l, char ret_root[PATH_MAX], struct nacre_error *err)
{
	int r = file_path(l->container.root_fd, ret_root);

	return r < 0 ? fail_errno(err, r, "the path of the state root") : 0;
}

/* --- making them --- */

/* Removes the workspaces of an earlier container of this ID, which is gone: this command owns the
 * state now. */
static int clear_set(
	struct life *l, struct workspace_set *set, const char *root, struct nacre_error *err)
{
	while (set->n) {
		const struct workspace *w = &set->items[set->n - 1];
		int unused = workspace_is_unused(w, err);

		if (unused < 0)
			return unused;
		l->workspaces_of_others = true;
		if (strcmp(w->record->root, root) != 0)
			return fail(err, EEXIST,
				"container \"%s\" of --root %s has a workspace: take another ID",
				set->id, w->record->root);
		if (!unused)
			return fail(err, EEXIST,
				"an earlier container \"%s\" has left changes in its workspace: "
				"see "
				"nacre workspace diff %s, then nacre workspace apply %s or nacre "
				"workspace discard %s",
				set->id, set->id, set->id, set->id);
		l->workspaces_of_others = false;
		unused = workspace_remove(set, set->n - 1, err);
		if (unused < 0)
			return unused;
	}
	return 0;
}

static int open_work(const struct workspace *w, struct nacre_error *err)
{
	const char *path = w->record->tmpfs ? WORKSPACE_MEMORY "/" WORKSPACE_WORK : WORKSPACE_WORK;
	int fd = openat(w->dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, errno, "open %s", path) : fd;
}

/* A recursive bind would show the mounts below the source, which may be there to cover something. A
 * copy does not show them. */
static int check_hidden(struct life *l, const struct oci_mount *mount, const char *source,
	int source_fd, struct nacre_error *err)
{
	char hidden[PATH_MAX];
	struct nacre_error text;
	int r = mount_workspace_hides(source, source_fd, hidden, err);

	if (r <= 0)
		return r;
	if (mount_options_read(mount).recursive)
		return fail(err, EINVAL,
			"%.200s is mounted below the source: a copy would show what that covers, "
			"and "
			"not what it has: use bind in place of rbind if it may",
			hidden);
	(void)fail(&text, EINVAL,
		"workspace %.200s: what is mounted below it, as on %.200s, is not shown: the form "
		"cow has the files of one file system",
		source, hidden);
	container_warn(&l->container, text.text);
	return 0;
}

static int check_source(const struct oci_mount *mount, int fd, struct nacre_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat %s", mount->source);
	return S_ISDIR(st.st_mode)
		       ? 0
		       : fail(err, ENOTDIR,
				 "%s is not a directory, and only one can be a workspace",
				 mount->source);
}

/* Prepares W, of SET, for the mount of MADE. */
static int take(struct life *l, struct workspace *w, int store_fd, struct life_workspace *made,
	struct nacre_error *err)
{
	struct mount_workspace overlay;
	int may, r;

	if (w->upper_fd < 0)
		return 0;
	made->work_fd = open_work(w, err);
	if (made->work_fd < 0)
		return made->work_fd;
	made->upper_fd = fd_steal(&w->upper_fd);
	overlay = (struct mount_workspace){w->record->source, made->source_fd, made->upper_fd,
		made->work_fd, made->user_xattr};
	r = mount_workspace_check(&overlay, store_fd, err);
	if (r < 0)
		return r;
	r = check_hidden(l, &l->container.config->mounts[made->mount], w->record->source,
		made->source_fd, err);
	if (r < 0)
		return r;
	may = mount_workspace_may(err);
	made->by_init = may == 0;
	return may < 0 ? may : 0;
}

/* Existing protected files of a direct workspace become read-only, so that the container cannot
 * replace a program of the host. New ones are reported at the end, since no mount can prevent them.
 */
static int find_protected(struct life *l, struct life_workspace *made,
	const struct oci_workspace *mark, struct workspace_record *record, struct nacre_error *err)
{
	struct workspace_protected_list list;
	int r = workspace_protect_list(
		l->container.arena, made->source_fd, &mark->protect, &list, err);

	if (r < 0)
		return r;
	made->protect.items = arena_array(l->container.arena, list.n, sizeof(char *));
	record->present.items = arena_array(l->container.arena, list.n, sizeof(char *));
	if (!made->protect.items || !record->present.items)
		return fail_errno(err, ENOMEM, "protected names");
	made->around = list.around;
	for (size_t i = 0; i < list.n; i++) {
		const char *path = list.items[i].path;

		made->protect.items[made->protect.n++] = path;
		/* JSON permits no other names. Other names are reported as new. */
		if (json_utf8_valid(path, strlen(path)))
			record->present.items[record->present.n++] = path;
	}
	return 0;
}

static int make_one(struct life *l, struct workspace_set *set, int store_fd, const char *root,
	size_t index, bool user_xattr, struct nacre_error *err)
{
	const struct oci_mount *mount = &l->container.config->mounts[index];
	const struct oci_workspace *mark = oci_find_workspace(l->container.config, mount);
	struct life_workspace *made = &l->workspaces[l->n_workspaces];
	struct workspace_record record = {
		.root = root,
		.destination = mark->destination,
		.form = mark->form,
		.user_xattr = user_xattr,
		.bytes = mark->bytes,
		.inodes = mark->inodes,
		.tmpfs = mark->tmpfs,
		.protect = mark->protect,
	};
	int r;

	*made = (struct life_workspace){.mount = index,
		.user_xattr = user_xattr,
		.source_fd = mount_guard_open(
			&l->guard, index, mount_options_read(mount).source_nofollow, err),
		.upper_fd = -1,
		.work_fd = -1};
	if (made->source_fd < 0)
		return made->source_fd;
	l->n_workspaces++;
	r = check_source(mount, made->source_fd, err);
	if (r == 0 && strcmp(mark->form, WORKSPACE_DIRECT) == 0)
		r = find_protected(l, made, mark, &record, err);
	if (r == 0)
		r = workspace_make(l->container.arena, store_fd, set, made->source_fd,
			mark->best_effort, &record, err);
	return r < 0 ? r : take(l, &set->items[set->n - 1], store_fd, made, err);
}

static int make_all(struct life *l, struct workspace_set *set, int store_fd, const char *root,
	struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	int initial = geteuid() == 0 ? idmap_is_initial(err) : 0;

	if (initial < 0)
		return initial;
	l->workspaces = arena_array(l->container.arena, config->n_mounts, sizeof(*l->workspaces));
	if (!l->workspaces)
		return fail_errno(err, ENOMEM, "workspaces");
	for (size_t i = 0; i < config->n_mounts; i++) {
		int r = 0;

		if (oci_find_workspace(config, &config->mounts[i]))
			r = make_one(l, set, store_fd, root, i, !initial, err);
		if (r < 0)
			return fail_prefix(
				err, "mounts[%zu]: workspace %s", i, config->mounts[i].destination);
	}
	return 0;
}

int step_make_workspaces(struct life *l, struct nacre_error *err)
{
	cleanup_close int store_fd = workspace_store_open(l->container.workspaces, true, err);
	struct workspace_set set;
	char root[PATH_MAX];
	int r = store_fd < 0 ? store_fd : step_read_state_root(l, root, err);

	l->workspaces_of_others = r < 0; /* this container has no workspace yet */
	if (r < 0)
		return r;
	r = workspace_set_make(
		l->container.arena, store_fd, l->container.id, l->container.lock_flags, &set, err);
	if (r == 0)
		r = clear_set(l, &set, root, err);
	if (r == 0)
		r = make_all(l, &set, store_fd, root, err);
	workspace_set_done(&set);
	return r;
}

/* --- mounting them --- */

struct life_workspace *step_find_workspace(const struct life *l, size_t index)
{
	for (size_t i = 0; i < l->n_workspaces; i++)
		if (l->workspaces[i].mount == index && l->workspaces[i].upper_fd >= 0)
			return &l->workspaces[i];
	return NULL;
}

int step_mount_workspace(
	const struct life *l, const struct life_workspace *made, struct nacre_error *err)
{
	const struct mount_workspace overlay = {
		.source = l->container.config->mounts[made->mount].source,
		.source_fd = made->source_fd,
		.upper_fd = made->upper_fd,
		.work_fd = made->work_fd,
		.user_xattr = made->user_xattr,
	};
	const struct mount_shift shift = {
		.userns_fd = l->shift.userns_fd, .root_id = l->shift.first_id};
	int fd = l->shift.first_id ? mount_shift_workspace(
					     &overlay, &shift, WORKSPACE_UPPER, WORKSPACE_WORK, err)
				   : mount_workspace_build(&overlay, err);

	return fd < 0 ? fail_prefix(err, "mounts[%zu]", made->mount) : fd;
}

/* Mounts an overlay whose layers are opened again: they must be of the mount namespace in which it
 * is made. */
int step_mount_workspace_here(
	const struct life *l, const struct life_workspace *made, struct nacre_error *err)
{
	struct life_workspace here = *made;
	cleanup_close int source_fd = path_reopen(made->source_fd, err);
	cleanup_close int upper_fd = source_fd < 0 ? source_fd : path_reopen(made->upper_fd, err);
	cleanup_close int work_fd = upper_fd < 0 ? upper_fd : path_reopen(made->work_fd, err);

	if (work_fd < 0)
		return fail_prefix(err, "mounts[%zu]", made->mount);
	here.source_fd = source_fd;
	here.upper_fd = upper_fd;
	here.work_fd = work_fd;
	return step_mount_workspace(l, &here, err);
}

int step_protect_workspace(void *data, size_t index, int tree_fd, struct nacre_error *err)
{
	const struct life *l = data;

	for (size_t i = 0; i < l->n_workspaces; i++) {
		const struct life_workspace *made = &l->workspaces[i];
		int r;

		if (made->mount != index)
			continue;
		r = mount_workspace_protect(tree_fd, &made->around, false, err);
		return r < 0 ? r : mount_workspace_protect(tree_fd, &made->protect, true, err);
	}
	return 0;
}
