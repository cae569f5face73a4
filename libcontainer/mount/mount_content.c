/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_content.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_fs.h"
#include "specs/base64.h"

int mount_copy_symlink(const struct mount_job *job, struct nacre_error *err)
{
	cleanup_close int parent_fd = -1;
	const char *name;
	char target[PATH_MAX];
	char present[PATH_MAX];
	ssize_t n = readlink(job->mount->source, target, sizeof(target) - 1);

	if (n < 0 && errno == EINVAL)
		return 0;
	if (n < 0)
		return fail_errno(err, errno, "read the source");
	target[n] = '\0';
	parent_fd = path_make_parent(job->context->rootfs_fd, job->destination, &name, err);
	if (parent_fd < 0)
		return parent_fd;
	if (symlinkat(target, parent_fd, name) == 0)
		return 1;
	if (errno != EEXIST)
		return fail_errno(err, errno, "create the symlink");
	n = readlinkat(parent_fd, name, present, sizeof(present));
	if (n < 0 || (size_t)n != strlen(target) || memcmp(present, target, (size_t)n) != 0)
		return fail(err, EEXIST, "create the symlink: something else is in its place");
	return 1;
}

/* The value of option KEY ("mode="); NULL: it is not there. */
static const char *find_value(const struct oci_mount *mount, const char *key)
{
	for (size_t i = 0; i < mount->options.n; i++)
		if (strncmp(mount->options.items[i], key, strlen(key)) == 0)
			return mount->options.items[i] + strlen(key);
	return NULL;
}

static int read_mode(const struct oci_mount *mount, mode_t *ret_mode, struct nacre_error *err)
{
	const char *text = find_value(mount, "mode=");
	char *end = NULL;
	unsigned long mode = text && *text >= '0' && *text <= '7' ? strtoul(text, &end, 8) : 0;

	if (!end || *end || mode > 07777)
		return fail(err, EINVAL, "the option mode=OCTAL is missing or wrong");
	*ret_mode = (mode_t)mode;
	return 0;
}

int mount_make_directory(const struct mount_job *job, struct nacre_error *err)
{
	cleanup_close int parent_fd = -1;
	cleanup_close int fd = -1;
	const char *name;
	mode_t mode;
	int r = read_mode(job->mount, &mode, err);

	if (r < 0)
		return r;
	parent_fd = path_make_parent(job->context->rootfs_fd, job->destination, &name, err);
	if (parent_fd < 0)
		return parent_fd;
	if (mkdirat(parent_fd, name, mode) == 0) /* INIT has no umask */
		return 0;
	if (errno != EEXIST)
		return fail_errno(err, errno, "make the directory");
	fd = path_open(job->context->rootfs_fd, job->destination, O_PATH | O_DIRECTORY);
	return fd < 0 ? fail_errno(err, fd, "make the directory") : 0;
}

/* --- a file --- */

static int fill(int tree_fd, const char *data, size_t length, mode_t mode, struct nacre_error *err)
{
	cleanup_close int fd = openat(tree_fd, "data", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return fail_errno(err, errno, "make a file");
	r = file_write_all(fd, data, length);
	if (r < 0)
		return fail_errno(err, r, "write the file");
	return fchmod(fd, mode) < 0 ? fail_errno(err, errno, "chmod the file") : 0;
}

/* Before Linux 6.15 only an attached mount can be cloned. So this one lies over the rootfs for a
 * moment; the rootfs is still reached by its fd. */
static int clone_file(const struct mount_job *job, int tree_fd, struct nacre_error *err)
{
	const struct sys_mount_attr attr = {
		.attr_set = job->options.attr_set | job->options.recursive_set};
	cleanup_close int fd = -1;
	char path[32];
	int r = sys_move_mount(tree_fd, job->context->rootfs_fd);

	if (r < 0)
		return fail_errno(err, r, "attach the file");
	fd = sys_open_tree(tree_fd, "data", OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
	/* This /proc is still the host's. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", tree_fd);
	if (umount2(path, MNT_DETACH) < 0)
		return fail_errno(err, errno, "detach the file");
	if (fd < 0)
		return fail_errno(err, fd, "clone the file");
	r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &attr);
	return r < 0 ? fail_errno(err, r, "set the flags of the file") : fd_steal(&fd);
}

int mount_build_file(const struct mount_job *job, struct nacre_error *err)
{
	static const char *const words[] = {"mode=700"};
	const struct filesystem fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.options = {(const char **)words, 1},
		.attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.mode = -1,
	};
	const char *text = find_value(job->mount, "data=");
	cleanup_close int tree_fd = -1;
	cleanup_free char *data = NULL;
	size_t length;
	mode_t mode;
	int r = read_mode(job->mount, &mode, err);

	if (r == 0 && (!text || base64_decode(text, &data, &length) < 0))
		r = fail(err, EINVAL, "the option data=BASE64 is missing or wrong");
	if (r < 0)
		return r;
	tree_fd = mount_filesystem(&fs, err);
	if (tree_fd < 0)
		return tree_fd;
	r = fill(tree_fd, data, length, mode, err);
	return r < 0 ? r : clone_file(job, tree_fd, err);
}
