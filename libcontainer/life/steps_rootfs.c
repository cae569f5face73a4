/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/mount/devices.h"
#include "libcontainer/mount/masks.h"
#include "libcontainer/mount/mounts.h"
#include "libcontainer/mount/pivot.h"
#include "libcontainer/mount/rootfs.h"
#include "libcontainer/namespace/sysctl.h"
#include "specs/mount_types.h"
#include "specs/path_text.h"
#include "specs/profiles.h"

/* INIT's rows that make the container's root, in the order of life.c. */

int step_open_rootfs(const struct life *l, struct nacre_error *err)
{
	const char *path = l->container.record.rootfs;
	cleanup_close int fd = rootfs_open(path, err);
	int r = fd < 0 ? fd : mount_guard_root(&l->guard, path, fd, err);

	return r < 0 ? r : fd_steal(&fd);
}

static bool makes_root(const struct oci_config *config)
{
	return config->nacre && config->nacre->root_tmpfs;
}

/*
 * Runs while INIT still is the calling user. The container's root, which it becomes next, may be an
 * unprivileged id of the host that cannot even reach a bundle below a home directory. A RUNTIME
 * with the privilege to clone mounts has opened the sources already: it reaches more files than
 * INIT, which has no privilege over the host's files any more.
 */
int step_open_host_files(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;

	if (!makes_root(config)) {
		l->rootfs_fd = step_open_rootfs(l, err);
		if (l->rootfs_fd < 0)
			return l->rootfs_fd;
	}
	for (size_t i = 0; l->container.record.active & HOST_SOURCES && i < config->n_mounts; i++) {
		const struct life_workspace *workspace = step_find_workspace(l, i);
		const char *below;
		int fd;

		if (l->source_fds[i] >= 0)
			continue;
		if (workspace) {
			l->source_fds[i] = step_mount_workspace_here(l, workspace, err);
			if (l->source_fds[i] < 0)
				return l->source_fds[i];
			continue;
		}
		fd = mount_source_below(
			&config->mounts[i], l->container.record.rootfs, l->rootfs_fd, &below, err);
		if (fd < 0)
			return fd;
		if (below)
			continue;
		fd = mount_open_source(&l->guard, &config->mounts[i], i, true, -1, err);
		if (fd < 0 && fd != -ENOTSUP)
			return fd;
		l->source_fds[i] = fd < 0 ? -1 : fd;
	}
	return 0;
}

static unsigned root_flags(const struct life *l)
{
	const struct oci_hardened *hardened = l->container.config->nacre;

	return (l->container.config->root->readonly ? MOUNT_ATTR_RDONLY : 0) |
	       (hardened && hardened->root_nosuid ? MOUNT_ATTR_NOSUID : 0) |
	       (hardened && hardened->root_nodev ? MOUNT_ATTR_NODEV : 0);
}

/* Judges the mounts that came with the rootfs. */
static int judge_tree(const struct life *l, struct nacre_error *err)
{
	int r = mount_guard_tree(&l->guard, SIZE_MAX, l->rootfs_fd, err);

	return r > 0 ? rootfs_seal_below(l->rootfs_fd, root_flags(l), err) : r;
}

/* In a user namespace of the config's the flags of a source are the host's, as the kernel has it
 * for clones that are made in one. With ids of nacre's RUNTIME clones, and nothing is locked. */
static bool locks_flags(const struct life *l)
{
	return l->container.record.active & IN_USERNS && !l->shift.first_id;
}

/* Under a profile that tightens mount flags, a mount never loses a flag of the host unless the
 * config says so. Where flags are locked the kernel itself keeps these, except for the last one. */
uint64_t step_flags_to_clear(const struct life *l)
{
	const struct profile *profile = profile_find(
		l->container.record.profile ? l->container.record.profile : "");

	if (!profile || profile_has(profile, RULE_mount_flags))
		return 0;
	if (locks_flags(l))
		return MOUNT_ATTR_NOSYMFOLLOW;
	return MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
	       MOUNT_ATTR_NOSYMFOLLOW;
}

/* Asks RUNTIME: INIT may not, since the filesystem belongs to the host's user namespace. */
static int have_mapped(void *data, size_t index, int tree_fd, struct nacre_error *err)
{
	int none;

	return step_ask_runtime(data, SYNC_MAP, index, tree_fd, &none, err);
}

static int have_made(void *data, size_t index, struct nacre_error *err)
{
	struct life *l = data;
	int fd, r;

	if (!(l->container.record.active & IN_USERNS) ||
		!step_is_made_outside(l, &l->container.config->mounts[index]))
		return -ENOSYS;
	r = step_ask_runtime(l, SYNC_MAKE, index, -1, &fd, err);
	return r < 0 ? r : fd;
}

static bool masks_views(const struct oci_config *config)
{
	return config->linux_ && config->nacre && config->nacre->mask_views;
}

static bool root_is_mount(const struct life *l)
{
	return l->container.config->n_mounts > 0 && oci_mount_is_root(l->container.config, 0);
}

static struct mount_context mount_context(struct life *l)
{
	return (struct mount_context){
		.rootfs_fd = l->rootfs_fd,
		.root_is_mount = root_is_mount(l),
		.rootfs = l->container.record.rootfs,
		.mount_label = l->container.config->linux_
				       ? l->container.config->linux_->mount_label
				       : NULL,
		.own_cgroup_namespace = l->container.record.active & NEW_CGROUPNS,
		.host_network = step_has_callers_network(l),
		.locked_flags = locks_flags(l),
		.cgroup_fd = l->container.cgroup.fd,
		.pidns_fd = l->namespaces.outside ? namespaces_joined_pid(&l->namespaces) : 0,
		.clear_unnamed = step_flags_to_clear(l),
		.late_binds = l->container.config->nacre ? &l->container.config->nacre->late_binds
							 : NULL,
		.mask_views = masks_views(l->container.config),
		.guard = &l->guard,
		.source_fds = l->source_fds,
		.map = have_mapped,
		.make = have_made,
		.protect = step_protect_workspace,
		.data = l,
		.made = l->made,
		.proc_fd = &l->proc_fd,
	};
}

static int build_root(void *data, struct nacre_error *err)
{
	struct life *l = data;
	const struct mount_context context = mount_context(l);

	return mounts_build_root(&context, l->container.config->mounts, err);
}

static int make_root(struct life *l, const char *propagation, struct nacre_error *err)
{
	const bool mount = root_is_mount(l);
	int r = rootfs_make(propagation, mount ? build_root : NULL, l, &l->rootfs_fd, err);

	if (r == 0 && mount)
		r = mount_guard_tree(&l->guard, 0, l->rootfs_fd, err);
	return r < 0 ? r : 0;
}

/* INIT opens the rootfs, not RUNTIME: an fd of another mount namespace can neither be cloned nor be
 * mounted on. */
int step_prepare_rootfs(struct life *l, struct nacre_error *err)
{
	const char *propagation = l->container.config->linux_
					  ? l->container.config->linux_->rootfs_propagation
					  : NULL;
	cleanup_close int directory = -1;
	int r;

	if (makes_root(l->container.config))
		return make_root(l, propagation, err);
	directory = l->rootfs_fd >= 0 ? fd_steal(&l->rootfs_fd) : step_open_rootfs(l, err);
	if (directory < 0)
		return directory;
	if (l->shift.root_fd >= 0) {
		l->rootfs_fd = fd_steal(&l->shift.root_fd);
		r = rootfs_attach_tree(l->rootfs_fd, directory, propagation, err);
		return r < 0 ? r : judge_tree(l, err);
	}
	r = l->container.record.active & NEW_MNTNS
		    ? rootfs_prepare(directory, propagation, &l->rootfs_fd, err)
		    : rootfs_attach(directory, propagation, &l->rootfs_fd, err);
	return r < 0 ? r : judge_tree(l, err);
}

int step_perform_mounts(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	struct mount_context context;
	int r;

	l->made = arena_array(l->container.arena, config->n_mounts, sizeof(*l->made));
	if (!l->made)
		return fail_errno(err, ENOMEM, "mounts");
	context = mount_context(l);
	r = mounts_perform(&context, config->mounts, config->n_mounts, err);
	/* By now every source has been opened. */
	if (r == 0 && l->granted && mount_guard_judges(&l->guard))
		harden_warn_of_sources(l->guard.request, l->granted, l->guard.used, step_warn, l);
	return r;
}

int step_make_devices(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	const enum device_way way = l->dev_filled			 ? DEVICES_FILLED
				    : oci_find_namespace(config, "user") ? DEVICES_BIND
									 : DEVICES_MKNOD;

	return devices_create(
		l->rootfs_fd, config->linux_, devices_own_dev(config), way, l->nodes_fd, err);
}

static int write_sysctl(
	struct life *l, const struct oci_pair *sysctl, size_t index, struct nacre_error *err)
{
	struct nacre_error why;
	int r = sysctl_write(l->proc_fd, sysctl, &why);
	const char *type;
	int none;

	if (r < 0 && l->container.record.active & IN_USERNS &&
		sysctl_may_be_another_s(r, sysctl->key, &type))
		return step_ask_runtime(l, SYNC_SYSCTL, index, -1, &none, err);
	if (r < 0)
		*err = why;
	return r;
}

/* Runs before /proc/sys becomes read-only. */
int step_write_sysctls(struct life *l, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;

	if (!linux_ || !linux_->sysctl.n)
		return 0;
	if (l->proc_fd < 0)
		l->proc_fd = procfs_open(err);
	if (l->proc_fd < 0)
		return l->proc_fd;
	for (size_t i = 0; i < linux_->sysctl.n; i++) {
		int r = write_sysctl(l, &linux_->sysctl.items[i], i, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Masks through the fds of what was mounted: the paths may lead elsewhere by now. */
static int mask_views(const struct life *l, int dev_null_fd, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	int r = 0;

	for (size_t i = 0; i < config->n_mounts && r == 0; i++) {
		if (l->made[i].view_fd < 0)
			continue;
		r = masks_apply_view(l->made[i].view_fd, mount_view_elsewhere(&config->mounts[i]),
			dev_null_fd, &config->linux_->masked_paths, &config->linux_->readonly_paths,
			err);
		if (r < 0)
			r = fail_prefix(err, "mounts[%zu]", i);
		fd_close(&l->made[i].view_fd);
	}
	return r;
}

/* Returns the workspace that shows the path NAME. *RET_BELOW: its path in the source. */
static const struct life_workspace *find_copy(
	const struct life *l, const char *name, const char **ret_below)
{
	const struct life_workspace *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < l->n_workspaces; i++) {
		const char *destination =
			l->container.config->mounts[l->workspaces[i].mount].destination;
		const size_t n = strlen(destination);

		if (l->workspaces[i].upper_fd < 0 || !path_within(name, destination) || n < longest)
			continue;
		found = &l->workspaces[i];
		longest = n;
		*ret_below = name[n] ? name + n + 1 : ".";
	}
	return found;
}

static int hide(const struct life *l, int dev_null_fd, struct nacre_error *err)
{
	const struct oci_hardened *nacre = l->container.config->nacre;
	int r = 0;

	for (size_t i = 0; nacre && i < nacre->n_hidden && r == 0; i++) {
		const char *below = NULL;
		const struct life_workspace *copy = find_copy(l, nacre->hidden[i].name, &below);

		r = masks_hide(l->rootfs_fd, dev_null_fd, &nacre->hidden[i],
			copy ? copy->source_fd : -1, below, err);
	}
	return r;
}

/* Runs before the pivot: the host's /dev/null can be cloned only while its mount is in this
 * namespace. */
int step_mask_paths(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	const struct oci_linux *linux_ = config->linux_;
	cleanup_close int dev_null_fd = -1;
	int r;

	if (!linux_ || (!linux_->masked_paths.n && !linux_->readonly_paths.n &&
			       !masks_views(config) && !(config->nacre && config->nacre->n_hidden)))
		return 0;
	dev_null_fd = device_open_null(err);
	if (dev_null_fd < 0)
		return dev_null_fd;
	r = masks_apply(l->rootfs_fd, dev_null_fd, masks_expect_procfs(config),
		&linux_->masked_paths, &linux_->readonly_paths, err);
	if (r == 0)
		r = hide(l, dev_null_fd, err);
	return r < 0 ? r : mask_views(l, dev_null_fd, err);
}

int step_pivot(struct life *l, struct nacre_error *err)
{
	if (!(l->container.record.active & NEW_MNTNS))
		return pivot_chroot(l->rootfs_fd, err);
	if (l->options->no_pivot)
		return pivot_move(l->rootfs_fd, err);
	return pivot_rootfs(l->rootfs_fd, err);
}

int step_seal_rootfs(struct life *l, struct nacre_error *err)
{
	struct mount_context context = mount_context(l);
	int r;

	r = mount_seal_late(
		&context, l->container.config->mounts, l->container.config->n_mounts, err);
	if (r < 0)
		return r;
	/* No fd of a directory may be open when the program runs, and later rows need none. */
	fd_close(&l->rootfs_fd);
	fd_close(&l->container.cgroup.fd);
	if (!(l->container.record.active & (LSM | EGRESS)))
		fd_close(&l->proc_fd);
	return rootfs_seal(root_flags(l),
		l->container.config->linux_ ? l->container.config->linux_->rootfs_propagation
					    : NULL,
		err);
}
