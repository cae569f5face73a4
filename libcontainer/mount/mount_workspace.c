/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/mount/mount_below.h"
#include "libcontainer/mount/mount_flags.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/mount_identity.h"
#include "libcontainer/mount/mountinfo.h"

enum {
	MOUNTINFO_MAX = 16 * 1024 * 1024,
	WORD_MAX = 48,
};

#define REMEDY                                                                             \
	"take the form direct or ro, or a source on another file system, or name another " \
	"directory with --workspaces"

/* An upper directory cannot lie on an overlay, as the root of a container mostly does. */
static const char *remedy_of(const struct mount_workspace *workspace)
{
	struct statfs st;

	if (fstatfs(workspace->upper_fd, &st) == 0 && st.f_type == OVERLAYFS_SUPER_MAGIC)
		return "the directory of workspaces lies on an overlay itself, as all of a "
		       "container "
		       "does that is no volume: mount a volume there, or name a directory on one "
		       "with --workspaces, or take the form direct or ro";
	return REMEDY;
}

int mount_workspace_may(struct nacre_error *err)
{
	cleanup_close int fd = sys_fsopen("overlay");

	if (fd == -EPERM)
		return 0;
	if (fd == -ENODEV)
		return fail(err, ENODEV,
			"this kernel has no overlay, of which a workspace is made: modprobe "
			"overlay, "
			"or take the form direct or ro");
	return fd < 0 ? fail_errno(err, fd, "fsopen overlay") : 1;
}

/*
 * redirect_dir: a directory can be renamed, which git and package managers rely on. metacopy, index
 * and xino off: the upper holds whole files and nothing that only this mount could read.
 * An absolute redirect in the upper would be followed anywhere within the source, no further.
 */
int mount_workspace_build(const struct mount_workspace *workspace, struct nacre_error *err)
{
	char lower[WORD_MAX], upper[WORD_MAX], work[WORD_MAX];
	const char *words[] = {lower, upper, work, "metacopy=off", "index=off", "xino=off",
		workspace->user_xattr ? "userxattr" : "redirect_dir=on"};
	/* Without the read-only flag of the source: nothing is written to that. */
	const int attr = mount_attrs_of(workspace->source_fd, MOUNT_ATTR_RDONLY);
	const struct filesystem fs = {
		.type = "overlay",
		.source = "overlay",
		.options = {words, sizeof(words) / sizeof(words[0])},
		.attr = (unsigned)attr,
		.mode = -1,
	};
	struct nacre_error why;
	int fd;

	if (attr < 0)
		return fail_errno(err, attr, "statvfs %s", workspace->source);
	(void)snprintf(lower, WORD_MAX, "lowerdir=/proc/self/fd/%d", workspace->source_fd);
	(void)snprintf(upper, WORD_MAX, "upperdir=/proc/self/fd/%d", workspace->upper_fd);
	(void)snprintf(work, WORD_MAX, "workdir=/proc/self/fd/%d", workspace->work_fd);
	fd = mount_filesystem(&fs, &why);
	if (fd < 0)
		return fail(err, why.code, "an overlay cannot be laid over %s: %.200s: %s",
			workspace->source, why.text, remedy_of(workspace));
	return fd;
}

static int probe_attributes(const struct mount_workspace *workspace, struct nacre_error *err)
{
	const char *name = workspace->user_xattr ? "user.overlay.nacre" : "trusted.overlay.nacre";

	if (fsetxattr(workspace->work_fd, name, "", 0, 0) == 0 &&
		fremovexattr(workspace->work_fd, name) == 0)
		return 0;
	if (errno == EOPNOTSUPP)
		return fail(err, ENOTSUP,
			"the file system of the directory of workspaces has no extended attributes "
			"(%s), which overlay needs: name another directory with --workspaces",
			name);
	return fail_errno(err, errno, "set %s in the directory of workspaces", name);
}

static int is_the_same(void *data, const struct mount_identity *identity)
{
	return mount_identity_same(data, identity);
}

/* Whether INNER_FD is the directory OUTER_FD or lies below it. */
static int lies_in(int inner_fd, int outer_fd, struct nacre_error *err)
{
	struct mount_identity outer;
	int r = mount_identity_read(outer_fd, &outer, err);

	return r < 0 ? r : mount_identity_each_above(inner_fd, is_the_same, &outer, err);
}

int mount_workspace_check(
	const struct mount_workspace *workspace, int store_fd, struct nacre_error *err)
{
	int r = lies_in(store_fd, workspace->source_fd, err);

	if (r > 0)
		return fail(err, EINVAL,
			"the directory of workspaces lies in the source %s, so that what is "
			"written "
			"would show in the source: name another directory with --workspaces, or a "
			"source below",
			workspace->source);
	if (r == 0)
		r = lies_in(workspace->source_fd, store_fd, err);
	if (r > 0)
		return fail(err, EINVAL,
			"the source %s lies in the directory of workspaces: name another source",
			workspace->source);
	return r < 0 ? r : probe_attributes(workspace, err);
}

int mount_workspace_hides(
	const char *path, int source_fd, char ret_path[PATH_MAX], struct nacre_error *err)
{
	const size_t length = strcmp(path, "/") ? strlen(path) : 0;
	cleanup_free char *text = NULL;
	struct mountinfo mount;
	char *rest;
	int r;

	/* Most often the mount has none below it. */
	if (mount_below_any(source_fd) == 0)
		return 0;
	r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	rest = text;
	while ((r = mountinfo_next(&rest, "self/mountinfo", &mount, err)) > 0) {
		if (strncmp(mount.path, path, length) != 0 || mount.path[length] != '/')
			continue;
		(void)snprintf(ret_path, PATH_MAX, "%s", mount.path);
		break;
	}
	return r;
}

static int protect(int tree_fd, const char *path, bool read_only)
{
	const struct sys_mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	cleanup_close int clone_fd = -1;
	cleanup_close int fd = sys_openat2(tree_fd, path, O_PATH, 0,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	int r = 0;

	if (fd < 0)
		return fd;
	clone_fd = sys_open_tree(fd, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE);
	if (clone_fd < 0)
		return clone_fd;
	if (read_only)
		r = sys_mount_setattr(clone_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
	return r < 0 ? r : sys_move_mount(clone_fd, fd);
}

int mount_workspace_protect(
	int tree_fd, const struct oci_strings *paths, bool read_only, struct nacre_error *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		int r = protect(tree_fd, paths->items[i], read_only);

		if (r < 0 && r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
			return fail_errno(err, r, "bind %s%s", paths->items[i],
				read_only ? " read-only" : " on itself");
	}
	return 0;
}
