/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PIVOT_H
#define NACRE_PIVOT_H

#include "specs/error.h"

/* Each makes ROOTFS_FD the root and the working directory. */

/* pivot_root(2): the old root is gone from the namespace afterwards. */
int pivot_rootfs(int rootfs_fd, struct nacre_error *err);

/* For a rootfs on a ramdisk (--no-pivot): the rootfs is moved over "/". The old root stays below
 * it. */
int pivot_move(int rootfs_fd, struct nacre_error *err);

/* Without a mount namespace of its own there is nothing to pivot in. */
int pivot_chroot(int rootfs_fd, struct nacre_error *err);

#endif
