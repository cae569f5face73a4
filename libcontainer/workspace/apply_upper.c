/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/apply_own.h"
#include "specs/workspace_redirect.h"

/*
 * Tidies the upper of an overlay after an apply. An opaque directory hides what the source has
 * below it, so an entry that goes from it to the source would seem deleted. So before an entry
 * leaves it, whiteouts replace the opaque mark, one per hidden name. After each step the overlay
 * shows the same as before, and each step can be repeated.
 */

static const char *attribute(const struct apply_place *p, const char *name, char buffer[64])
{
	(void)snprintf(buffer, 64, "%s.overlay.%s", p->user_xattr ? "user" : "trusted", name);
	return buffer;
}

static int is_opaque(const struct apply_place *p, int dir_fd)
{
	char name[64], value[2];
	ssize_t n = fgetxattr(dir_fd, attribute(p, "opaque", name), value, sizeof(value));

	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	return n == 1 && value[0] == 'y';
}

static int set_attribute(
	const struct apply_place *p, int dir_fd, const char *word, const char *value)
{
	char name[64];

	(void)attribute(p, word, name);
	if (value)
		return fsetxattr(dir_fd, name, value, strlen(value), 0) < 0 ? -errno : 0;
	return fremovexattr(dir_fd, name) < 0 && errno != ENODATA && errno != EOPNOTSUPP ? -errno
											 : 0;
}

/* Whether a directory was renamed. */
static int is_redirected(const struct apply_place *p, int dir_fd)
{
	char name[64];

	if (fgetxattr(dir_fd, attribute(p, "redirect", name), NULL, 0) >= 0)
		return 1;
	return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
}

/* Whether overlay finds what is below the directory WAY at another path. One that was renamed and
 * back again keeps a redirect, to itself. */
static int leads_elsewhere(const struct apply_place *p, int dir_fd, const char *way)
{
	char name[64], value[PATH_TEXT_MAX], parent[PATH_TEXT_MAX], from[PATH_TEXT_MAX];
	const char *slash = strrchr(way, '/');
	ssize_t n = fgetxattr(dir_fd, attribute(p, "redirect", name), value, sizeof(value));

	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : errno == ERANGE ? 1 : -errno;
	if (snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - way) : 0, way) >=
		(int)sizeof(parent))
		return -ENAMETOOLONG;
	return workspace_redirect_decode(value, (size_t)n, parent, from) < 0 ||
	       strcmp(from, way) != 0;
}

/* Hides NAME, which the source has. A renamed directory needs no mark: its redirect hides what was
 * at its path, applied or not, and the source may have its own content there by now. */
static int hide(const struct apply_place *p, int upper_fd, const char *name, bool directory)
{
	struct place_object there;
	cleanup_close int fd = -1;
	int r = place_look(upper_fd, name, &there);

	if (r < 0)
		return r;
	if (!there.mode)
		return mknodat(upper_fd, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
	if (!directory || !S_ISDIR(there.mode))
		return 0;
	fd = place_open_entry(upper_fd, name, O_RDONLY | O_DIRECTORY);
	r = fd < 0 ? fd : is_redirected(p, fd);
	return r ? (r < 0 ? r : 0) : set_attribute(p, fd, "opaque", "y");
}

/* Replaces the opaque mark of UPPER_FD, whose path is PATH, by marks per name. A name that the
 * source does not have needs none. */
static int hide_by_name(const struct apply_place *p, int upper_fd, const char *path)
{
	cleanup_close int fd = place_open_entry(p->source_fd, path, O_RDONLY | O_DIRECTORY);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (!dir)
		return fd < 0 ? fd : -errno;
	fd = -1;
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		struct place_object there;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = place_look(dirfd(dir), entry->d_name, &there);
		if (r == 0 && there.mode)
			r = hide(p, upper_fd, entry->d_name, S_ISDIR(there.mode));
	}
	if (r == 0)
		r = -errno;
	return r < 0 ? r : set_attribute(p, upper_fd, "opaque", NULL);
}

/* Calls LOOK for each directory of the upper on the way to PATH, outer ones first; with ITSELF, for
 * PATH too. Ends when LOOK does not return 0, and returns that. -ENOENT: the way ends in the upper.
 */
static int follow_way(const struct apply_place *p, const char *path, bool itself,
	int (*look)(const struct apply_place *p, int dir_fd, const char *way))
{
	char way[PATH_MAX];
	const size_t length = strlen(path);
	int r = length < sizeof(way) ? 0 : -ENAMETOOLONG;

	for (size_t i = 1; i <= length && r == 0; i++) {
		cleanup_close int fd = -1;

		if (i < length ? path[i] != '/' : !itself)
			continue;
		memcpy(way, path, i);
		way[i] = '\0';
		fd = place_open_entry(p->upper_fd, way, O_RDONLY | O_DIRECTORY);
		r = fd < 0 ? fd : look(p, fd, way);
	}
	return r;
}

static int spread_opaque(const struct apply_place *p, int dir_fd, const char *way)
{
	int r = is_opaque(p, dir_fd);

	return r > 0 ? hide_by_name(p, dir_fd, way) : r;
}

/* Replaces the opaque marks on the way to PATH; with ITSELF, of PATH too. As follow_way. */
static int open_way(const struct apply_place *p, const char *path, bool itself)
{
	return follow_way(p, path, itself, spread_opaque);
}

/* Removes what is at PATH of the upper, unless it is a directory. WHITEOUT: only a whiteout. */
static int drop(const struct apply_place *p, const char *path, bool whiteout)
{
	const char *name;
	cleanup_close int dir_fd = place_open(p->upper_fd, path, &name);
	struct place_object there;
	int r = dir_fd < 0 ? dir_fd : place_look(dir_fd, name, &there);

	if (r < 0)
		return r;
	if (!there.mode || S_ISDIR(there.mode) || (whiteout && !S_ISCHR(there.mode)))
		return 0;
	return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Changes the redirect of a directory that was renamed out of FROM, which is TO by now. */
static int move_redirect(const struct apply_place *p, int dir_fd, const char *from, const char *to)
{
	char name[64], value[PATH_MAX], moved[PATH_MAX];
	ssize_t n = fgetxattr(dir_fd, attribute(p, "redirect", name), value, sizeof(value) - 1);
	const size_t length = strlen(from);

	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP || errno == ERANGE ? 0 : -errno;
	value[n] = '\0';
	if (value[0] != '/' || !place_within(value + 1, from) || value[1 + length] != '/')
		return 0;
	if (snprintf(moved, sizeof(moved), "/%s%s", to, value + 1 + length) >= (int)sizeof(moved))
		return 0; /* the next diff does not find it, and reports that */
	return set_attribute(p, dir_fd, "redirect", moved);
}

struct pending {
	struct pending *next;
	const char *path;
};

static int add(
	const struct apply_place *p, const char *path, const char *name, struct pending **list)
{
	struct pending *more = arena_alloc(p->arena, sizeof(*more));

	if (more)
		*more = (struct pending){*list, arena_printf(p->arena, "%s/%s", path, name)};
	if (!more || !more->path)
		return -ENOMEM;
	*list = more;
	return 0;
}

/* Changes the redirect of PATH itself, and adds the directories in it to LIST. A path longer than a
 * system call takes has no rename. */
static int move_in(const struct apply_place *p, const char *path, const char *from, const char *to,
	struct pending **list)
{
	cleanup_close int fd = place_open_entry(p->upper_fd, path, O_RDONLY | O_DIRECTORY);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r;

	if (fd == -ENOTDIR || fd == -ENAMETOOLONG || fd == -EXDEV || fd == -ENOENT)
		return 0;
	if (!dir)
		return fd < 0 ? fd : -errno;
	fd = -1;
	r = move_redirect(p, dirfd(dir), from, to);
	while (r == 0 && (errno = 0, entry = readdir(dir)))
		if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
			strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = add(p, path, entry->d_name, list);
	return r < 0 ? r : -errno;
}

/* Changes all redirects at and below TOP. */
static int move_redirects(
	const struct apply_place *p, const char *top, const char *from, const char *to)
{
	struct pending first = {NULL, top}, *list = &first;
	int r = 0;

	while (r == 0 && list) {
		const char *path = list->path;

		list = list->next;
		r = move_in(p, path, from, to, &list);
	}
	return r;
}

static int hides_source(const struct apply_place *p, int dir_fd, const char *way)
{
	int r = leads_elsewhere(p, dir_fd, way);

	return r ? r : is_opaque(p, dir_fd);
}

/* Whether a directory on the way to PATH hides what the source has at PATH: one that was renamed to
 * its place, or an opaque one. A whiteout below it would be one of other content. Returns 1, 0 or
 * -errno. */
static int is_hidden(const struct apply_place *p, const char *path)
{
	int r = follow_way(p, path, false, hides_source);

	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static int forget_rename(const struct apply_place *p, const struct apply_step *step)
{
	cleanup_close int fd = place_open_entry(p->upper_fd, step->path, O_RDONLY | O_DIRECTORY);
	int r = fd < 0 ? fd : set_attribute(p, fd, "redirect", NULL);

	if (r == 0)
		r = move_redirects(p, step->path, step->from, step->path);
	if (r == 0)
		r = is_hidden(p, step->from);
	return r ? (r < 0 ? r : 0) : drop(p, step->from, true);
}

int apply_leave_upper(
	const struct apply_place *p, const struct apply_step *step, struct nacre_error *err)
{
	int r;

	if (p->upper_fd < 0) /* in memory, and gone since a reboot */
		return 0;
	r = open_way(p, step->path, step->action == APPLY_DIRECTORY || step->action == APPLY_MODE);

	if (r == 0 && step->action == APPLY_RENAME)
		r = forget_rename(p, step);
	else if (r == 0 && step->action != APPLY_MODE && step->action != APPLY_DIRECTORY)
		r = drop(p, step->path, step->action == APPLY_DELETE);
	/* A whiteout further up hides it as well. */
	if (r == 0 || r == -ENOENT || r == -ENOTDIR)
		return 0;
	return fail_errno(err, r, "tidy \"%s\" in the workspace", step->path);
}

/* Marks PATH of the source as deleted; DIRECTORY: it is one there. Makes no directory for that: if
 * there is none, a mark further up hides it. */
static int put_whiteout(const struct apply_place *p, const char *path, bool directory)
{
	const char *name;
	cleanup_close int dir_fd = place_open(p->upper_fd, path, &name);
	int r;

	if (dir_fd == -ENOENT || dir_fd == -ENOTDIR)
		return 0;
	r = dir_fd < 0 ? dir_fd : is_hidden(p, path);
	if (r)
		return r < 0 ? r : 0;
	/* What the container has there by now is not what the source has. */
	return hide(p, dir_fd, name, directory);
}

static int put_rename(const struct apply_place *p, const struct apply_step *step)
{
	cleanup_close int fd = place_open_entry(p->upper_fd, step->path, O_RDONLY | O_DIRECTORY);
	char from[PATH_MAX];
	int r;

	(void)snprintf(from, sizeof(from), "/%s", step->from);
	r = fd < 0 ? fd : move_redirects(p, step->path, step->path, step->from);
	if (r == 0)
		r = set_attribute(p, fd, "redirect", from);
	if (r == 0)
		r = put_whiteout(p, step->from, true);
	if (r < 0 && fd >= 0) {
		(void)set_attribute(p, fd, "redirect", NULL);
		(void)move_redirects(p, step->path, step->from, step->path);
	}
	return r;
}

int apply_mark_upper(const struct apply_place *p, const struct apply_step *step)
{
	if (p->upper_fd < 0)
		return 0;
	return step->action == APPLY_RENAME ? put_rename(p, step)
					    : put_whiteout(p, step->path, S_ISDIR(step->old.mode));
}
