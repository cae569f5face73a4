/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_CONTENT_H
#define NACRE_MOUNT_CONTENT_H

#include "libcontainer/mount/mount_sources.h"

/* What the config has among its mounts and is none, or is made of nothing that the host has. */

/* The option copy-symlink of podman: a source that is a symlink is copied. Returns 1 if it was. */
int mount_copy_symlink(const struct mount_job *job, struct nacre_error *err);

/* Type MOUNT_DIRECTORY: a directory that is there stays as it is. */
int mount_make_directory(const struct mount_job *job, struct nacre_error *err);

/* Type MOUNT_FILE: a detached mount of one file, with the data and the mode of the options. The
 * rootfs is covered for a moment, which nobody sees yet. Returns an fd. */
int mount_build_file(const struct mount_job *job, struct nacre_error *err);

#endif
