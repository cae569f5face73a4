/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_WORKSPACE_H
#define NACRE_MOUNT_WORKSPACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "specs/error.h"
#include "specs/spec_types.h"

/* Makes the overlay of a copy-on-write workspace. It has one lower layer, the source, and takes all
 * its directories as fds: none is looked up by name. */

struct mount_workspace {
	const char *source; /* for error texts */
	int source_fd;
	int upper_fd; /* empty, and of its own */
	int work_fd; /* on the same file system */
	bool user_xattr; /* option userxattr: for callers who are not root of the host; without
			    redirect_dir */
};

/* Whether the caller may mount an overlay in its mount namespace: 1, 0 or -errno. */
int mount_workspace_may(struct nacre_error *err);

/* Makes the overlay. Returns the fd of a detached mount. */
int mount_workspace_build(const struct mount_workspace *workspace, struct nacre_error *err);

/* Checks what overlay itself does not report. -ENOTSUP: no extended attributes where UPPER_FD lies.
 * -EINVAL: STORE_FD, the directory of workspaces, lies in the source or contains it. */
int mount_workspace_check(
	const struct mount_workspace *workspace, int store_fd, struct nacre_error *err);

/* Whether mounts lie below the directory PATH: an overlay of it does not show them. Returns 1, with
 * the path of one, 0 or -errno. */
int mount_workspace_hides(
	const char *path, int source_fd, char ret_path[PATH_MAX], struct nacre_error *err);

/* Binds each of PATHS, below TREE_FD, on itself, so that none can be renamed or deleted; with
 * READ_ONLY none can be written to either. TREE_FD: root of a mount that is attached in the
 * caller's mount namespace. Skips paths that do not exist or are symlinks. */
int mount_workspace_protect(
	int tree_fd, const struct oci_strings *paths, bool read_only, struct nacre_error *err);

#endif
