/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_below.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mountinfo.h"

enum {
	MOUNTINFO_MAX = 64 * 1024 * 1024,
};

struct line {
	struct mountinfo mount;
	bool below; /* the mount in question */
};

struct table {
	struct line *lines;
	size_t n;
};

/* A tree, and its line of the table. */
struct visited {
	const struct table *table;
	int fd;
	const struct line *top;
};

static void done(struct table *table)
{
	free(table->lines);
}

static int read_table(char *text, struct table *table, struct nacre_error *err)
{
	struct mountinfo mount;
	size_t room = 0;
	int r;

	while ((r = mountinfo_next(&text, "self/mountinfo", &mount, err)) > 0) {
		if (table->n == room) {
			struct line *more;

			room = room ? 2 * room : 64;
			more = reallocarray(table->lines, room, sizeof(*more));
			if (!more)
				return fail_errno(err, ENOMEM, "mountinfo");
			table->lines = more;
		}
		table->lines[table->n++] = (struct line){.mount = mount};
	}
	return r;
}

static const struct line *find(const struct table *table, uint64_t id)
{
	for (size_t i = 0; i < table->n; i++) {
		if (table->lines[i].mount.id == id)
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
			const struct line *parent = line->below || line->mount.id == id
							    ? NULL
							    : find(table, line->mount.parent);

			if (parent && (parent->mount.id == id || parent->below))
				line->below = more = any = true;
		}
	}
	return any;
}

/* A btrfs gives its subvolumes numbers that mountinfo does not have. */
static bool may_be_object(const struct line *line, const struct mount_objects *objects)
{
	if (mount_objects_is_kernel_type(line->mount.type) || !strcmp(line->mount.type, "btrfs"))
		return true;
	for (const struct mount_object *o = objects->newest; o; o = o->next) {
		if (o->identity.device == line->mount.device)
			return true;
	}
	return false;
}

/* Opens a mount from the tree down: the tree need not lie below the process's "/", as below a root
 * that is a tmpfs. What lies on the tree itself is found by its path alone. */
static int open_below(const struct visited *tree, const struct line *line)
{
	const char *path = line->mount.path, *top = tree->top->mount.path;
	const size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);
	const bool inside = strncmp(path, top, length) == 0 && path[length] == '/' &&
			    path[length + 1];

	return sys_openat2(inside ? tree->fd : AT_FDCWD, inside ? path + length + 1 : path,
		O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* Skips a mount that is covered by another of them: it cannot be reached, and the other is
 * judged. */
static int visit(const struct visited *tree, const struct line *line,
	int (*each)(void *data, int fd, const char *path, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	cleanup_close int fd = open_below(tree, line);
	struct mount_identity identity;
	const struct line *found;
	int r;

	if (fd < 0)
		return fail_errno(err, fd, "open the mount %s", line->mount.path);
	r = mount_identity_read(fd, &identity, err);
	if (r < 0)
		return r;
	if (identity.mount == line->mount.id)
		return each(data, fd, line->mount.path, err);
	found = find(tree->table, identity.mount);
	return found && found->below
		       ? 0
		       : fail(err, ESTALE, "%s is not the mount that it was", line->mount.path);
}

int mount_below_any(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &stx) < 0)
		return -errno;
	return stx.stx_mask & STATX_MNT_ID_UNIQUE ? sys_listmount_any(stx.stx_mnt_id) : -ENOSYS;
}

int mount_below_each(int tree_fd, const struct mount_objects *objects,
	int (*each)(void *data, int fd, const char *path, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	__attribute__((cleanup(done))) struct table table = {.n = 0};
	cleanup_free char *text = NULL;
	struct visited tree = {.table = &table, .fd = tree_fd};
	struct mount_identity root;
	int r;

	/* Most often there are none. */
	if (mount_below_any(tree_fd) == 0)
		return 0;
	r = mount_identity_read(tree_fd, &root, err);
	if (r == 0)
		r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err);
	if (r == 0)
		r = read_table(text, &table, err);
	if (r < 0)
		return r;
	tree.top = find(&table, root.mount);
	if (!tree.top)
		return fail(err, EPROTO, "/proc/self/mountinfo does not have the mount");
	if (!mark_below(&table, root.mount))
		return 0;
	for (size_t i = 0; i < table.n; i++) {
		const struct line *line = &table.lines[i];

		r = line->below && may_be_object(line, objects)
			    ? visit(&tree, line, each, data, err)
			    : 0;
		if (r != 0)
			return r;
	}
	return 1;
}
