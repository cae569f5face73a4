/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_WORKSPACE_H
#define NACRE_MOUNT_WORKSPACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "specs/error.h"
#include "specs/spec_types.h"

/* The overlay that a copy-on-write workspace is: one lower, the source, and nothing of it is looked
 * up by a name. */

struct mount_workspace {
	const char *source; /* for error texts */
	int source_fd;
	int upper_fd; /* empty, and of its own */
	int work_fd; /* on the same file system */
	bool user_xattr; /* as for whoever is not root of the host: without redirects of directories
			  */
};

/* Whether the caller may mount an overlay in its mount namespace: 1, 0 or -errno. */
int mount_workspace_may(struct nacre_error *err);

/* Makes it. Returns the fd of a detached mount. */
int mount_workspace_build(const struct mount_workspace *workspace, struct nacre_error *err);

/* What overlay would do without in silence: extended attributes where UPPER_FD lies, and a place
 * that is neither in the source nor has it in itself (STORE_FD). -ENOTSUP, -EINVAL. */
int mount_workspace_check(
	const struct mount_workspace *workspace, int store_fd, struct nacre_error *err);

/* Whether a mount lies below the directory PATH, which an overlay of it does not show: 1, and which
 * one, 0, or -errno. */
int mount_workspace_hides(
	const char *path, int source_fd, char ret_path[PATH_MAX], struct nacre_error *err);

/* Binds each of PATHS below the mount whose root TREE_FD is, attached in the caller's mount
 * namespace, on itself, so that none can be renamed or deleted; and with READ_ONLY so that none can
 * be written to. What is gone, or is a symlink, is left out. */
int mount_workspace_protect(
	int tree_fd, const struct oci_strings *paths, bool read_only, struct nacre_error *err);

#endif
