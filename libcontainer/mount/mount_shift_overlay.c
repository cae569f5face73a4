/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_shift_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_flags.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/mount_shift_layers.h"

enum {
	OWN_WORDS = 3, /* upperdir, workdir, index */
};

/* What is being made. */
struct remake {
	struct arena *arena;
	const struct mount_shift *shift;
	struct mount_shift_layers layers;
	int *fds; /* of the mapped layers, in the order of LAYERS */
	size_t n_fds;
	int tree_fd; /* of upper_fd and work_fd: a detached mount is there as long as its own fd */
	int upper_fd, work_fd;
	struct oci_strings words; /* for the new one */
};

static void release(struct remake *m)
{
	while (m->n_fds)
		(void)close(m->fds[--m->n_fds]);
	fd_close(&m->upper_fd);
	fd_close(&m->work_fd);
	fd_close(&m->tree_fd);
}

static int cannot(const char *why, struct nacre_error *err)
{
	return fail(err, EOPNOTSUPP, "the root is an overlay, and %s", why);
}

static void add_word(struct remake *m, const char *word)
{
	m->words.items[m->words.n++] = word;
}

static int add_fd_word(struct remake *m, const char *key, int fd)
{
	const char *word = arena_printf(m->arena, "%s/proc/self/fd/%d", key, fd);

	if (!word)
		return -ENOMEM;
	add_word(m, word);
	return 0;
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

static int map_layers(struct remake *m, struct nacre_error *err)
{
	m->fds = arena_array(m->arena, m->layers.n, sizeof(*m->fds));
	if (!m->fds)
		return arena_fail(m->arena, "layers", err);
	for (size_t i = 0; i < m->layers.n; i++) {
		int fd = mount_shift_clone(m->layers.fds[i], m->shift->userns_fd);

		if (fd == -EINVAL || fd == -EPERM)
			return cannot("the file system of a layer cannot be id-mapped", err);
		if (fd < 0)
			return fail_errno(err, fd, "map layer %zu of the root", i);
		m->fds[m->n_fds++] = fd;
	}
	return 0;
}

/* A directory of the tmpfs; the upper one looks as the top of the layers does. */
static int make_directory(int tree_fd, const char *name, const struct stat *like)
{
	cleanup_close int fd = -1;

	if (mkdirat(tree_fd, name, 0700) < 0)
		return -errno;
	fd = openat(tree_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (like && (fchown(fd, like->st_uid, like->st_gid) < 0 ||
				       fchmod(fd, like->st_mode & 07777) < 0)))
		return -errno;
	return fd_steal(&fd);
}

/* For mount points. That it takes no more is the limit of memory of the container, which is not
 * there yet. */
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

	if (fstat(m->fds[0], &top) < 0)
		return fail_errno(err, errno, "stat the top layer of the root");
	m->tree_fd = mount_filesystem(&fs, err);
	if (m->tree_fd < 0)
		return fail_prefix(err, "mount points of the root");
	m->upper_fd = make_directory(m->tree_fd, "upper", &top);
	m->work_fd = m->upper_fd < 0 ? m->upper_fd : make_directory(m->tree_fd, "work", NULL);
	return m->work_fd < 0 ? fail_errno(err, m->work_fd, "mount points of the root") : 0;
}

static int collect_words(struct remake *m)
{
	int r = 0;

	m->words.items = arena_array(
		m->arena, m->n_fds + m->layers.words.n + OWN_WORDS, sizeof(*m->words.items));
	if (!m->words.items)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_fds && r == 0; i++)
		r = add_fd_word(m, "lowerdir+=", m->fds[i]);
	if (r == 0)
		r = add_fd_word(m, "upperdir=", m->upper_fd);
	if (r == 0)
		r = add_fd_word(m, "workdir=", m->work_fd);
	for (size_t i = 0; i < m->layers.words.n; i++)
		add_word(m, m->layers.words.items[i]);
	add_word(m, "index=off");
	return r;
}

static int build(struct remake *m, struct nacre_error *err)
{
	struct filesystem fs = {.type = "overlay", .source = "overlay", .mode = -1};
	const int attr = mount_attrs_of(m->shift->rootfs_fd, 0);
	struct nacre_error why;
	int r;

	if (attr < 0)
		return fail_errno(err, attr, "statvfs the root");
	/* The second on a workdir empties it, and the engine's own mount could no longer write. */
	if (m->layers.has_upper && m->shift->writable)
		return cannot("it is writable, and cannot have two overlays", err);
	r = map_layers(m, err);
	if (r == 0)
		r = make_upper(m, err);
	if (r < 0)
		return r;
	if (collect_words(m) < 0)
		return arena_fail(m->arena, "layers", err);
	fs.options = m->words;
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
	struct remake m = {
		.arena = arena, .shift = shift, .tree_fd = -1, .upper_fd = -1, .work_fd = -1};
	int fd, r = mount_shift_layers_open(arena, shift->rootfs_fd, &m.layers, err);

	if (r < 0)
		return r;
	fd = build(&m, err);
	release(&m);
	r = fd < 0 ? fd : mount_shift_layers_compare(shift->rootfs_fd, fd, shift->root_id, err);
	mount_shift_layers_close(&m.layers);
	if (r < 0)
		fd_close(&fd);
	return r < 0 ? r : fd;
}
