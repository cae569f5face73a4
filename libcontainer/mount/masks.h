/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MASKS_H
#define NACRE_MASKS_H

#include <stdbool.h>

#include "specs/spec.h"

/* Whether the config mounts something on /proc: that is a procfs, since mounts.c refuses anything
 * else. */
bool masks_expect_procfs(const struct oci_config *config);

/* Covers linux.maskedPaths: a file with /dev/null, a directory with one shared empty read-only
 * tmpfs. Binds linux.readonlyPaths on themselves, read-only, and keeps their other flags. Skips
 * paths that do not exist. DEV_NULL_FD: the host's /dev/null, see device_open_null. PROCFS: result
 * of masks_expect_procfs; /proc must be a procfs then, or somebody has replaced it. Runs before the
 * pivot, while the mount of DEV_NULL_FD is still in the namespace, and after the sysctls are
 * written: the masks cover the mount that PROC_FD of mount_context is. */
int masks_apply(int rootfs_fd, int dev_null_fd, bool procfs, const struct oci_strings *masked,
	const struct oci_strings *readonly, struct nacre_error *err);

/* Does the same for a procfs or sysfs elsewhere, whose root is VIEW_FD: for the paths below PREFIX,
 * "/proc" or "/sys", as if it were mounted there. */
int masks_apply_view(int view_fd, const char *prefix, int dev_null_fd,
	const struct oci_strings *masked, const struct oci_strings *readonly,
	struct nacre_error *err);

/* Covers HIDDEN, a path that no symlink may lead to and that must be the object that was judged. An
 * overlay has inode numbers of its own: in one, the file BELOW in SOURCE_FD, the directory that the
 * overlay is made of, is compared. SOURCE_FD -1: not in an overlay. -ENOENT: it does not exist. */
int masks_hide(int rootfs_fd, int dev_null_fd, const struct oci_judged *hidden, int source_fd,
	const char *below, struct nacre_error *err);

#endif
