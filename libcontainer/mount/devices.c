/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/* clang-format off */
const struct default_device devices_default[] = {
	{"/dev/null",    1, 3},
	{"/dev/zero",    1, 5},
	{"/dev/full",    1, 7},
	{"/dev/random",  1, 8},
	{"/dev/urandom", 1, 9},
	{"/dev/tty",     5, 0},
	{.path = NULL},
};

static const struct {
	const char *name;
	const char *target;
} symlinks[] = {
	{"fd",     "/proc/self/fd"},
	{"stdin",  "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx",   "pts/ptmx"},
	{"core",   "/proc/kcore"},
};
/* clang-format on */

/* A node to make. */
struct node {
	const char *path;
	mode_t mode; /* type and permissions */
	dev_t rdev;
	uid_t uid;
	gid_t gid;
	enum device_way way;
	int source_fd; /* directory that SOURCE lies in; SOURCE NULL: the host's PATH is bound */
	const char *source;
};

/* Where nodes are made. */
struct places {
	int rootfs_fd;
	int dev_fd; /* /dev; -1: it is somebody else's */
	int nodes_fd;
	enum device_way way;
};

static bool is_same(const struct stat *st, const struct node *node)
{
	if ((st->st_mode & S_IFMT) != (node->mode & S_IFMT))
		return false;
	return S_ISFIFO(node->mode) || st->st_rdev == node->rdev;
}

/* Uses a node that the image, or a filesystem such as devtmpfs, already has: it must be the same
 * device. It is opened first and changed by that fd, so that no symlink can take its place in
 * between. */
static int adopt(int parent_fd, const char *name, const struct node *node, struct nacre_error *err)
{
	cleanup_close int fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char link[32];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(err, errno, "device %s", node->path);
	if (!is_same(&st, node))
		return fail(err, EEXIST, "device %s: something else is in its place in the rootfs",
			node->path);
	if (st.st_uid != node->uid || st.st_gid != node->gid) {
		if (fchownat(fd, "", node->uid, node->gid, AT_EMPTY_PATH) < 0)
			return fail_errno(err, errno, "device %s: change the owner", node->path);
		st.st_mode &= ~(mode_t)(S_ISUID | S_ISGID); /* as the kernel has just done */
	}
	/* fchmod takes no O_PATH fd before Linux 6.6. This /proc is still the host's. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((st.st_mode & 07777) != (node->mode & 07777) && chmod(link, node->mode & 07777) < 0)
		return fail_errno(err, errno, "device %s: change the mode", node->path);
	return 0;
}

/* Binds a node of the host, verified to be the device that is meant. No program is started from
 * it. */
static int bind_node(int rootfs_fd, const struct node *node, struct nacre_error *err)
{
	const struct sys_mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	};
	cleanup_close int tree_fd = sys_open_tree(node->source ? node->source_fd : AT_FDCWD,
		node->source ? node->source : node->path, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	cleanup_close int target_fd = -1;
	struct stat st;
	int r;

	if (tree_fd < 0)
		return fail_errno(err, tree_fd, "device %s: open the host's", node->path);
	if (fstat(tree_fd, &st) < 0)
		return fail_errno(err, errno, "device %s: stat the host's", node->path);
	if (!is_same(&st, node))
		return fail(err, EPERM, "device %s: the host's is another device", node->path);
	r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr);
	if (r < 0)
		return fail_errno(err, r, "device %s: nosuid, noexec", node->path);
	target_fd = path_make_mount_point(rootfs_fd, node->path, true, false, err);
	if (target_fd < 0)
		return fail_prefix(err, "device %s", node->path);
	r = sys_move_mount(tree_fd, target_fd);
	return r < 0 ? fail_errno(err, r, "device %s: attach the host's", node->path) : 0;
}

/* Returns -EPERM without text where mknod is not allowed. */
static int make_node(
	int parent_fd, const char *name, const struct node *node, struct nacre_error *err)
{
	/* The umask of init is 0, so a new node has its mode from birth; and the owner is the
	 * caller. */
	if (mknodat(parent_fd, name, node->mode, node->rdev) == 0) {
		if (node->uid == 0 && node->gid == 0)
			return 0;
	} else if (errno == EPERM) {
		return -EPERM;
	} else if (errno != EEXIST) {
		return fail_errno(err, errno, "device %s: mknod", node->path);
	}
	return adopt(parent_fd, name, node, err);
}

/* A runtime that is itself in a container may lack CAP_MKNOD although its config has no user
 * namespace. It can still bind the nodes that it has. */
static int make_or_bind(int rootfs_fd, int parent_fd, const char *name, const struct node *node,
	struct nacre_error *err)
{
	int r = make_node(parent_fd, name, node, err);

	return r == -EPERM ? bind_node(rootfs_fd, node, err) : r;
}

/* Whether the node is in the filesystem DEV_FD, for /dev. Another mount may lie over its place. */
static int is_made(int dev_fd, const struct node *node, struct nacre_error *err)
{
	struct stat st, dev;

	if (node->way != DEVICES_FILLED || dev_fd < 0 ||
		strncmp(node->path, "/dev/", strlen("/dev/")) != 0)
		return 0;
	if (fstat(dev_fd, &dev) < 0)
		return fail_errno(err, errno, "stat /dev");
	if (fstatat(dev_fd, node->path + strlen("/dev/"), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, errno, "device %s", node->path);
	if (st.st_dev != dev.st_dev)
		return 0;
	return is_same(&st, node)
		       ? 1
		       : fail(err, EEXIST, "device %s: something else is in its place in /dev",
				 node->path);
}

static int create_node(int rootfs_fd, int dev_fd, const struct node *node, struct nacre_error *err)
{
	cleanup_close int parent_fd = -1;
	const char *name;
	int r;

	/* Any user namespace may make a FIFO. */
	if (node->way != DEVICES_MKNOD && !S_ISFIFO(node->mode)) {
		r = is_made(dev_fd, node, err);
		return r < 0 ? r : r > 0 ? 0 : bind_node(rootfs_fd, node, err);
	}
	parent_fd = path_make_parent(rootfs_fd, node->path, &name, err);
	if (parent_fd < 0)
		return fail_prefix(err, "device %s", node->path);
	return make_or_bind(rootfs_fd, parent_fd, name, node, err);
}

static int create_defaults(int rootfs_fd, int dev_fd, enum device_way way, struct nacre_error *err)
{
	for (const struct default_device *d = devices_default; d->path; d++) {
		const struct node node = {
			.path = d->path,
			.mode = S_IFCHR | DEVICE_DEFAULT_MODE,
			.rdev = makedev(d->major, d->minor),
			.way = way,
		};
		int r = way == DEVICES_MKNOD ? make_or_bind(rootfs_fd, dev_fd,
						       d->path + strlen("/dev/"), &node, err)
					     : create_node(rootfs_fd, dev_fd, &node, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int create_symlinks(int dev_fd, struct nacre_error *err)
{
	for (size_t i = 0; i < sizeof(symlinks) / sizeof(symlinks[0]); i++) {
		if (strcmp(symlinks[i].name, "core") == 0 && access(symlinks[i].target, F_OK) < 0)
			continue;
		/* What the image has there stays. */
		if (symlinkat(symlinks[i].target, dev_fd, symlinks[i].name) < 0 && errno != EEXIST)
			return fail_errno(err, errno, "symlink /dev/%s", symlinks[i].name);
	}
	return 0;
}

mode_t device_type(const char *type)
{
	if (!type)
		return 0;
	if (strcmp(type, "c") == 0 || strcmp(type, "u") == 0)
		return S_IFCHR;
	if (strcmp(type, "b") == 0)
		return S_IFBLK;
	return strcmp(type, "p") == 0 ? S_IFIFO : 0;
}

static bool is_number(const struct oci_i64 *value)
{
	return value->value >= 0 && value->value <= UINT32_MAX;
}

static int create_configured(
	const struct places *p, const struct oci_linux *linux_, size_t i, struct nacre_error *err)
{
	const struct oci_device *device = &linux_->devices[i];
	const uint32_t mode = device->file_mode.set ? device->file_mode.value : DEVICE_DEFAULT_MODE;
	const mode_t type = device_type(device->type);
	char path[PATH_TEXT_MAX], name[24];
	struct node node;

	if (path_clean(device->path, path) < 0)
		return fail_errno(err, ENAMETOOLONG, "device");
	if (!type)
		return fail(err, EINVAL, "device %s: type \"%s\" is not c, u, b or p", device->path,
			device->type ? device->type : "");
	/* Some engines leave the type in, as stat(2) returns it. */
	if (mode & ~(uint32_t)(S_IFMT | 07777))
		return fail(err, EINVAL, "device %s: fileMode %u is no mode", device->path, mode);
	if (type != S_IFIFO && (!is_number(&device->major) || !is_number(&device->minor)))
		return fail(err, EINVAL, "device %s: major or minor number is out of range",
			device->path);
	node = (struct node){
		.path = path,
		.mode = type | (mode & 07777),
		.rdev = type == S_IFIFO ? 0
					: makedev((unsigned)device->major.value,
						  (unsigned)device->minor.value),
		.uid = device->uid.set ? device->uid.value : 0,
		.gid = device->gid.set ? device->gid.value : 0,
		.way = p->way,
		.source_fd = p->nodes_fd,
		.source = p->nodes_fd >= 0 ? name : NULL,
	};
	(void)snprintf(name, sizeof(name), "%zu", i);
	return create_node(p->rootfs_fd, p->dev_fd, &node, err);
}

static bool is_in_dev(const char *path)
{
	char clean[PATH_TEXT_MAX];

	return path_clean(path, clean) == 0 && path_within(clean, "/dev");
}

/* Some engines list /dev/ptmx, although it is one of the Default Devices of config-linux.md. It is
 * a symlink to the container's own devpts. */
static bool is_ptmx(const char *path)
{
	char clean[PATH_TEXT_MAX];

	return path_clean(path, clean) == 0 && strcmp(clean, "/dev/ptmx") == 0;
}

static int create_all_configured(
	const struct places *p, const struct oci_linux *linux_, struct nacre_error *err)
{
	for (size_t i = 0; linux_ && i < linux_->n_devices; i++) {
		const struct oci_device *device = &linux_->devices[i];

		if (p->dev_fd >= 0 ? is_ptmx(device->path) : is_in_dev(device->path))
			continue;
		if (create_configured(p, linux_, i, err) < 0)
			return fail_prefix(err, "linux.devices[%zu]", i);
	}
	return 0;
}

/* Before Linux 6.15 only an attached mount can be cloned. So this one lies over the rootfs for a
 * moment; the rootfs is still reached by its fd. */
static int attach_nodes(int nodes_fd, int rootfs_fd, struct nacre_error *err)
{
	int r = nodes_fd < 0 ? 0 : sys_move_mount(nodes_fd, rootfs_fd);

	return r < 0 ? fail_errno(err, r, "device nodes: attach them") : 0;
}

static int detach_nodes(int nodes_fd, struct nacre_error *err)
{
	char path[32];

	if (nodes_fd < 0)
		return 0;
	/* This /proc is still the host's. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", nodes_fd);
	if (umount2(path, MNT_DETACH) < 0)
		return fail_errno(err, errno, "device nodes: detach them");
	return 0;
}

int devices_create(int rootfs_fd, const struct oci_linux *linux_, bool own_dev, enum device_way way,
	int nodes_fd, struct nacre_error *err)
{
	cleanup_close int dev_fd = -1;
	struct places places = {rootfs_fd, -1, nodes_fd, way};
	int r;

	if (own_dev) {
		dev_fd = path_make_directory(rootfs_fd, "/dev", 0755, err);
		if (dev_fd < 0)
			return dev_fd;
		places.dev_fd = dev_fd;
		r = create_defaults(rootfs_fd, dev_fd, way, err);
		if (r >= 0)
			r = create_symlinks(dev_fd, err);
		if (r < 0)
			return r;
	}
	r = attach_nodes(nodes_fd, rootfs_fd, err);
	if (r >= 0)
		r = create_all_configured(&places, linux_, err);
	if (r < 0)
		return r;
	return detach_nodes(nodes_fd, err);
}

/* The last one mounted there, unless it is a remount. */
static const struct oci_mount *find_dev(const struct oci_config *config)
{
	const struct oci_mount *dev = NULL;
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (path_clean(mount->destination, clean) == 0 && strcmp(clean, "/dev") == 0 &&
			!mount_has(mount, "remount"))
			dev = mount;
	}
	return dev;
}

bool devices_own_dev(const struct oci_config *config)
{
	const struct oci_mount *dev = find_dev(config);

	/* A root that was made for the config (root_tmpfs) has a /dev only if the config asks for
	 * it. */
	return dev ? !mount_is_bind(dev) : !config->nacre || !config->nacre->root_tmpfs;
}

/* Without a mode it takes that of a directory of the image; an owner would be one of the host. */
size_t devices_find_dev(const struct oci_config *config)
{
	const struct oci_mount *dev = find_dev(config);

	if (!dev || mount_is_bind(dev) || !dev->type || strcmp(dev->type, "tmpfs") != 0 ||
		!mount_options_have_key(&dev->options, "mode") ||
		mount_options_have_key(&dev->options, "uid") ||
		mount_options_have_key(&dev->options, "gid"))
		return config->n_mounts;
	return (size_t)(dev - config->mounts);
}

int device_open_null(struct nacre_error *err)
{
	cleanup_close int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return fail_errno(err, errno, "open /dev/null");
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "stat /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return fail(err, EPERM, "/dev/null is not character device 1:3");
	return fd_steal(&fd);
}
