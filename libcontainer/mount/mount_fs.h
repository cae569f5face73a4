/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_FS_H
#define NACRE_MOUNT_FS_H

#include <stdbool.h>

#include "specs/spec.h"

/* The kernel's filesystem context: fsopen, fsconfig, fsmount. */

enum {
	MOUNT_VALUE_MAX = 255, /* of fsconfig(2), for keys and values */
};

struct filesystem_fd {
	const char *key;
	int fd;
};

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
	/* A directory whose mount is not shared. A filesystem that only mount(2) can make is
	 * attached there for a moment: see mount_page.h. NULL: none. */
	const int *place_fd;
	const struct filesystem_fd *fds; /* options that take an fd; set after the others */
	size_t n_fds;
};

/* -ENOSYS: the caller has no fsopen(2), since a seccomp filter around it refuses that, as nacre's
 * own does in every profile but oci: no container can be made. */
int mount_check_calls(struct nacre_error *err);

/* Makes the filesystem. Returns the fd of a detached mount. An error text includes the kernel's
 * message. */
int mount_filesystem(const struct filesystem *fs, struct nacre_error *err);

/* Whether "mode" and the label's "context" are to be added to the options. */
bool mount_fs_adds_mode(const struct filesystem *fs);
bool mount_fs_adds_label(const struct filesystem *fs);

/* Changes the superblock of the mount whose root is TARGET_FD. */
int mount_reconfigure(const struct filesystem *fs, int target_fd, struct nacre_error *err);

/* Makes an empty read-only tmpfs. Returns the fd of a detached mount. */
int mount_empty(struct nacre_error *err);

#endif
