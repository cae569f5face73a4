/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_targets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/walk_tree.h"

enum {
	TARGETS_MAX = 4096, /* each is compared with each name */
	LINKS_MAX = 40, /* MAXSYMLINKS of the kernel */
};

struct directory {
	struct directory *next;
	const char *path;
};

struct search {
	struct arena *arena;
	const struct workspace_walk *walk;
	struct directory *pending;
	struct oci_strings found;
	size_t entries; /* that were read */
};

/* A path on its way through the source. */
struct way {
	char at[PATH_TEXT_MAX]; /* without links */
	char rest[PATH_TEXT_MAX];
	size_t links;
	bool gone; /* AT is not there: the rest is not either */
};

static int add_directory(struct search *s, const char *path, struct nacre_error *err)
{
	struct directory *d = arena_alloc(s->arena, sizeof(*d));

	if (!d)
		return arena_fail(s->arena, "links of the source", err);
	*d = (struct directory){s->pending, arena_strdup(s->arena, path)};
	if (!d->path)
		return arena_fail(s->arena, "links of the source", err);
	s->pending = d;
	return 0;
}

/* Returns 1 if PATH is new, 0 if it was there. */
static int add_target(struct search *s, const char *path, struct nacre_error *err)
{
	for (size_t i = 0; i < s->found.n; i++)
		if (!strcmp(s->found.items[i] + 1, path))
			return 0;
	if (s->found.n == TARGETS_MAX)
		return fail(err, E2BIG, "more than %d links with protected names in the source",
			TARGETS_MAX);
	if (!s->found.items)
		s->found.items = arena_array(s->arena, TARGETS_MAX, sizeof(const char *));
	if (!s->found.items)
		return arena_fail(s->arena, "links of the source", err);
	s->found.items[s->found.n] = arena_printf(s->arena, "/%s", path);
	if (!s->found.items[s->found.n])
		return arena_fail(s->arena, "links of the source", err);
	s->found.n++;
	return 1;
}

/* Puts the target of the link FD before the rest. Returns false: it leads out, or nowhere. */
static bool turn(const struct workspace_walk *walk, struct way *way, int fd)
{
	char target[PATH_TEXT_MAX], whole[PATH_TEXT_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
	const char *inside = target;
	int length;

	if (n <= 0 || ++way->links > LINKS_MAX)
		return false;
	target[n] = '\0';
	if (*target == '/') {
		if (!walk->source || !path_within(target, walk->source))
			return false;
		inside += strlen(walk->source);
		way->at[0] = '\0';
	}
	length = snprintf(whole, sizeof(whole), "%s/%s", inside, way->rest);
	if (length < 0 || (size_t)length >= sizeof(whole))
		return false;
	memcpy(way->rest, whole, (size_t)length + 1);
	return true;
}

/* Goes on by NAME, of N bytes. Returns 0 if there is nowhere to go. */
static int step(
	struct search *s, struct way *way, const char *name, size_t n, struct nacre_error *err)
{
	const size_t length = strlen(way->at);
	cleanup_close int fd = -1;
	struct stat st;
	char *slash;

	if (n == 2 && !strncmp(name, "..", 2)) {
		slash = strrchr(way->at, '/');
		*(slash ? slash : way->at) = '\0';
		return length > 0;
	}
	if (length + n + 2 > sizeof(way->at))
		return 0;
	(void)snprintf(way->at + length, sizeof(way->at) - length, "%s%.*s", length ? "/" : "",
		(int)n, name);
	if (way->gone)
		return 1;
	fd = walk_open(s->walk->source_fd, way->at, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0)
		way->gone = true;
	else if (S_ISLNK(st.st_mode)) {
		/* A link on the way is a target as well: another link there would lead
		 * elsewhere. */
		int r = way->links ? add_target(s, way->at, err) : 0;

		way->at[length] = '\0';
		return r < 0 ? r : turn(s->walk, way, fd);
	}
	return 1;
}

/* Follows the link PATH. */
static int follow(struct search *s, const char *path, struct nacre_error *err)
{
	struct way way = {.links = 0};
	cleanup_close int fd = -1;
	int r = 1;

	(void)snprintf(way.rest, sizeof(way.rest), "%s", path);
	while (r > 0 && *way.rest) {
		char name[PATH_TEXT_MAX];
		size_t n = strcspn(way.rest, "/"), skip = n + (way.rest[n] == '/');

		memcpy(name, way.rest, n);
		memmove(way.rest, way.rest + skip, strlen(way.rest + skip) + 1);
		if (n > 0 && !(n == 1 && *name == '.'))
			r = step(s, &way, name, n, err);
	}
	if (r <= 0 || !*way.at)
		return r < 0 ? r : 0;
	r = add_target(s, way.at, err);
	if (r <= 0 || way.gone)
		return r < 0 ? r : 0;
	fd = walk_open(s->walk->source_fd, way.at, O_PATH | O_DIRECTORY);
	return fd < 0 ? 0 : add_directory(s, way.at, err);
}

/* Whether PATH, below a repository's .git, is one of the places where links are looked for. */
static bool is_looked_at(const char *path)
{
	const char *git = !strncmp(path, ".git/", strlen(".git/")) ? path : strstr(path, "/.git/");
	const char *inner = git ? strstr(git, ".git/") + strlen(".git/") : "";

	return !git || !strncmp(inner, "hooks", strlen("hooks")) ||
	       !strncmp(inner, "info", strlen("info"));
}

static int look_at(
	struct search *s, int dir_fd, const char *path, const char *name, struct nacre_error *err)
{
	const struct workspace_surroundings around = {
		.protect = s->walk->protect, .targets = &s->found};
	struct workspace_change change = {.kind = WORKSPACE_MODIFIED, .path = path};
	struct stat st;

	workspace_rules_judge(&change, &around);
	if (!change.refused || !change.named || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return follow(s, path, err);
	return S_ISDIR(st.st_mode) && is_looked_at(path) ? add_directory(s, path, err) : 0;
}

static int read_directory(struct search *s, const char *path, struct nacre_error *err)
{
	cleanup_close int fd = walk_open(s->walk->source_fd, path, O_RDONLY | O_DIRECTORY);
	const char **names = NULL;
	size_t n = 0;
	int r;

	/* The caller cannot read it, or it was removed meanwhile. */
	if (fd < 0)
		return *path ? 0 : walk_fail(err, fd, "open", path);
	r = walk_names(s->arena, fd, &names, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *whole = walk_join(s->arena, path, names[i]);

		if (!whole)
			return arena_fail(s->arena, "links of the source", err);
		if (s->entries++ >= WORKSPACE_MAX_CHANGES)
			return fail(
				err, E2BIG, "too many files with protected names in the source");
		r = look_at(s, fd, whole, names[i], err);
	}
	return r;
}

int walk_targets_find(struct arena *arena, const struct workspace_walk *walk,
	struct oci_strings *ret, struct nacre_error *err)
{
	struct search s = {.arena = arena, .walk = walk};
	int r = add_directory(&s, "", err);

	while (r == 0 && s.pending) {
		const char *path = s.pending->path;

		s.pending = s.pending->next;
		r = read_directory(&s, path, err);
	}
	*ret = s.found;
	return r < 0 ? fail_prefix(err, "the source") : 0;
}
