/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNTS_H
#define NACRE_MOUNTS_H

#include <stdbool.h>

#include "libcontainer/mount/mount_guard.h"
#include "specs/spec.h"

/* A mount that was made: what finds it again, whatever its name leads to by then. */
struct mount_made {
	uint64_t id; /* STATX_MNT_ID; 0: none */
	int tree_fd; /* its root, while it has to be sealed; -1: it has not */
	int view_fd; /* the same of a procfs or sysfs elsewhere, while it has to be masked */
};

/* What performing the mounts of a config needs to know of the container. */
struct mount_context {
	int rootfs_fd;
	bool root_is_mount; /* mounts[0], which mounts_build_root has made */
	const char *rootfs; /* its path on the host; NULL: no source lies below it */
	const char *mount_label; /* linux.mountLabel or NULL */
	bool own_cgroup_namespace;
	bool host_network; /* no network namespace but the caller's */
	bool own_user_namespace;
	int cgroup_fd; /* O_PATH fd of the container's cgroup; -1: none */
	int pidns_fd; /* the container's pid namespace where the caller is in another; 0: it is not
		       */
	/* The MOUNT_ATTR_* of a bind mount's source that go, unless named, as soon as the options
	 * name any: runc's meaning of them. 0: what is not named stays. */
	uint64_t clear_unnamed;
	const struct oci_strings *late_binds; /* of oci_hardened; NULL: none */
	bool mask_views; /* of oci_hardened */
	const struct mount_guard *guard; /* NULL: sources are not judged */
	int *source_fds; /* one a mount: a detached tree that was opened before, or -1; NULL: none.
			    What is used is taken: -1 then */
	/* Id-maps a clone, for mounts that only the runtime may map; returns 0 or -errno. */
	int (*map)(void *data, size_t index, int tree_fd, struct nacre_error *err);
	/* Where the container's user namespace may not make a filesystem that shows a namespace:
	 * the runtime's, by mount_make_outside. Returns a detached tree, or -ENOSYS without
	 * text if nobody else is to make it. */
	int (*make)(void *data, size_t index, struct nacre_error *err);
	/* What is to be read-only in bind INDEX, whose root TREE_FD is, once it is attached; NULL:
	 * nothing. */
	int (*protect)(void *data, size_t index, int tree_fd, struct nacre_error *err);
	void *data; /* of these three */
	struct mount_made *made; /* out: one a mount, from mounts_perform to mount_seal_late */
	int *proc_fd; /* out: the procfs made for /proc, if there is one (see procfs.h); starts as
			 -1 */
};

/* Performs all mounts in order. Everything is built detached and attached fd to fd; what stands at
 * the target is checked after it was opened. Read-only tmpfs mounts (and /dev) are left writable:
 * see mount_seal_late. Runs in the container's mount namespace, before the pivot. */
int mounts_perform(const struct mount_context *context, const struct oci_mount *mounts, size_t n,
	struct nacre_error *err);

/* The tree of mounts[0] where that is the root: oci_mount_is_root. Returns an fd. */
int mounts_build_root(const struct mount_context *context, const struct oci_mount *mounts,
	struct nacre_error *err);

/* Turns those read-only that had to be filled first (a tmpfs with "ro", and late_binds: device
 * nodes, mount points of later mounts), and closes what context->made has open. After devices are
 * made, before or after the pivot: no path is looked up. */
int mount_seal_late(const struct mount_context *context, const struct oci_mount *mounts, size_t n,
	struct nacre_error *err);

/* Where the source of a bind mount lies below the rootfs, opened as ROOTFS_FD (-1: not yet) with
 * the path ROOTFS, by however its name leads there: its path there. NULL: it lies elsewhere. Such a
 * source is looked up when the mount is made, so that it has the mounts of the config before it,
 * and within the rootfs, as whatever the image put there. */
int mount_source_below(const struct oci_mount *mount, const char *rootfs, int rootfs_fd,
	const char **ret_below, struct nacre_error *err);

/* A detached, possibly id-mapped clone of mount I's source, opened by the runtime in its own
 * namespaces because the container's user namespace could not reach it or must not change its
 * ownership. USERNS_FD: of the container's mappings, for "idmap" without mappings of its own; -1:
 * none. Returns an fd, or -ENOTSUP when the mount needs none of this. */
int mount_open_source(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	bool own_user_namespace, int userns_fd, struct nacre_error *err);

/* Makes the filesystem of MOUNT, number INDEX: a sysfs or a mqueue, which show the namespace that
 * the caller is in. By the runtime, where one that is joined belongs to others than the container's
 * user namespace. Returns a detached tree. */
int mount_make_outside(const struct oci_mount *mount, size_t index, const char *mount_label,
	struct nacre_error *err);

/* Maps the detached tree of MOUNT, number INDEX, as its mappings or those of USERNS_FD say; by the
 * runtime. */
int mount_map_source(int tree_fd, const struct oci_mount *mount, size_t index, int userns_fd,
	struct nacre_error *err);

#endif
