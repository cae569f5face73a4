/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MASKS_H
#define NACRE_MASKS_H

#include <stdbool.h>

#include "specs/spec.h"

/* Whether the config mounts something on /proc: mounts.c lets nothing but a procfs. */
bool masks_expect_procfs(const struct oci_config *config);

/* linux.maskedPaths: a file is covered by /dev/null, a directory by one shared empty read-only
 * tmpfs. linux.readonlyPaths: bound on itself, read-only, other flags kept. What is absent is
 * skipped. DEV_NULL_FD: the host's /dev/null, see device_open_null. Runs before the pivot, while
 * the mount that it lies on is still in the namespace, and after the sysctls are written: PROC_FD
 * of mount_context is the mount that these cover. PROCFS: see above; /proc must be
 * one then, or somebody exchanged it. */
int masks_apply(int rootfs_fd, int dev_null_fd, bool procfs, const struct oci_strings *masked,
	const struct oci_strings *readonly, struct nacre_error *err);

/* The same for a procfs or sysfs elsewhere, whose root VIEW_FD is: of the paths those that lie
 * below PREFIX, "/proc" or "/sys", as if it were mounted there. */
int masks_apply_view(int view_fd, const char *prefix, int dev_null_fd,
	const struct oci_strings *masked, const struct oci_strings *readonly,
	struct nacre_error *err);

/* Covers one that is hidden, which no symlink may lead to, and which must be what was judged. In an
 * overlay, which has numbers of its own, what has the name BELOW in SOURCE_FD is compared, the
 * directory that the overlay is of; -1: it is in none. What is absent is -ENOENT. */
int masks_hide(int rootfs_fd, int dev_null_fd, const struct oci_judged *hidden, int source_fd,
	const char *below, struct nacre_error *err);

#endif
