/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_H
#define NACRE_MOUNT_SHIFT_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/arena.h"
#include "specs/spec.h"

/*
 * Files of a container whose ids are shifted, for the rule user-namespace. On disk they keep their
 * owners; the container sees those through mounts that are mapped as its user namespace is,
 * USERNS_FD. In the host's namespaces, by root.
 */

struct mount_shift {
	int rootfs_fd; /* the root directory */
	int userns_fd;
	uid_t root_id; /* of the host, that 0 is mapped to */
	bool writable; /* by the container */
};

/* A detached, mapped clone of the directory and what is mounted in it, which hears of the host's
 * mounts and tells of none; of an overlay: mount_shift_overlay.h. Returns an fd. -EOPNOTSUPP: a
 * file system there cannot be id-mapped, as the text says. */
int mount_shift_root(struct arena *arena, const struct mount_shift *shift, struct nacre_error *err);

/* Whether the source of the bind MOUNT can be mapped. Returns 1, or 0: it cannot, and is a device,
 * a socket or a FIFO, for which its mode counts more than its owner. -EOPNOTSUPP: it has files.
 * What is not there, or cannot be cloned, is 1: whoever mounts it tells of that. */
int mount_shift_may_bind(const struct oci_mount *mount, int userns_fd, struct nacre_error *err);

#endif
