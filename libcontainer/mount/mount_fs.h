/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_FS_H
#define NACRE_MOUNT_FS_H

#include "specs/spec.h"

/* The kernel's filesystem context: fsopen, fsconfig, fsmount. */

struct filesystem {
	const char *type;
	const char *source; /* NULL: none */
	struct oci_strings
		options; /* those that are data for it: "flag" or "key=value", literally */
	unsigned super_flags; /* MS_SYNCHRONOUS, ... */
	unsigned super_clear;
	unsigned attr; /* MOUNT_ATTR_* of the mount */
	int mode; /* of the root directory unless the options have one; -1: the filesystem's default
		   */
	const char *label; /* SELinux, for the types that take one; NULL: none */
};

/* Makes it. Returns the fd of a detached mount; the text of a failure has the kernel's own words.
 */
int mount_filesystem(const struct filesystem *fs, struct nacre_error *err);

/* Changes the superblock of the mount whose root TARGET_FD is. */
int mount_reconfigure(const struct filesystem *fs, int target_fd, struct nacre_error *err);

/* An empty read-only tmpfs. */
int mount_empty(struct nacre_error *err);

#endif
