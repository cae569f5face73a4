/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_OVERLAY_H
#define NACRE_MOUNT_SHIFT_OVERLAY_H

#include "libcontainer/mount/mount_shift.h"

/*
 * The root of a container that an engine has mounted as an overlay, once more, with mapped layers:
 * an overlay itself cannot be id-mapped. Linux 6.15, for layers that are mounted nowhere.
 *
 * The engine's upper directory is one more layer below, and mount points are made in a tmpfs that
 * goes with the container: nothing is written to what the engine has. So a root that the container
 * may write cannot be had: two overlays with one workdir break each other. What others write by the
 * engine's own mount (docker cp) is seen late or not at all.
 */

/* For mount_shift.c: the root directory of SHIFT is one of an overlay. Returns a detached mount.
 * -EOPNOTSUPP: it cannot be made, as the text says. */
int mount_shift_overlay(
	struct arena *arena, const struct mount_shift *shift, struct nacre_error *err);

/* A mapped clone of directory FD alone, without what is mounted in it, as overlay takes it; it is
 * there as long as the fd that this returns. -EINVAL, -EPERM: it cannot be mapped. */
int mount_shift_clone(int fd, int userns_fd);

#endif
