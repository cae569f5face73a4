/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_H
#define NACRE_SHIM_ROOTFS_H

#include "shim/job.h"
#include "shim/message.h"

/* Mounts the root filesystem of a container on rootfs in the bundle, as containerd's snapshotters
 * describe it. To be called in a child: each may wait for a device. */

/* Returns 0, or -1 with TEXT. */
int rootfs_mount(
	const char *bundle, Wire__Mount *const *mounts, size_t n, char text[static JOB_TEXT]);

/* Unmounts all that is mounted there. */
int rootfs_unmount(const char *bundle, char text[static JOB_TEXT]);

#endif
