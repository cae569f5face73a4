/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/place.h"
#include "libcontainer/workspace/walk_tree.h"

struct place {
	struct place *next;
	const char *path;
	const char *moved_to; /* NULL: to be removed */
	const char *inner; /* the part of PATH in a repository; NULL: it is in none */
};

struct check {
	struct arena *arena;
	const struct workspace_walk *walk;
	struct place *pending;
	size_t *entries;
	struct walk_source_verdict verdict;
	bool judges; /* names are judged, until a protected one is found */
	enum workspace_rule_id named; /* the rule of that name */
};

bool workspace_walk_is_late(const struct workspace_walk *walk, const struct statx_timestamp *time)
{
	return place_is_late(place_time(time), walk->created);
}

int walk_source_stat(const struct workspace_walk *walk, const char *path, struct statx *ret)
{
	cleanup_close int fd = walk_open(walk->source_fd, path, O_PATH);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, ret) < 0)
		return -errno;
	return 1;
}

/* INNER: as of a place, or NULL. */
static int add_place(struct check *check, const char *path, const char *moved_to, const char *inner,
	struct nacre_error *err)
{
	struct place *place = arena_alloc(check->arena, sizeof(*place));

	if (!place || !path)
		return arena_fail(check->arena, "changes of a workspace", err);
	*place = (struct place){check->pending, path, moved_to, inner};
	check->pending = place;
	return 0;
}

/* Returns the rule that PATH breaks by its name, WORKSPACE_RULES for none. */
static enum workspace_rule_id judge_name(const struct check *check, enum workspace_kind kind,
	const char *path, const char *inner, bool is_directory)
{
	struct workspace_change change = {.kind = kind,
		.type = is_directory ? WORKSPACE_DIRECTORY : WORKSPACE_FILE,
		.path = path};
	const struct workspace_surroundings around = {
		.below_repository = inner ? path + strlen(path) - strlen(inner) : NULL,
		.protect = check->walk->protect,
		.targets = check->walk->targets};

	workspace_rules_judge(&change, &around);
	return change.refused ? (enum workspace_rule_id)(
					workspace_rule_of(change.refused) - workspace_rules)
			      : WORKSPACE_RULES;
}

/* Judges NAME of DIRECTORY, which is removed from there, or comes there. */
static int check_name(struct check *check, enum workspace_kind kind, const char *directory,
	const char *name, const char *inner, bool is_directory, struct nacre_error *err)
{
	char path[PATH_TEXT_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
	enum workspace_rule_id id = WORKSPACE_RULE_PATH;

	if (length > 0 && (size_t)length < sizeof(path))
		id = judge_name(check, kind, path, inner, is_directory);
	if (id == WORKSPACE_RULES)
		return 0;
	if (!workspace_rules[id].named) {
		check->verdict.refused = id;
		return 0;
	}
	check->judges = false;
	check->named = id;
	check->verdict.inside = arena_strdup(check->arena, path);
	return check->verdict.inside ? 0 : arena_fail(check->arena, "changes of a workspace", err);
}

/* Judges NAME of PLACE at its old path and at its new one. INNER: of NAME. */
static int check_names(struct check *check, const struct place *place, const char *name,
	const char *inner, bool is_directory, struct nacre_error *err)
{
	int r = 0;

	if ((*check->entries)++ >= check->walk->max_changes)
		return fail(err, E2BIG,
			"more than %zu files in directories of the source that were removed or "
			"renamed; allow more with --max-changes",
			check->walk->max_changes);
	if (check->judges)
		r = check_name(
			check, WORKSPACE_DELETED, place->path, name, inner, is_directory, err);
	if (r == 0 && check->judges && place->moved_to)
		r = check_name(
			check, WORKSPACE_ADDED, place->moved_to, name, inner, is_directory, err);
	return r;
}

static int check_link(struct check *check, const struct place *place, int fd, const char *name,
	struct nacre_error *err)
{
	char target[PATH_TEXT_MAX];
	ssize_t length = readlinkat(fd, name, target, sizeof(target) - 1);
	const char *path = walk_join(check->arena, place->moved_to, name);

	if (!path)
		return arena_fail(check->arena, "changes of a workspace", err);
	if (length < 0) {
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	target[length] = '\0';
	if (workspace_rules_link_leaves(path, target))
		check->verdict.refused = WORKSPACE_RULE_LINK;
	return 0;
}

static int check_entry(struct check *check, const struct place *place, int fd, const char *name,
	struct nacre_error *err)
{
	struct statx stx;
	const char *moved_to = NULL, *inner = NULL;
	int r;

	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &stx) < 0) {
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	if (place->inner) {
		inner = walk_join(check->arena, place->inner, name);
		if (!inner)
			return arena_fail(check->arena, "changes of a workspace", err);
	}
	r = check_names(check, place, name, inner, S_ISDIR(stx.stx_mode), err);
	if (r < 0)
		return r;
	if (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		check->verdict.refused = WORKSPACE_RULE_MOUNT;
	else if (workspace_walk_is_late(check->walk, &stx.stx_ctime) && !place->moved_to)
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
	else if (S_ISLNK(stx.stx_mode) && place->moved_to)
		return check_link(check, place, fd, name, err);
	if (!S_ISDIR(stx.stx_mode) || check->verdict.refused < WORKSPACE_RULES)
		return 0;
	if (place->moved_to) {
		moved_to = walk_join(check->arena, place->moved_to, name);
		if (!moved_to)
			return arena_fail(check->arena, "changes of a workspace", err);
	}
	return add_place(check, walk_join(check->arena, place->path, name), moved_to, inner, err);
}

static bool is_repository(const char *const *names, size_t n)
{
	struct workspace_repository_parts parts = {false};

	for (size_t i = 0; i < n; i++)
		workspace_rules_add_part(&parts, names[i]);
	return workspace_rules_is_repository(&parts);
}

static int check_place(struct check *check, struct place *place, struct nacre_error *err)
{
	cleanup_close int fd = walk_open(
		check->walk->source_fd, place->path, O_RDONLY | O_DIRECTORY);
	const char **names = NULL;
	size_t n = 0;
	int r;

	if (fd == -EACCES || fd == -EXDEV || fd == -ENAMETOOLONG) {
		check->verdict.refused = fd == -EACCES	? WORKSPACE_RULE_UNREADABLE
					 : fd == -EXDEV ? WORKSPACE_RULE_MOUNT
							: WORKSPACE_RULE_PATH;
		return 0;
	}
	/* It was there a moment ago. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) {
		check->verdict.conflict = WORKSPACE_CONFLICT_CHANGED;
		return 0;
	}
	if (fd < 0)
		return walk_fail(err, fd, "open", place->path);
	r = walk_names(check->arena, fd, &names, &n, err);
	if (r == 0 && is_repository(names, n))
		place->inner = "";
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_entry(check, place, fd, names[i], err);
	return r < 0 ? fail_prefix(err, "the source") : 0;
}

int walk_source_check(struct arena *arena, const struct workspace_walk *walk, const char *path,
	const char *moved_to, size_t *entries, struct walk_source_verdict *ret,
	struct nacre_error *err)
{
	struct check check = {.arena = arena,
		.walk = walk,
		.entries = entries,
		.verdict = {.refused = WORKSPACE_RULES},
		.named = WORKSPACE_RULES};
	int r = add_place(&check, path, moved_to, NULL, err);

	/* A directory that is protected itself is refused by its own name. */
	check.judges = judge_name(&check, WORKSPACE_DELETED, path, NULL, true) == WORKSPACE_RULES &&
		       (!moved_to || judge_name(&check, WORKSPACE_ADDED, moved_to, NULL, true) ==
					     WORKSPACE_RULES);
	while (r == 0 && check.pending && check.verdict.refused == WORKSPACE_RULES) {
		struct place *place = check.pending;

		check.pending = place->next;
		r = check_place(&check, place, err);
	}
	if (check.verdict.refused == WORKSPACE_RULES)
		check.verdict.refused = check.named;
	else
		check.verdict.inside = NULL;
	if (r == 0)
		*ret = check.verdict;
	return r;
}

void walk_source_tell(const struct walk_source_verdict *verdict, struct workspace_change *change)
{
	if (verdict->conflict)
		change->conflict = verdict->conflict;
	/* A refusal that cannot be lifted stays. */
	if (verdict->refused == WORKSPACE_RULES ||
		(change->refused && !change->named && workspace_rules[verdict->refused].named))
		return;
	workspace_rules_refuse(change, verdict->refused);
	change->inside = verdict->inside;
}
