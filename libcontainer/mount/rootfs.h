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

/* The same with TREE_FD, a detached tree, which is the rootfs then, and is laid on the directory
 * DIRECTORY_FD, where hooks find it by its name. */
int rootfs_attach_tree(
	int tree_fd, int directory_fd, const char *propagation, struct nacre_error *err);

/* The same with what BUILD makes once the propagation is set; it is called with DATA and returns
 * the fd of a detached tree; NULL: an empty tmpfs. It lies
 * on "/" until it is pivoted to: a lookup begins below it, so that all of the host can still be
 * named. */
typedef int rootfs_build(void *data, struct nacre_error *err);
int rootfs_make(const char *propagation, rootfs_build *build, void *data, int *ret_fd,
	struct nacre_error *err);

/* The same in a mount namespace that was joined: its propagation is not ours to change. */
int rootfs_attach(int rootfs_fd, const char *propagation, int *ret_fd, struct nacre_error *err);

/* What the profile asks of the root, for the mounts that came along with it, whose flags are the
 * host's: ATTRS as below, on all of them at once. The root itself stays as it is, since mount
 * points have to be made in it. */
int rootfs_seal_below(int rootfs_fd, unsigned attrs, struct nacre_error *err);

/* Last: ATTRS (MOUNT_ATTR_RDONLY for root.readonly, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV) and the
 * propagation that could not be set before the pivot (shared, unbindable). Runs with "/" being the
 * rootfs. */
int rootfs_seal(unsigned attrs, const char *propagation, struct nacre_error *err);

#endif
