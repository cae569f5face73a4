/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_fs.h"

enum {
	MAX_DEPTH = 2048, /* of the rootfs below the root of its mount: PATH_MAX / 2 */
};

struct propagation {
	const char *name;
	uint64_t flag;
	bool recursive;
	/* Set on "/" after the pivot: set before, it would make pivot_root(2) fail. */
	bool late;
};

/* clang-format off */
static const struct propagation propagations[] = {
	{"private",     MS_PRIVATE,    false, false},
	{"rprivate",    MS_PRIVATE,    true,  false},
	{"slave",       MS_SLAVE,      false, false},
	{"rslave",      MS_SLAVE,      true,  false},
	{"shared",      MS_SHARED,     false, true},
	{"rshared",     MS_SHARED,     true,  true},
	{"unbindable",  MS_UNBINDABLE, false, true},
	{"runbindable", MS_UNBINDABLE, true,  true},
};
/* clang-format on */

/* NULL: no such word. */
static const struct propagation *find_propagation(const char *name)
{
	for (size_t i = 0; i < sizeof(propagations) / sizeof(propagations[0]); i++) {
		if (strcmp(propagations[i].name, name) == 0)
			return &propagations[i];
	}
	return NULL;
}

int rootfs_open(const char *path, struct nacre_error *err)
{
	cleanup_free char *copy = strdup(path);
	cleanup_close int fd = -1;
	struct stat st;
	struct stat root;

	if (!copy)
		return fail_errno(err, ENOMEM, "open rootfs %s", path);
	/* "rootfs/" would follow the symlink "rootfs". */
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	fd = open(copy, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "open rootfs %s", path);
	if (fstat(fd, &st) < 0 || stat("/", &root) < 0)
		return fail_errno(err, errno, "stat rootfs %s", path);
	if (S_ISLNK(st.st_mode))
		return fail(err, ELOOP, "rootfs %s is a symlink: give the directory itself", path);
	if (!S_ISDIR(st.st_mode))
		return fail(err, ENOTDIR, "rootfs %s is not a directory", path);
	if (st.st_dev == root.st_dev && st.st_ino == root.st_ino)
		return fail(err, EINVAL, "rootfs %s is the root of the host", path);
	return fd_steal(&fd);
}

static int set_attr(
	int fd, const char *path, unsigned flags, uint64_t attr_set, uint64_t propagation)
{
	struct sys_mount_attr attr = {.attr_set = attr_set, .propagation = propagation};

	return sys_mount_setattr(fd, path, flags, &attr);
}

/* The root of the mount that directory FD lies in. */
static int open_mount_root(int fd)
{
	cleanup_close int current = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; current >= 0 && i < MAX_DEPTH; i++) {
		struct statx stx;
		int up;

		if (statx(current, "", AT_EMPTY_PATH, 0, &stx) < 0)
			return -errno;
		if (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
			return fd_steal(&current);
		up = openat(current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		fd_close(&current);
		current = up;
	}
	return current < 0 ? -errno : -ELOOP;
}

/* Makes the rootfs, and the mount that it is attached to, private where the mounts of the namespace
 * stay shared with the host's. Otherwise the rootfs, and later everything in it, would appear on
 * the host. */
static int cut_shared(int tree_fd, int target_fd, struct nacre_error *err)
{
	cleanup_close int parent_fd = open_mount_root(target_fd);
	int r = parent_fd < 0 ? parent_fd : set_attr(parent_fd, "", AT_EMPTY_PATH, 0, MS_PRIVATE);

	if (r == 0)
		r = set_attr(tree_fd, "", AT_EMPTY_PATH, 0, MS_PRIVATE);
	return r < 0 ? fail_errno(err, r, "make the rootfs and its parent mount private") : 0;
}

static int set_propagation(const char *name, struct nacre_error *err)
{
	const struct propagation *p = name ? find_propagation(name) : NULL;
	/* Slave by default: what the host mounts later still arrives in binds, but nothing goes
	 * back. Unbindable mounts could not be cloned into the container. */
	uint64_t flag = p && p->flag != MS_UNBINDABLE ? p->flag : MS_SLAVE;
	int r;

	if (name && !p)
		return fail(err, EINVAL,
			"linux.rootfsPropagation: \"%s\" is not private, slave, shared or "
			"unbindable",
			name);
	r = set_attr(AT_FDCWD, "/", AT_RECURSIVE, 0, flag);
	if (r < 0)
		return fail_errno(err, r, "set the propagation of the host's mounts");
	return 0;
}

/* Attaches TREE_FD on TARGET_FD: only a mount that is attached in the namespace can be mounted on,
 * or pivoted to. */
static int attach(int tree_fd, int target_fd, const char *propagation, struct nacre_error *err)
{
	int r = propagation && find_propagation(propagation)->flag == MS_SHARED
			? cut_shared(tree_fd, target_fd, err)
			: 0;

	if (r < 0)
		return r;
	r = sys_move_mount(tree_fd, target_fd);
	return r < 0 ? fail_errno(err, r, "attach the rootfs") : 0;
}

int rootfs_attach(int rootfs_fd, const char *propagation, int *ret_fd, struct nacre_error *err)
{
	const unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE;
	cleanup_close int again_fd = -1;
	cleanup_close int tree_fd = -1;
	int target_fd = rootfs_fd;
	int r;

	tree_fd = sys_open_tree(rootfs_fd, "", flags);
	if (tree_fd == -EINVAL) { /* of another mount namespace: see path_clone */
		target_fd = again_fd = path_reopen(rootfs_fd, err);
		if (again_fd < 0)
			return fail_prefix(err, "rootfs");
		tree_fd = sys_open_tree(again_fd, "", flags);
	}
	if (tree_fd < 0)
		return fail_errno(err, tree_fd, "clone the mounts of the rootfs");
	r = attach(tree_fd, target_fd, propagation, err);
	if (r < 0)
		return r;
	*ret_fd = fd_steal(&tree_fd);
	return 0;
}

int rootfs_prepare(int rootfs_fd, const char *propagation, int *ret_fd, struct nacre_error *err)
{
	int r;

	r = set_propagation(propagation, err);
	if (r < 0)
		return r;
	return rootfs_attach(rootfs_fd, propagation, ret_fd, err);
}

static int make_tmpfs(struct nacre_error *err)
{
	static const char *const words[] = {"mode=755", "size=1m"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {(const char **)words, sizeof(words) / sizeof(words[0])},
		.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.mode = -1,
	};

	return mount_filesystem(&fs, err);
}

static int attach_to_root(int tree_fd, const char *propagation, struct nacre_error *err)
{
	cleanup_close int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root_fd < 0 ? fail_errno(err, errno, "open /")
			   : attach(tree_fd, root_fd, propagation, err);
}

/* A tree that the runtime has cloned still receives mounts of the host. */
static int cut_tree(int tree_fd, const char *propagation, struct nacre_error *err)
{
	int r = propagation && find_propagation(propagation)->flag == MS_PRIVATE
			? set_attr(tree_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, 0, MS_PRIVATE)
			: 0;

	return r < 0 ? fail_errno(err, r, "make the rootfs %s", propagation) : 0;
}

int rootfs_attach_tree(
	int tree_fd, int directory_fd, const char *propagation, struct nacre_error *err)
{
	int r = set_propagation(propagation, err);

	if (r == 0)
		r = cut_tree(tree_fd, propagation, err);
	return r < 0 ? r : attach(tree_fd, directory_fd, propagation, err);
}

int rootfs_make(const char *propagation, rootfs_build *build, void *data, int *ret_fd,
	struct nacre_error *err)
{
	cleanup_close int tree_fd = -1;
	int r = set_propagation(propagation, err);

	if (r < 0)
		return r;
	tree_fd = build ? build(data, err) : make_tmpfs(err);
	if (tree_fd < 0)
		return fail_prefix(err, "rootfs");
	r = cut_tree(tree_fd, propagation, err);
	if (r == 0)
		r = attach_to_root(tree_fd, propagation, err);
	if (r == 0)
		*ret_fd = fd_steal(&tree_fd);
	return r;
}

int rootfs_seal_below(int rootfs_fd, unsigned attrs, struct nacre_error *err)
{
	const struct sys_mount_attr all = {.attr_set = attrs};
	struct sys_mount_attr top = {.attr_set = 0};
	struct statvfs before;
	int r;

	if (fstatvfs(rootfs_fd, &before) < 0)
		return fail_errno(err, errno, "statvfs the rootfs");
	if (attrs & MOUNT_ATTR_RDONLY && !(before.f_flag & ST_RDONLY))
		top.attr_clr = MOUNT_ATTR_RDONLY;
	r = sys_mount_setattr(rootfs_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &all);
	if (r == 0 && top.attr_clr)
		r = sys_mount_setattr(rootfs_fd, "", AT_EMPTY_PATH, &top);
	return r < 0 ? fail_errno(err, r, "set the flags of the mounts below the rootfs") : 0;
}

int rootfs_seal(unsigned attrs, const char *propagation, struct nacre_error *err)
{
	const struct propagation *p = propagation ? find_propagation(propagation) : NULL;
	int r = 0;

	if (p && p->late)
		r = set_attr(AT_FDCWD, "/", p->recursive ? AT_RECURSIVE : 0, 0, p->flag);
	if (r < 0)
		return fail_errno(err, r, "make / %s", propagation);
	if (attrs)
		r = set_attr(AT_FDCWD, "/", 0, attrs, 0);
	if (r < 0)
		return fail_errno(err, r, "set the flags of the root mount");
	return 0;
}
