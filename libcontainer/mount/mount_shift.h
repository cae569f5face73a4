/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_H
#define NACRE_MOUNT_SHIFT_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/arena.h"
#include "specs/spec.h"

/*
 * Id-maps the files of a container whose ids are shifted, for the rule user-namespace. On disk the
 * files keep their owners; the container sees them through mounts with the id mapping of its user
 * namespace, USERNS_FD. Runs in the host's namespaces, as root.
 */

struct mount_shift {
	int rootfs_fd; /* the root directory */
	int userns_fd;
	uid_t root_id; /* id on the host of the container's id 0 */
	bool writable; /* by the container */
};

/* Makes a detached, id-mapped clone of the rootfs and the mounts in it; for an overlay, see
 * mount_shift_overlay.h. It is a slave: mounts of the host propagate to it, none propagate back.
 * Returns an fd. -EOPNOTSUPP: a file system there cannot be id-mapped, as the text says. */
int mount_shift_root(struct arena *arena, const struct mount_shift *shift, struct nacre_error *err);

/* Whether the source of the bind MOUNT can be id-mapped. Returns 1, or 0: it cannot, and is a
 * device, a socket or a FIFO, whose mode counts more than its owner. -EOPNOTSUPP: it cannot, and
 * has files. A source that does not exist or cannot be cloned is 1: the mount itself reports
 * that. */
int mount_shift_may_bind(const struct oci_mount *mount, int userns_fd, struct nacre_error *err);

#endif
