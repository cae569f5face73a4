/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNTS_H
#define NACRE_MOUNTS_H

#include <stdbool.h>

#include "libcontainer/mount/mount_guard.h"
#include "specs/spec.h"

/* A mount that was made. These members find it again: its path may lead elsewhere by then. */
struct mount_made {
	uint64_t id; /* STATX_MNT_ID; 0: none */
	int tree_fd; /* its root, until mount_seal_late; -1: not to be sealed */
	int view_fd; /* root of a procfs or sysfs elsewhere, until it is masked */
};

/* What mounts_perform needs to know about the container. */
struct mount_context {
	int rootfs_fd;
	bool root_is_mount; /* it is mounts[0], made by mounts_build_root */
	const char *rootfs; /* its path on the host; NULL: no source lies below it */
	const char *mount_label; /* linux.mountLabel or NULL */
	bool own_cgroup_namespace;
	bool host_network; /* the container is in the caller's network namespace */
	bool locked_flags; /* no option may take a flag of a source back */
	int cgroup_fd; /* O_PATH fd of the container's cgroup; -1: none */
	int pidns_fd; /* the container's pid namespace if the caller is in another; 0: none */
	/* MOUNT_ATTR_* of a bind mount's source that are cleared unless the options name them, if
	 * the options name any flag: as in runc. 0: flags that are not named stay. */
	uint64_t clear_unnamed;
	const struct oci_strings *late_binds; /* of oci_hardened; NULL: none */
	bool mask_views; /* of oci_hardened */
	const struct mount_guard *guard; /* NULL: sources are not judged */
	int *source_fds; /* one per mount: a detached tree that was opened before, or -1. NULL:
			    none. Set to -1 once used */
	/* Id-maps a clone, for mounts that only the runtime may map; returns 0 or -errno. */
	int (*map)(void *data, size_t index, int tree_fd, struct nacre_error *err);
	/* Lets the runtime make, by mount_make_outside, a filesystem that shows a namespace, if the
	 * container's user namespace may not. Returns a detached tree, or -ENOSYS without text if
	 * the runtime does not make it either. */
	int (*make)(void *data, size_t index, struct nacre_error *err);
	/* Makes paths in bind INDEX read-only, once it is attached with the root TREE_FD. NULL:
	 * none. */
	int (*protect)(void *data, size_t index, int tree_fd, struct nacre_error *err);
	void *data; /* argument of these three */
	struct mount_made *made; /* out: one per mount, from mounts_perform to mount_seal_late */
	int *proc_fd; /* out: the procfs made for /proc, if there is one (see procfs.h); starts as
			 -1 */
};

/* Performs all mounts in order. Everything is built detached and attached fd to fd; what stands at
 * the target is checked after it was opened. Read-only tmpfs mounts (and /dev) are left writable:
 * see mount_seal_late. Runs in the container's mount namespace, before the pivot. */
int mounts_perform(const struct mount_context *context, const struct oci_mount *mounts, size_t n,
	struct nacre_error *err);

/* Builds the tree of mounts[0] if that is the root: oci_mount_is_root. Returns an fd. */
int mounts_build_root(const struct mount_context *context, const struct oci_mount *mounts,
	struct nacre_error *err);

/* Makes the mounts read-only that had to be filled first with device nodes or mount points (a tmpfs
 * with "ro", and late_binds), and closes the tree_fd of each. To be called after the devices are
 * made, before or after the pivot: no path is looked up. */
int mount_seal_late(const struct mount_context *context, const struct oci_mount *mounts, size_t n,
	struct nacre_error *err);

/* Finds the path within the rootfs of a bind mount's source that lies there, however it is spelled.
 * ROOTFS: the path of the rootfs; ROOTFS_FD: the same, opened, -1: not yet. *RET_BELOW NULL: the
 * source lies elsewhere. A source in the rootfs is looked up when the mount is made, so that it has
 * the mounts of the config before it, and is resolved within the rootfs, since the image chooses
 * what lies there. */
int mount_source_below(const struct oci_mount *mount, const char *rootfs, int rootfs_fd,
	const char **ret_below, struct nacre_error *err);

/* Opens a detached, possibly id-mapped clone of the source of MOUNT, number INDEX. The runtime does
 * it in its own namespaces if the container's user namespace could not reach the source or must not
 * change its ownership. USERNS_FD: of the container's mappings, for "idmap" without mappings of its
 * own; -1: none. Returns an fd, or -ENOTSUP when the mount needs none of this. */
int mount_open_source(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	bool own_user_namespace, int userns_fd, struct nacre_error *err);

/* Makes the filesystem of MOUNT, number INDEX: a sysfs or mqueue, which shows the namespace of the
 * caller. For the runtime, if a joined namespace does not belong to the container's user namespace.
 * Returns a detached tree. */
int mount_make_outside(const struct oci_mount *mount, size_t index, const char *mount_label,
	struct nacre_error *err);

/* Id-maps the detached tree of MOUNT, number INDEX, with its own mappings or those of USERNS_FD;
 * for the runtime. */
int mount_map_source(int tree_fd, const struct oci_mount *mount, size_t index, int userns_fd,
	struct nacre_error *err);

#endif
