/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_DISK_H
#define NACRE_MOUNT_DISK_H

#include "libcontainer/mount/mount_guard.h"

enum {
	MOUNT_DISK_PATH = 32,
};

/* Applies the rule mount-sources to a disk: opens the source of MOUNT, number INDEX, and refuses it
 * unless its device number is that of a grant disk:NODE. RET_PATH: what to mount instead of the
 * source, a path that leads to the device that was judged, whatever the source's name leads to by
 * then. Returns an fd that keeps RET_PATH valid. */
int mount_open_disk(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	char ret_path[static MOUNT_DISK_PATH], struct nacre_error *err);

#endif
