/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PIVOT_H
#define NACRE_PIVOT_H

#include "specs/error.h"

/* Each makes ROOTFS_FD the root and the working directory. */

/* Calls pivot_root(2): the old root is gone from the namespace afterwards. */
int pivot_rootfs(int rootfs_fd, struct nacre_error *err);

/* Moves the rootfs over "/", for a rootfs on a ramdisk (--no-pivot). The old root stays below
 * it. */
int pivot_move(int rootfs_fd, struct nacre_error *err);

/* Calls chroot(2), for a container without a mount namespace of its own. */
int pivot_chroot(int rootfs_fd, struct nacre_error *err);

#endif
