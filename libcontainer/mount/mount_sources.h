/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SOURCES_H
#define NACRE_MOUNT_SOURCES_H

#include <stdbool.h>
#include <sys/types.h>

#include "libcontainer/mount/mounts.h"
#include "specs/mount_tree.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/* The half of mounts.c that makes the trees to be mounted. Each tree is detached: nobody but the
 * holder of the fd can see it. */

/* One entry of the config's mounts, while it is performed. */
struct mount_job {
	const struct mount_context *context;
	const struct oci_mount *mount;
	size_t index;
	struct mount_options options;
	uint64_t root_mount; /* stx_mnt_id and stx_ino of the rootfs */
	uint64_t root_inode;
	bool root_is_proc;
	struct mount_tree tree; /* set if the guard judges */
	char destination[PATH_TEXT_MAX]; /* cleaned */
};

/* Clones the source, with the flags of the options. Returns an fd. */
int mount_build_bind(const struct mount_job *job, struct nacre_error *err);

/* Whether FD lies in a procfs; -errno. */
int mount_is_proc(int fd);

/* Makes a new filesystem. TARGET_MODE: the mode of the directory that a tmpfs will cover; -1: the
 * default of tmpfs. Returns an fd. */
int mount_build_filesystem(const struct mount_job *job, int target_mode, struct nacre_error *err);

/* Whether a remount with these options changes the superblock as well. */
bool mount_changes_filesystem(const struct mount_options *o);

/* Changes an existing mount: the option "remount". */
int mount_change(const struct mount_job *job, int target_fd, struct nacre_error *err);

/* Whether "ro" has to wait for mount_seal_late. */
bool mount_is_sealed_late(const struct mount_job *job);

#endif
