/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_DISK_H
#define NACRE_MOUNT_DISK_H

#include "libcontainer/mount/mount_guard.h"

enum {
	MOUNT_DISK_PATH = 32,
};

/* The rule mount-sources on a disk: opens the source of MOUNT, number INDEX, which is mounted only
 * if it is the device of a grant disk:NODE, by its numbers. Writes what to mount in its place into
 * RET_PATH, which leads to what was judged, whatever the name leads to by then. Returns an fd that
 * keeps it so. */
int mount_open_disk(const struct mount_guard *guard, const struct oci_mount *mount, size_t index,
	char ret_path[static MOUNT_DISK_PATH], struct nacre_error *err);

#endif
