/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_OVERLAY_H
#define NACRE_MOUNT_SHIFT_OVERLAY_H

#include "libcontainer/mount/mount_shift.h"

/*
 * Mounts the root of a container a second time, with id-mapped layers, if an engine has mounted it
 * as an overlay: an overlay itself cannot be id-mapped. Needs Linux 6.15, which takes layers of
 * detached mounts.
 *
 * The engine's upper directory becomes the topmost lower layer, and mount points are made in a
 * tmpfs that ends with the container: nothing is written to what the engine has. So the container
 * cannot have a writable root: two overlays with one workdir break each other. What others write
 * through the engine's own mount (docker cp) is seen late or not at all.
 */

/* Makes that overlay, for mount_shift.c. The root directory of SHIFT is one of an overlay. Returns
 * the fd of a detached mount. -EOPNOTSUPP: it cannot be made, as the text says. */
int mount_shift_overlay(
	struct arena *arena, const struct mount_shift *shift, struct nacre_error *err);

/* Makes an id-mapped clone of directory FD alone, without the mounts in it, as overlay takes it.
 * Returns its fd, and the clone lasts as long as that is open. -EINVAL, -EPERM: it cannot be
 * id-mapped. */
int mount_shift_clone(int fd, int userns_fd);

#endif
