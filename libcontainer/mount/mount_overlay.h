/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_OVERLAY_H
#define NACRE_MOUNT_OVERLAY_H

#include "libcontainer/mount/mount_guard.h"

/* The layers of an overlay. Under a profile they are opened here and judged, and the kernel gets
 * paths that lead to what is open and to nothing else. Under oci it gets those of the config, as
 * long as mount(2) takes them all. */

struct mount_overlay {
	struct oci_strings options; /* in place of the mount's; in the guard's arena */
	int *fds;
	size_t n_fds;
	int rootfs_fd; /* the caller's */
};

/* Mount INDEX of the config, of any type. The fds are for as long as the filesystem is made. */
int mount_overlay_open(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	int rootfs_fd, struct mount_overlay *ret_overlay, struct nacre_error *err);
void mount_overlay_close(struct mount_overlay *overlay);
#define cleanup_overlay __attribute__((cleanup(mount_overlay_close)))

#endif
