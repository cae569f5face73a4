/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_judge.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "libcontainer/base/files.h"

/* What a source lies in. */
struct above {
	const struct mount_source *source;
	const struct mount_object *forbidden;
	bool known; /* all directories up to the root are: those above a known object are known */
	bool in_workspace;
	bool any_workspace;
};

/* --- grants --- */

static const struct mount_grant *find_grant(const struct mount_guard *guard,
	enum mount_grant_kind kind, const struct mount_identity *identity)
{
	for (size_t i = 0; i < guard->n_grants; i++) {
		const struct mount_grant *grant = &guard->grants[i];

		if (grant->kind == kind && !grant->error &&
			mount_identity_same(&grant->identity, identity))
			return grant;
	}
	return NULL;
}

static bool is_granted(
	const struct mount_source *s, enum profile_rule rule, enum mount_grant_kind kind)
{
	const struct mount_grant *grant = harden_takes_grants(s->guard->request, rule)
						  ? find_grant(s->guard, kind, &s->identity)
						  : NULL;

	if (grant)
		s->guard->used[grant->index] = true;
	return grant;
}

static bool is_engine_granted(const struct mount_source *s, const char *grant)
{
	const struct harden_request *request = s->guard->request;

	if (!harden_has_grant(request, RULE_mount_sources, grant))
		return false;
	for (size_t i = 0; i < request->grants.n; i++)
		s->guard->used[i] |= !strcmp(request->grants.items[i], grant);
	return true;
}

static int refuse(const struct mount_source *s, enum profile_rule rule, const char *grant,
	const char *text, struct nacre_error *err)
{
	int r = harden_refuse_opened(
		s->guard->arena, s->guard->request, rule, s->place, grant, text, err);

	if (strcmp(s->given, s->path) != 0)
		return fail_prefix(err, "%s leads to %s", s->given, s->path);
	return r;
}

int mount_judge_refuse(const struct mount_source *s, bool engine, const char *relation,
	const char *path, const char *what, struct nacre_error *err)
{
	struct arena *arena = s->guard->arena;
	const char *grant = engine ? "engine-socket" : arena_printf(arena, "mount:%s", s->path);
	const char *text = path && *path && strcmp(path, s->path) != 0
				   ? arena_printf(
					     arena, "%s %s %s, %s", s->path, relation, path, what)
				   : arena_printf(arena, "%s is %s", s->path, what);

	if (is_granted(s, RULE_mount_sources, MOUNT_GRANT_MOUNT) ||
		(engine && is_engine_granted(s, grant)))
		return 0;
	if (!grant || !text)
		return fail_errno(err, ENOMEM, "%s", s->place);
	return refuse(s, RULE_mount_sources, grant, text, err);
}

/* --- what it is --- */

static int judge_filesystem(const struct mount_source *s, int fd, struct nacre_error *err)
{
	const char *what;
	struct statfs fs;
	int r;

	if (fstatfs(fd, &fs) < 0)
		return fail_errno(err, errno, "statfs %s", s->given);
	what = mount_objects_kernel_type((long)fs.f_type);
	r = what ? mount_judge_refuse(s, false, "", NULL, what, err) : 0;
	if (r < 0 || (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC))
		return r;
	/* A bind of it is a cgroup mount, and needs that grant to be writable. */
	if (!s->written || !harden_has_rule(s->guard->request, RULE_kernel_mounts) ||
		harden_has_grant(s->guard->request, RULE_kernel_mounts, "cgroup-write"))
		return 0;
	return refuse(s, RULE_kernel_mounts, "cgroup-write",
		"it is in the host's cgroups, and not read-only", err);
}

static int judge_contents(
	const struct mount_source *s, const struct mount_object *below, struct nacre_error *err)
{
	return below ? mount_judge_refuse(s, below->row->engine, "contains",
			       *below->path ? below->path : "it", below->row->what, err)
		     : 0;
}

static int judge_identity(const struct mount_source *s, struct nacre_error *err)
{
	const struct mount_object *object = NULL;
	int r = 0;

	while (r == 0 && (object = mount_objects_find(&s->guard->objects, &s->identity, object))) {
		if (object->row && object->row->what)
			r = mount_judge_refuse(
				s, object->row->engine, "is", object->path, object->row->what, err);
		if (r == 0)
			r = judge_contents(s, object->engine, err);
		if (r == 0)
			r = judge_contents(s, object->other, err);
	}
	return r;
}

/* --- what it lies in --- */

static bool forbids_below(const struct mount_object *object, const struct mount_source *s)
{
	return object->row &&
	       (object->row->below == HOST_BELOW_ALL ||
		       (object->row->below == HOST_BELOW_DIRECTORIES && S_ISDIR(s->identity.mode)));
}

static int look_above(void *data, const struct mount_identity *identity)
{
	struct above *above = data;
	const struct mount_guard *guard = above->source->guard;
	const struct mount_object *object = NULL;

	above->in_workspace |= find_grant(guard, MOUNT_GRANT_WORKSPACE, identity) != NULL;
	while (!above->known && (object = mount_objects_find(&guard->objects, identity, object))) {
		for (const struct mount_object *o = object; o && !above->forbidden; o = o->above) {
			/* judge_identity has judged the source itself. */
			if (!mount_identity_same(&o->identity, &above->source->identity) &&
				forbids_below(o, above->source))
				above->forbidden = o;
		}
	}
	above->known |= mount_objects_find(&guard->objects, identity, NULL) != NULL;
	return above->known && (above->in_workspace || !above->any_workspace);
}

/* Why a grant that names the workspace does not count: it could not be opened. */
static const char *why_not_in_workspace(const struct mount_source *s)
{
	for (size_t i = 0; i < s->guard->n_grants; i++) {
		const struct mount_grant *grant = &s->guard->grants[i];

		if (grant->kind == MOUNT_GRANT_WORKSPACE && grant->error)
			return arena_printf(s->guard->arena, " (%s: %s%s)", grant->text,
				strerror(-grant->error),
				grant->error == -ELOOP ? ": name the directory without symlinks"
						       : "");
	}
	return "";
}

static int judge_workspace(
	const struct mount_source *s, const struct above *above, struct nacre_error *err)
{
	struct arena *arena = s->guard->arena;
	const char *grant, *why, *text;

	if (!s->written || !harden_has_rule(s->guard->request, RULE_writable_binds) ||
		(above->in_workspace &&
			harden_takes_grants(s->guard->request, RULE_writable_binds)))
		return 0;
	why = why_not_in_workspace(s);
	grant = arena_printf(arena, "workspace:%s", s->path);
	text = why ? arena_printf(arena, "%s is not in a workspace%s", s->path, why) : NULL;
	if (!grant || !text)
		return fail_errno(err, ENOMEM, "%s", s->place);
	return refuse(s, RULE_writable_binds, grant, text, err);
}

/* An earlier run may have put a symlink into a workspace: it does not decide what of the host the
 * next run reads. */
static int judge_way(
	const struct mount_source *s, const struct above *above, struct nacre_error *err)
{
	for (size_t i = 0; i < s->guard->n_grants && !above->in_workspace; i++) {
		const struct mount_grant *grant = &s->guard->grants[i];
		const char *rest = NULL;
		int r = 0;

		if (grant->kind == MOUNT_GRANT_WORKSPACE && !grant->error)
			r = mount_identity_below(s->given, &grant->identity, &rest, err);
		if (r == 0 && rest)
			r = mount_judge_refuse(s, false, "", NULL,
				"outside of the workspace that its name leads through", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_workspace(const struct mount_guard *guard)
{
	for (size_t i = 0; i < guard->n_grants; i++) {
		if (guard->grants[i].kind == MOUNT_GRANT_WORKSPACE)
			return true;
	}
	return false;
}

static int judge_above(const struct mount_source *s, int fd, struct nacre_error *err)
{
	struct above above = {.source = s, .any_workspace = has_workspace(s->guard)};
	int r = mount_identity_each_above(fd, look_above, &above, err);

	if (r < 0)
		return fail_prefix(err, "%s", s->given);
	r = above.forbidden ? mount_judge_refuse(s, false, "lies in", above.forbidden->path,
				      above.forbidden->row->what, err)
			    : 0;
	if (r == 0)
		r = judge_workspace(s, &above, err);
	return r == 0 ? judge_way(s, &above, err) : r;
}

static int judge_devices(const struct mount_source *s, struct nacre_error *err)
{
	const char *grant, *text;

	if (!s->devices || !harden_has_rule(s->guard->request, RULE_mount_flags) ||
		is_granted(s, RULE_mount_flags, MOUNT_GRANT_DEVICE) ||
		is_granted(s, RULE_mount_flags, MOUNT_GRANT_MOUNT))
		return 0;
	grant = arena_printf(s->guard->arena, "device:%s", s->path);
	text = arena_printf(s->guard->arena, "%s is not what a grant names", s->path);
	if (!grant || !text)
		return fail_errno(err, ENOMEM, "%s", s->place);
	return refuse(s, RULE_mount_flags, grant, text, err);
}

int mount_judge(struct mount_source *s, int fd, struct nacre_error *err)
{
	int r = mount_identity_read(fd, &s->identity, err);

	if (r < 0)
		return fail_prefix(err, "%s", s->given);
	r = file_path(fd, s->path);
	if (r < 0)
		return fail_errno(err, r, "where %s leads", s->given);
	/* "(unreachable)/x": below a mount that is not in this namespace. */
	if (s->path[0] != '/')
		return fail(err, EPERM, "%s leads out of the host's file system", s->given);
	/* Applies the text rules again, to the path without symlinks. */
	r = harden_judge_source(
		s->guard->arena, s->guard->request, s->guard->used, s->place, s->path, err);
	if (r < 0)
		return strcmp(s->given, s->path) != 0 ? fail_prefix(err, "%s leads there", s->given)
						      : r;
	r = judge_filesystem(s, fd, err);
	if (r == 0)
		r = judge_identity(s, err);
	if (r == 0)
		r = judge_above(s, fd, err);
	return r == 0 ? judge_devices(s, err) : r;
}
