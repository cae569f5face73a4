/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_ROOTFS_IDMAP_H
#define NACRE_SHIM_ROOTFS_IDMAP_H

#include <stdbool.h>

#include "shim/job.h"

/* Id-mapped mounts (mount_setattr(2)), for the options uidmap= and gidmap= of containerd's mounts:
 * the root of a pod with hostUsers: false. */

/* Opens a user namespace that has the maps UIDS and GIDS, each "CONTAINER:HOST:SIZE[,...]". Returns
 * an fd, or -1 with the reason in TEXT. */
int rootfs_idmap_open(const char *uids, const char *gids, char text[static JOB_TEXT]);

/* Mounts on TARGET a clone of SOURCE whose owners are mapped by USERNS; RECURSIVE: and the mounts
 * below it. The flags of the mounts stay. Returns 0, or -1 with the reason in TEXT. */
int rootfs_idmap_bind(int userns, const char *source, bool recursive, const char *target,
	char text[static JOB_TEXT]);

/* Mounts on TARGET of the mount namespace TO a clone of what is mounted on TARGET here, and enters
 * TO. Returns 0, or -1 with the reason in TEXT. */
int rootfs_idmap_hand_over(int to, const char *target, char text[static JOB_TEXT]);

#endif
