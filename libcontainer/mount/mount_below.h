/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_BELOW_H
#define NACRE_MOUNT_BELOW_H

#include "libcontainer/mount/mount_objects.h"

/* Whether there are mounts below the mount of FD, without reading mountinfo: 1, 0 or -errno.
 * -ENOSYS: the kernel has no listmount(2) (Linux 6.8). */
int mount_below_any(int fd);

/* Visits the mounts below the mount whose root is TREE_FD, attached in the caller's mount
 * namespace. Calls EACH for those that may be one of OBJECTS or a filesystem of the kernel's own,
 * with the root of the mount, opened, and its path for messages. Returns the first result of EACH
 * that is not 0, else whether there are any mounts below, or -errno. */
int mount_below_each(int tree_fd, const struct mount_objects *objects,
	int (*each)(void *data, int fd, const char *path, struct nacre_error *err), void *data,
	struct nacre_error *err);

#endif
