/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_below.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"

enum {
	MOUNTINFO_MAX = 64 * 1024 * 1024,
};

/* A line of /proc/self/mountinfo, proc(5). */
struct line {
	uint64_t id;
	uint64_t parent;
	uint64_t device;
	char *path;
	const char *type;
	bool below; /* the mount in question */
};

struct table {
	struct line *lines;
	size_t n;
};

static void done(struct table *table)
{
	free(table->lines);
}

/* Blank, tab, newline and backslash stand as octal escapes. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; to++) {
		if (p[0] == '\\' && p[1] && p[2] && p[3]) {
			*to = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw". */
static bool parse(char *text, struct line *line)
{
	char *type = strstr(text, " - ");
	unsigned major, minor;
	int at = 0;

	if (!type ||
		sscanf(text, "%" SCNu64 " %" SCNu64 " %u:%u %*s %n", &line->id, &line->parent,
			&major, &minor, &at) != 4 ||
		!at)
		return false;
	line->device = makedev(major, minor);
	line->path = text + at;
	line->path[strcspn(line->path, " ")] = '\0';
	unescape(line->path);
	line->type = type + 3;
	type[3 + strcspn(type + 3, " ")] = '\0';
	return true;
}

static int read_table(char *text, struct table *table, struct nacre_error *err)
{
	char *save = NULL;
	size_t room = 0;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (table->n == room) {
			struct line *more;

			room = room ? 2 * room : 64;
			more = reallocarray(table->lines, room, sizeof(*more));
			if (!more)
				return fail_errno(err, ENOMEM, "mountinfo");
			table->lines = more;
		}
		table->lines[table->n] = (struct line){.below = false};
		if (!parse(line, &table->lines[table->n++]))
			return fail(err, EPROTO, "/proc/self/mountinfo: a line is not understood");
	}
	return 0;
}

static const struct line *find(const struct table *table, uint64_t id)
{
	for (size_t i = 0; i < table->n; i++) {
		if (table->lines[i].id == id)
			return &table->lines[i];
	}
	return NULL;
}

/* Children may stand before their parents. */
static bool mark_below(struct table *table, uint64_t id)
{
	bool any = false, more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < table->n; i++) {
			struct line *line = &table->lines[i];
			const struct line *parent = line->below || line->id == id
							    ? NULL
							    : find(table, line->parent);

			if (parent && (parent->id == id || parent->below))
				line->below = more = any = true;
		}
	}
	return any;
}

/* A btrfs gives its subvolumes numbers that mountinfo does not have. */
static bool may_be_object(const struct line *line, const struct mount_objects *objects)
{
	if (mount_objects_is_kernel_type(line->type) || !strcmp(line->type, "btrfs"))
		return true;
	for (const struct mount_object *o = objects->newest; o; o = o->next) {
		if (o->identity.device == line->device)
			return true;
	}
	return false;
}

/* One that is covered by another of them cannot be reached, and the other is judged. */
static int visit(const struct table *table, const struct line *line,
	int (*each)(void *data, int fd, const char *path, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	cleanup_close int fd = sys_openat2(AT_FDCWD, line->path, O_PATH | O_NOFOLLOW, 0,
		RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	struct mount_identity identity;
	const struct line *found;
	int r;

	if (fd < 0)
		return fail_errno(err, fd, "open the mount %s", line->path);
	r = mount_identity_read(fd, &identity, err);
	if (r < 0)
		return r;
	if (identity.mount == line->id)
		return each(data, fd, line->path, err);
	found = find(table, identity.mount);
	return found && found->below
		       ? 0
		       : fail(err, ESTALE, "%s is not the mount that it was", line->path);
}

int mount_below_each(int tree_fd, const struct mount_objects *objects,
	int (*each)(void *data, int fd, const char *path, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	__attribute__((cleanup(done))) struct table table = {.n = 0};
	cleanup_free char *text = NULL;
	struct mount_identity root;
	struct statx stx;
	int r;

	/* Most often there are none, and this knows it at once. */
	if (statx(tree_fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &stx) == 0 &&
		stx.stx_mask & STATX_MNT_ID_UNIQUE && sys_listmount_any(stx.stx_mnt_id) == 0)
		return 0;
	r = mount_identity_read(tree_fd, &root, err);
	if (r == 0)
		r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err);
	if (r == 0)
		r = read_table(text, &table, err);
	if (r < 0)
		return r;
	if (!find(&table, root.mount))
		return fail(err, EPROTO, "/proc/self/mountinfo does not have the mount");
	if (!mark_below(&table, root.mount))
		return 0;
	for (size_t i = 0; i < table.n; i++) {
		const struct line *line = &table.lines[i];

		r = line->below && may_be_object(line, objects)
			    ? visit(&table, line, each, data, err)
			    : 0;
		if (r != 0)
			return r;
	}
	return 1;
}
