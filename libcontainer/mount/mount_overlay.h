/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_OVERLAY_H
#define NACRE_MOUNT_OVERLAY_H

#include "libcontainer/mount/mount_guard.h"

/* Opens the layers of an overlay. Under a profile they are judged, and the kernel gets paths that
 * lead to what was opened and to nothing else. Under oci it gets the paths of the config, unless
 * they are too long for mount(2). */

struct mount_overlay {
	struct oci_strings options; /* instead of the mount's; in the guard's arena */
	int *fds;
	size_t n_fds;
	int rootfs_fd; /* the caller's */
};

/* Opens the layers of mount INDEX of the config, which may be of any type. The fds must stay open
 * until the filesystem is made. */
int mount_overlay_open(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	int rootfs_fd, struct mount_overlay *ret_overlay, struct nacre_error *err);
void mount_overlay_close(struct mount_overlay *overlay);
#define cleanup_overlay __attribute__((cleanup(mount_overlay_close)))

#endif
