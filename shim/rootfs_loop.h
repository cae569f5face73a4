/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_LOOP_H
#define NACRE_SHIM_ROOTFS_LOOP_H

#include <stdbool.h>

#include "shim/job.h"

enum {
	ROOTFS_LOOP_PATH = 32,
};

/* Loop devices (loop(4)), for the option loop of containerd's mounts: a file that holds a
 * filesystem. */

/* Gives FILE a device. DIRECT: it reads and writes the file without the page cache. RET_PATH: the
 * device, to be mounted. Returns an fd of it, or -1 with the reason in TEXT. Once that is closed
 * the kernel releases the device with the last mount of it, or at once without one. */
int rootfs_loop_open(const char *file, bool read_only, bool direct, char ret_path[ROOTFS_LOOP_PATH],
	char text[static JOB_TEXT]);

#endif
