/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RESCTRL_H
#define NACRE_RESCTRL_H

#include <sys/types.h>

#include "specs/spec.h"

/*
 * Implements linux.intelRdt: shares of caches and memory bandwidth, by the resctrl file system
 * (Documentation/filesystems/resctrl.rst). A container is in the group that closID names ("/": the
 * root group), which the administrator owns, or in a group of its own, named by its ID, which is
 * removed with it. ROOT_FD is the root of the file system.
 */

/* Opens the root of the file system. -ENOTSUP: none is mounted on /sys/fs/resctrl. */
int resctrl_open(struct nacre_error *err);

/* Makes the group if it is the container's own or does not exist, writes the schemata, and makes
 * the monitoring group. An existing group of closID must have l3CacheSchema and memBwSchema
 * already. On failure, removes what it made. */
int resctrl_create(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err);

/* Moves the process PID, and what it forks from then on, into these groups. */
int resctrl_join(int root_fd, const char *id, const struct oci_intel_rdt *rdt, pid_t pid,
	struct nacre_error *err);

/* Writes l3CacheSchema and memBwSchema of RDT to an existing group, for update. *RET_BEFORE: the
 * schemata before, for resctrl_restore; heap. On failure they are restored. */
int resctrl_change(int root_fd, const char *id, const struct oci_intel_rdt *rdt, char **ret_before,
	struct nacre_error *err);
int resctrl_restore(int root_fd, const char *id, const struct oci_intel_rdt *rdt,
	const char *before, struct nacre_error *err);

/* Removes the container's own groups; groups that are gone are no error. */
int resctrl_remove(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err);

#endif
