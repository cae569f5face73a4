/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_below.h"
#include "libcontainer/mount/mount_judge.h"
#include "specs/path_text.h"

static const char *const grant_kinds[] = {"mount", "workspace", "device"};

/* --- the kinds of sources --- */

bool mount_guard_judges(const struct mount_guard *guard)
{
	return guard && guard->request;
}

static size_t count_judged(const struct mount_guard *guard)
{
	return guard->config && guard->config->nacre ? guard->config->nacre->n_judged : 0;
}

bool mount_guard_looks(const struct mount_guard *guard)
{
	return guard && (guard->request || guard->hidden.newest || guard->kept.newest ||
				count_judged(guard));
}

/* --- what was judged before --- */

/* Compares inode and path: the number alone may be that of a new file by now. */
static int check_judged(
	const struct mount_guard *guard, const char *source, int fd, struct nacre_error *err)
{
	struct mount_identity identity;
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < count_judged(guard); i++) {
		const struct oci_judged *judged = &guard->config->nacre->judged[i];

		if (!source || strcmp(judged->name, source) != 0)
			continue;
		r = mount_identity_read(fd, &identity, err);
		if (r < 0)
			return r;
		r = file_path(fd, path);
		if (r < 0)
			return fail_errno(err, r, "where %s leads", source);
		if (identity.device != judged->device || identity.inode != judged->inode ||
			strcmp(path, judged->path) != 0)
			r = fail(err, ESTALE,
				"%s was moved or replaced since it was looked at: name it again",
				source);
	}
	return r;
}

/* Refuses a judged name that is no mount's source: it would never be compared. */
static int check_names(const struct mount_guard *guard, struct nacre_error *err)
{
	const struct oci_config *config = guard->config;

	for (size_t i = 0; i < count_judged(guard); i++) {
		size_t k = 0;

		while (k < config->n_mounts &&
			!(config->mounts[k].source &&
				!strcmp(config->mounts[k].source, config->nacre->judged[i].name)))
			k++;
		if (k == config->n_mounts)
			return fail(err, EINVAL,
				"config.json: nacre.judged[%zu].name: no mount has the source %s",
				i, config->nacre->judged[i].name);
	}
	return 0;
}

/* --- what no source may be --- */

struct adding {
	struct arena *arena;
	struct mount_objects *objects;
};

static int add(void *data, const struct mount_identity *identity)
{
	const struct adding *to = data;
	struct mount_object *object = arena_alloc(to->arena, sizeof(*object));

	if (!object)
		return -ENOMEM;
	*object = (struct mount_object){
		.identity = *identity, .path = "", .next = to->objects->newest};
	to->objects->newest = object;
	return 0;
}

static int add_above(struct mount_guard *guard, int fd, struct mount_objects *objects,
	const char *what, struct nacre_error *err)
{
	struct adding to = {guard->arena, objects};
	int r = mount_identity_each_above(fd, add, &to, err);

	return r == -ENOMEM ? fail_errno(err, ENOMEM, "%s", what) : r;
}

int mount_guard_hide(struct mount_guard *guard, int fd, const char *what, struct nacre_error *err)
{
	guard->hidden_what = what;
	return add_above(guard, fd, &guard->hidden, what, err);
}

int mount_guard_add_state(struct mount_guard *guard, int fd, struct nacre_error *err)
{
	return mount_guard_judges(guard) ? mount_objects_add_state(&guard->objects, fd, err) : 0;
}

int mount_guard_keep(struct mount_guard *guard, int fd, const char *what, struct nacre_error *err)
{
	if (!guard->left && harden_leaves(guard->arena, guard->config, &guard->left) < 0)
		return fail_errno(err, ENOMEM, "%s", what);
	guard->kept_what = what;
	return add_above(guard, fd, &guard->kept, what, err);
}

static int judge_always(const struct mount_guard *guard, int fd, const char *path, bool written,
	struct nacre_error *err)
{
	const bool keeps = written && guard->kept.newest;
	struct mount_identity identity;
	int r = guard->hidden.newest || keeps ? mount_identity_read(fd, &identity, err) : 0;

	if (r < 0)
		return r;
	if (guard->hidden.newest && mount_objects_find(&guard->hidden, &identity, NULL))
		return fail(err, EPERM,
			"%s is, or contains, %s: no container may have it: give another "
			"directory, or move it elsewhere",
			path, guard->hidden_what);
	if (keeps && mount_objects_find(&guard->kept, &identity, NULL))
		return fail(err, EPERM,
			"%s is, or contains, %s, and the container could write there: give "
			"another directory, or give this one read-only",
			path, guard->kept_what);
	return 0;
}

/* DATA: the guard. A mount inside may be writable even if the one above it is read-only. */
static int judge_below(void *data, int fd, const char *path, struct nacre_error *err)
{
	return judge_always(data, fd, path, true, err);
}

/* --- */

int mount_guard_judge(
	const struct mount_guard *guard, size_t index, int fd, struct nacre_error *err)
{
	struct mount_source source = {.guard = guard};
	char place[48];
	int r;

	if (!mount_guard_looks(guard) || guard->config->mounts[index].source == guard->own)
		return 0;
	r = check_judged(guard, guard->config->mounts[index].source, fd, err);
	if (r == 0)
		r = judge_always(guard, fd, guard->config->mounts[index].source,
			guard->left && guard->left[index].writable, err);
	if (r < 0 || !guard->request)
		return r;
	(void)snprintf(place, sizeof(place), "mounts[%zu].source", index);
	source.place = place;
	source.given = guard->config->mounts[index].source;
	source.written = guard->left[index].writable;
	source.devices = guard->left[index].devices;
	return mount_judge(&source, fd, err);
}

int mount_guard_open(
	const struct mount_guard *guard, size_t index, bool nofollow, struct nacre_error *err)
{
	int r;

	/* open_tree(2), unlike open(2), triggers automounts, as mounting would. */
	cleanup_close int fd = sys_open_tree(
		AT_FDCWD, guard->config->mounts[index].source, nofollow ? AT_SYMLINK_NOFOLLOW : 0);

	if (fd < 0)
		return fail_errno(err, fd, "open the source");
	r = mount_guard_judge(guard, index, fd, err);
	if (r < 0)
		return r;
	return fd_steal(&fd);
}

int mount_guard_root(
	const struct mount_guard *guard, const char *path, int fd, struct nacre_error *err)
{
	struct mount_source source = {.guard = guard, .place = "root.path", .given = path};
	int r = mount_guard_looks(guard)
			? judge_always(guard, fd, path, !guard->config->root->readonly, err)
			: 0;

	return r == 0 && mount_guard_judges(guard) ? mount_judge(&source, fd, err) : r;
}

int mount_guard_layer(const struct mount_guard *guard, size_t index, const struct oci_layer *layer,
	int fd, struct nacre_error *err)
{
	struct mount_source source = {.guard = guard, .place = layer->place, .given = layer->path};
	const bool written = guard && guard->left && layer->written && guard->left[index].writable;
	int r = mount_guard_looks(guard) ? judge_always(guard, fd, layer->path, written, err) : 0;

	if (r < 0 || !mount_guard_judges(guard))
		return r;
	source.written = written;
	return mount_judge(&source, fd, err);
}

/* --- what came along --- */

static int judge_came_along(void *data, int fd, const char *path, struct nacre_error *err)
{
	const struct mount_source *s = data;
	const struct mount_object *object = NULL;
	struct mount_identity identity;
	const char *what;
	struct statfs fs;
	int r = mount_identity_read(fd, &identity, err);

	if (r < 0 || fstatfs(fd, &fs) < 0)
		return r < 0 ? r : fail_errno(err, errno, "statfs %s", path);
	what = mount_objects_kernel_type((long)fs.f_type);
	if (what)
		return mount_judge_refuse(s, false, "has mounted inside:", path, what, err);
	while ((object = mount_objects_find(&s->guard->objects, &identity, object))) {
		const struct mount_object *contained = object->other ? object->other
								     : object->engine;

		if (object->row && object->row->what)
			contained = object;
		if (contained)
			return mount_judge_refuse(s, contained->row->engine,
				"has mounted inside:", path, contained->row->what, err);
	}
	return 0;
}

int mount_guard_tree(
	const struct mount_guard *guard, size_t index, int tree_fd, struct nacre_error *err)
{
	struct mount_source source = {.guard = guard, .place = "root.path"};
	char place[48];
	int r = 0;

	if (mount_guard_looks(guard) && guard->hidden.newest)
		r = mount_below_each(tree_fd, &guard->hidden, judge_below, (void *)guard, err);
	if (r >= 0 && mount_guard_looks(guard) && guard->kept.newest)
		r = mount_below_each(tree_fd, &guard->kept, judge_below, (void *)guard, err);
	if (r < 0 || !mount_guard_judges(guard))
		return r < 0 ? r : 0;
	source.given = guard->config->root->path;
	if (index != SIZE_MAX) {
		(void)snprintf(place, sizeof(place), "mounts[%zu].source", index);
		source.place = place;
		source.given = guard->config->mounts[index].source;
	}
	(void)snprintf(source.path, sizeof(source.path), "%s", source.given);
	r = mount_identity_read(tree_fd, &source.identity, err);
	return r < 0 ? r
		     : mount_below_each(tree_fd, &guard->objects, judge_came_along, &source, err);
}

/* --- */

static void add_grant(struct mount_guard *guard, const char *text, size_t index,
	const char path[PATH_TEXT_MAX], enum mount_grant_kind kind)
{
	struct mount_grant *grant = &guard->grants[guard->n_grants++];
	/* Follows no symlink: an earlier run may have put one into a workspace, and so into the
	 * path of a grant. */
	cleanup_close int fd = sys_openat2(
		AT_FDCWD, path, O_PATH, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	*grant = (struct mount_grant){
		.kind = kind, .text = text, .index = index, .error = fd < 0 ? fd : 0};
	if (fd >= 0)
		grant->error = mount_identity_of_path(fd, "", AT_EMPTY_PATH, &grant->identity);
}

int mount_guard_init(struct mount_guard *guard, struct arena *arena,
	const struct harden_request *request, const struct oci_config *config, int state_fd,
	struct nacre_error *err)
{
	char path[PATH_TEXT_MAX];
	int r;

	*guard = (struct mount_guard){.arena = arena, .config = config};
	r = check_names(guard, err);
	if (r < 0)
		return r;
	if (!harden_has_rule(request, RULE_mount_sources))
		return 0;
	guard->grants = arena_array(arena, request->grants.n, sizeof(*guard->grants));
	guard->used = arena_array(arena, request->grants.n, sizeof(*guard->used));
	if (!guard->grants || !guard->used || harden_leaves(arena, config, &guard->left) < 0)
		return fail_errno(err, ENOMEM, "mounts");
	for (size_t i = 0; i < request->grants.n; i++) {
		for (size_t k = 0; k < sizeof(grant_kinds) / sizeof(grant_kinds[0]); k++) {
			if (harden_grant_path(request->grants.items[i], grant_kinds[k], path))
				add_grant(guard, request->grants.items[i], i, path,
					(enum mount_grant_kind)k);
		}
	}
	r = mount_objects_collect(&guard->objects, arena, err);
	if (r == 0)
		r = mount_objects_add_state(&guard->objects, state_fd, err);
	if (r == 0)
		guard->request = request;
	return r;
}
