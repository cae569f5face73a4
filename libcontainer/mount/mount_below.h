/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_BELOW_H
#define NACRE_MOUNT_BELOW_H

#include "libcontainer/mount/mount_objects.h"

/* Whether there are mounts below the one that FD stands in, at once: 1, 0 or -errno. -ENOSYS: this
 * kernel does not tell (Linux 6.8). */
int mount_below_any(int fd);

/* The mounts below the mount whose root TREE_FD is, attached in the caller's mount namespace. Calls
 * EACH with those that may be an object of OBJECTS or a filesystem of the kernel's own: the root of
 * the mount, opened, and its path for people. Returns what EACH returned unless that is 0, else
 * whether there are any mounts below; -errno. */
int mount_below_each(int tree_fd, const struct mount_objects *objects,
	int (*each)(void *data, int fd, const char *path, struct nacre_error *err), void *data,
	struct nacre_error *err);

#endif
