/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_shift_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_flags.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/mount_shift_layers.h"

enum {
	OWN_FDS = 2, /* upperdir, workdir */
};

/* The second overlay, while it is made. */
struct remake {
	struct arena *arena;
	const struct mount_shift *shift;
	struct mount_shift_layers layers;
	struct base {
		const char *path;
		int fd; /* mapped */
	} * bases;
	size_t n_bases;
	struct filesystem_fd *fds; /* the mapped layers, in the order of LAYERS, then the others */
	size_t n_fds;
	int tree_fd; /* tmpfs of upperdir and workdir: a detached mount ends with its fd */
};

static void release(struct remake *m)
{
	while (m->n_fds)
		(void)close(m->fds[--m->n_fds].fd);
	while (m->n_bases)
		(void)close(m->bases[--m->n_bases].fd);
	fd_close(&m->tree_fd);
}

static int cannot(const char *why, struct nacre_error *err)
{
	return fail(err, EOPNOTSUPP, "the root is an overlay, and %s", why);
}

static void add_fd(struct remake *m, const char *key, int fd)
{
	m->fds[m->n_fds++] = (struct filesystem_fd){key, fd};
}

int mount_shift_clone(int fd, int userns_fd)
{
	const struct sys_mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns_fd,
	};
	cleanup_close int clone_fd = sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	int r = clone_fd < 0 ? clone_fd : sys_mount_setattr(clone_fd, "", AT_EMPTY_PATH, &attr);

	return r < 0 ? r : fd_steal(&clone_fd);
}

/* Layers mostly lie below one directory and share one mapped clone of it: each clone costs the
 * kernel a grace period when it ends. Returns its fd. */
static int find_base(struct remake *m, const char *path)
{
	cleanup_close int fd = -1;
	int mapped_fd;

	for (size_t i = 0; i < m->n_bases; i++)
		if (!strcmp(m->bases[i].path, path))
			return m->bases[i].fd;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mapped_fd = fd < 0 ? -errno : mount_shift_clone(fd, m->shift->userns_fd);
	if (mapped_fd >= 0)
		m->bases[m->n_bases++] = (struct base){path, mapped_fd};
	return mapped_fd;
}

/* Opens the layer in the mapped clone of its base; -ENOENT: another directory is there, since the
 * layer is a mount of its own. */
static int open_in_base(struct remake *m, const struct mount_shift_layer *layer)
{
	const int base_fd = layer->base ? find_base(m, layer->base) : -ENOENT;
	cleanup_close int fd = base_fd < 0 ? -ENOENT
					   : sys_openat2(base_fd, mount_shift_layers_in_base(layer),
						     O_PATH | O_DIRECTORY, 0,
						     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != layer->device || st.st_ino != layer->inode)
		return -ENOENT;
	return fd_steal(&fd);
}

/* Opens the layer in its base, or else clones it. */
static int map_layer(struct remake *m, const struct mount_shift_layer *layer)
{
	int mapped_fd = open_in_base(m, layer);
	cleanup_close int fd = -1;

	if (mapped_fd >= 0)
		return mapped_fd;
	fd = mount_shift_layers_open_one(layer);
	return fd < 0 ? fd : mount_shift_clone(fd, m->shift->userns_fd);
}

static int map_layers(struct remake *m, struct nacre_error *err)
{
	m->fds = arena_array(m->arena, m->layers.n + OWN_FDS, sizeof(*m->fds));
	m->bases = arena_array(m->arena, m->layers.n, sizeof(*m->bases));
	if (!m->fds || !m->bases)
		return arena_fail(m->arena, "layers", err);
	for (size_t i = 0; i < m->layers.n; i++) {
		int fd = map_layer(m, &m->layers.items[i]);

		if (fd == -EINVAL || fd == -EPERM)
			return cannot("the file system of a layer cannot be id-mapped", err);
		if (fd == -ELOOP || fd == -EXDEV || fd == -ENOENT || fd == -ENOTDIR)
			return fail(err, EOPNOTSUPP,
				"the root is an overlay, and its layer %.200s cannot be opened: %s",
				m->layers.items[i].name, strerrordesc_np(-fd));
		if (fd < 0)
			return fail_errno(err, fd, "map layer %zu of the root", i);
		add_fd(m, "lowerdir+", fd);
	}
	return 0;
}

/* Makes a directory of the tmpfs. The upper one has the owner and mode of the top layer. */
static int add_directory(struct remake *m, const char *key, const struct stat *like)
{
	cleanup_close int fd = -1;

	if (mkdirat(m->tree_fd, key, 0700) < 0)
		return -errno;
	fd = openat(m->tree_fd, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (like && (fchown(fd, like->st_uid, like->st_gid) < 0 ||
				       fchmod(fd, like->st_mode & 07777) < 0)))
		return -errno;
	add_fd(m, key, fd_steal(&fd));
	return 0;
}

/* Makes the tmpfs for mount points. It has a size of its own, since the container's memory limit
 * does not exist yet. */
static int make_upper(struct remake *m, struct nacre_error *err)
{
	static const char *const words[] = {"mode=700", "size=4m", "nr_inodes=4k"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {(const char **)words, sizeof(words) / sizeof(words[0])},
		.mode = -1,
	};
	struct stat top;
	int r;

	if (fstat(m->fds[0].fd, &top) < 0)
		return fail_errno(err, errno, "stat the top layer of the root");
	m->tree_fd = mount_filesystem(&fs, err);
	if (m->tree_fd < 0)
		return fail_prefix(err, "mount points of the root");
	r = add_directory(m, "upperdir", &top);
	if (r == 0)
		r = add_directory(m, "workdir", NULL);
	return r < 0 ? fail_errno(err, r, "mount points of the root") : 0;
}

static int build(struct remake *m, struct nacre_error *err)
{
	struct filesystem fs = {.type = "overlay", .source = "overlay", .mode = -1};
	const int attr = mount_attrs_of(m->shift->rootfs_fd, 0);
	struct nacre_error why;
	int r;

	if (attr < 0)
		return fail_errno(err, attr, "statvfs the root");
	/* A second overlay on a workdir empties it, and the engine's own mount could no longer
	 * write. */
	if (m->layers.has_upper && m->shift->writable)
		return cannot("it is writable: only a read-only one can be mounted again with "
			      "mapped layers",
			err);
	r = map_layers(m, err);
	if (r == 0)
		r = make_upper(m, err);
	if (r < 0)
		return r;
	fs.options = m->layers.words;
	fs.fds = m->fds;
	fs.n_fds = m->n_fds;
	fs.attr = (unsigned)attr;
	r = mount_filesystem(&fs, &why);
	if (r < 0)
		return fail(err, EOPNOTSUPP,
			"the root is an overlay that cannot be made once more with mapped layers "
			"(Linux 6.15): %.200s",
			why.text);
	return r;
}

int mount_shift_overlay(
	struct arena *arena, const struct mount_shift *shift, struct nacre_error *err)
{
	struct remake m = {.arena = arena, .shift = shift, .tree_fd = -1};
	int fd, r = mount_shift_layers_find(arena, shift->rootfs_fd, &m.layers, err);

	if (r < 0)
		return r;
	fd = build(&m, err);
	release(&m);
	r = fd < 0 ? fd : mount_shift_layers_compare(shift->rootfs_fd, fd, shift->root_id, err);
	if (r < 0)
		fd_close(&fd);
	return r < 0 ? r : fd;
}
