/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_CONTENT_H
#define NACRE_MOUNT_CONTENT_H

#include "libcontainer/mount/mount_sources.h"

/* Entries of the config's mounts that mount nothing, or whose content does not come from the
 * host. */

/* Handles podman's option copy-symlink: copies a source that is a symlink. Returns 1 if it was
 * one. */
int mount_copy_symlink(const struct mount_job *job, struct nacre_error *err);

/* Type MOUNT_DIRECTORY: makes a directory; an existing one stays as it is. */
int mount_make_directory(const struct mount_job *job, struct nacre_error *err);

/* Type MOUNT_FILE: builds a detached mount of one file, with the data and the mode of the options.
 * Covers the rootfs for a moment, before anybody else can see it. Returns an fd. */
int mount_build_file(const struct mount_job *job, struct nacre_error *err);

#endif
