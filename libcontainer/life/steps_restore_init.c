/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/steps_restore.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/mounts.h"
#include "libcontainer/mount/rootfs.h"
#include "libcontainer/process/program.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/*
 * INIT's rows of restore. INIT is in a mount namespace of its own and in the container's cgroup,
 * and prepares there what criu, which it becomes, needs. So nothing has to be unmounted on the host
 * afterwards, however restore ends.
 */

int step_restore_cgroup_namespace(struct life *l, struct nacre_error *err)
{
	/* If criu manages cgroups, it must see all of them, and makes the namespace itself. */
	return l->restore->exec_cgroup ? step_unshare_cgroup(l, err) : 0;
}

/* The images have the value of linux.rootfsPropagation. No mount may be shared here: criu's mounts
 * would appear on the host. */
int step_restore_rootfs(struct life *l, struct nacre_error *err)
{
	cleanup_close int directory = step_open_rootfs(l, err);
	cleanup_close int tmp = -1;
	int r;

	r = directory < 0 ? directory : rootfs_prepare(directory, NULL, &l->rootfs_fd, err);
	if (r == 0)
		r = mount_guard_tree(&l->guard, SIZE_MAX, l->rootfs_fd, err);
	if (r < 0)
		return r;
	/* criu needs /tmp to pivot, and would make it in a root that may be read-only. */
	tmp = path_make_directory(l->rootfs_fd, "tmp", 01777, err);
	return tmp < 0 ? tmp : 0;
}

/* Mounts a tmpfs, which only INIT sees, on the state directory. The bind mounts get names in it. */
static int make_stage(const char *path, struct nacre_error *err)
{
	const struct filesystem fs = {.type = "tmpfs", .source = "nacre", .mode = 0700};
	cleanup_close int directory = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int stage = mount_filesystem(&fs, err);
	int r;

	if (stage < 0)
		return stage;
	if (directory < 0)
		return fail_errno(err, errno, "open %s", path);
	r = sys_move_mount(stage, directory);
	return r < 0 ? fail_errno(err, r, "mount on %s", path) : fd_steal(&stage);
}

/* Returns a detached tree, or -ENOTSUP: the mount is in the images. */
static int open_source(struct life *l, size_t i, struct nacre_error *err)
{
	const struct oci_mount *mount = &l->container.config->mounts[i];

	if (!step_restore_gives_mount(&l->container, mount))
		return -ENOTSUP;
	if (!mount_is_bind(mount))
		return l->container.cgroup.fd < 0 ? mount_empty(err)
						  : path_clone(l->container.cgroup.fd, 0, err);
	return mount_open_source(&l->guard, mount, i, true, -1, err);
}

static int is_file(int fd, struct nacre_error *err)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? fail_errno(err, errno, "stat") : !S_ISDIR(st.st_mode);
}

static int attach_to_stage(
	const struct life *l, int stage, size_t i, int tree, struct nacre_error *err)
{
	cleanup_close int place = -1;
	char name[24];
	int file = is_file(tree, err);
	int r;

	if (file < 0)
		return file;
	(void)snprintf(name, sizeof(name), "%zu", i);
	place = path_make_mount_point(stage, name, file, false, err);
	if (place < 0)
		return place;
	r = sys_move_mount(tree, place);
	if (r < 0)
		return fail_errno(err, r, "attach");
	if (file || !mount_options_read(&l->container.config->mounts[i]).recursive)
		return 0;
	r = mount_guard_tree(&l->guard, i, tree, err);
	return r < 0 ? r : 0;
}

/* Returns the fd that the mount point of mount I is below: a bind of the config that covers it, or
 * the rootfs; -1: a filesystem that criu fills. RET_PATH: the path below the fd. */
static int find_parent(const struct life *l, size_t i, char ret_path[PATH_TEXT_MAX])
{
	char destination[PATH_TEXT_MAX], other[PATH_TEXT_MAX];
	int parent = l->rootfs_fd;

	(void)path_clean(l->container.config->mounts[i].destination, destination);
	memcpy(ret_path, destination, sizeof(destination));
	for (size_t j = 0; j < i; j++) {
		if (path_clean(l->container.config->mounts[j].destination, other) < 0 ||
			strcmp(other, "/") == 0 || !path_within(destination, other))
			continue;
		parent = l->source_fds[j];
		(void)snprintf(ret_path, PATH_TEXT_MAX, "%s", destination + strlen(other));
	}
	return parent;
}

/* Makes a mount point as create does, even if the container's root is read-only. */
static int make_mount_point(const struct life *l, size_t i, struct nacre_error *err)
{
	const struct oci_mount *mount = &l->container.config->mounts[i];
	cleanup_close int point = -1;
	char path[PATH_TEXT_MAX];
	int parent = find_parent(l, i, path);
	int file = l->source_fds[i] < 0 ? 0 : is_file(l->source_fds[i], err);

	if (file < 0)
		return file;
	if (parent < 0 || !path[0] || mount_has(mount, "remount") ||
		mount_kind(mount) == MOUNT_CGROUP)
		return 0;
	point = path_make_mount_point(parent, path, file, true, err);
	return point < 0 ? point : 0;
}

int step_restore_mount_points(struct life *l, struct nacre_error *err)
{
	const size_t n = l->container.config->n_mounts;
	cleanup_close int stage = make_stage(l->restore->stage, err);

	if (stage < 0)
		return stage;
	l->source_fds = arena_array(l->container.arena, n, sizeof(int));
	if (!l->source_fds)
		return fail_errno(err, ENOMEM, "mount sources");
	for (size_t i = 0; i < n; i++) {
		l->source_fds[i] = open_source(l, i, err);
		if (l->source_fds[i] < 0 && l->source_fds[i] != -ENOTSUP)
			return l->source_fds[i];
		if ((l->source_fds[i] >= 0 &&
			    attach_to_stage(l, stage, i, l->source_fds[i], err) < 0) ||
			make_mount_point(l, i, err) < 0)
			return fail_prefix(err, "mounts[%zu]: %s", i,
				l->container.config->mounts[i].destination);
	}
	return 0;
}

int step_become_criu(struct life *l, struct nacre_error *err)
{
	cleanup_close int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[3] = {null_fd};
	size_t n = 1;
	int r;

	if (null_fd < 0)
		return fail_errno(err, errno, "open /dev/null");
	for (const struct restored_namespace *ns = step_restored_namespaces; ns->type; ns++) {
		int fd = step_restored_namespace_fd(l, ns);

		if (ns->key && fd >= 0)
			fds[n++] = fd;
	}
	r = program_reset_signals(err);
	if (r < 0)
		return r;
	(void)umask(077);
	(void)sync_send(l->sync, SYNC_EXEC, 0, 0, -1, NULL, -1);
	return criu_exec(l->restore->run->program, l->restore->its_socket, fds, n, err);
}
