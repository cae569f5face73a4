/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ROOTFS_H
#define NACRE_ROOTFS_H

#include <stdbool.h>

#include "specs/spec.h"

/* The container's root filesystem, opened once; after that only the fd counts. */

/* Opens the rootfs directory. PATH is absolute (root.path joined to the bundle). The last component
 * may not be a symlink, nor may it be "/". Returns an O_PATH fd. */
int rootfs_open(const char *path, struct nacre_error *err);

/* In a new mount namespace: cuts propagation to the host, and makes the rootfs a mount of its own,
 * from ROOTFS_FD (a directory of the old namespace) to *RET_FD (the root of the new mount).
 * PROPAGATION: linux.rootfsPropagation or NULL (slave, so that host mounts still arrive in binds).
 */
int rootfs_prepare(int rootfs_fd, const char *propagation, int *ret_fd, struct nacre_error *err);

/* Does the same with TREE_FD, a detached tree that becomes the rootfs. It is attached to the
 * directory DIRECTORY_FD, where hooks find it by its path. */
int rootfs_attach_tree(
	int tree_fd, int directory_fd, const char *propagation, struct nacre_error *err);

/* Does the same with the tree that BUILD makes once the propagation is set. BUILD is called with
 * DATA and returns the fd of a detached tree; NULL: an empty tmpfs. The tree lies on "/" until the
 * pivot: lookups start below it, so that paths of the host still work. */
typedef int rootfs_build(void *data, struct nacre_error *err);
int rootfs_make(const char *propagation, rootfs_build *build, void *data, int *ret_fd,
	struct nacre_error *err);

/* Does the same in a joined mount namespace, whose propagation must not be changed. */
int rootfs_attach(int rootfs_fd, const char *propagation, int *ret_fd, struct nacre_error *err);

/* Sets ATTRS, as of rootfs_seal, on the mounts that came along with the root, which have the host's
 * flags. The root itself does not become read-only yet, since mount points have to be made in
 * it. */
int rootfs_seal_below(int rootfs_fd, unsigned attrs, struct nacre_error *err);

/* Sets ATTRS (MOUNT_ATTR_RDONLY for root.readonly, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV) on the
 * root, and the propagation that could not be set before the pivot (shared, unbindable). The last
 * step: "/" is the rootfs by then. */
int rootfs_seal(unsigned attrs, const char *propagation, struct nacre_error *err);

#endif
