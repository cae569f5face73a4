/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_REPLACE_H
#define NACRE_MOUNT_REPLACE_H

#include "libcontainer/mount/mounts.h"

/* Replaces the overlay at the destination of bind MOUNT by a new mount, in the mount namespace of
 * the process PIDFD, whose root is the container's. CONTEXT has the new tree in source_fds[0]; its
 * root, guard and callbacks are not used. A child does it, so that nothing of the caller enters the
 * container. DEADLINE: on the clock of child_now(); 0: none. */
int mount_replace(int pidfd, const struct mount_context *context, const struct oci_mount *mount,
	int64_t deadline, struct nacre_error *err);

#endif
