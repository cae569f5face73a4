/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_H
#define NACRE_SHIM_ROOTFS_H

#include "shim/job.h"
#include "shim/message.h"

/* The root filesystem of a container, as containerd's snapshots have it: mounts on rootfs in the
 * bundle. For a child: either may wait for a device. */

/* Returns 0, or -1 with TEXT. */
int rootfs_mount(
	const char *bundle, Wire__Mount *const *mounts, size_t n, char text[static JOB_TEXT]);

/* All that is mounted there. */
int rootfs_unmount(const char *bundle, char text[static JOB_TEXT]);

#endif
