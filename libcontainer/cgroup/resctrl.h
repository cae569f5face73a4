/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RESCTRL_H
#define NACRE_RESCTRL_H

#include <sys/types.h>

#include "specs/spec.h"

/*
 * linux.intelRdt: shares of caches and memory bandwidth, by the resctrl file system
 * (Documentation/filesystems/resctrl.rst). A container is in the group that closID names ("/": the
 * root), which is the administrator's; or in one of its own, named by its ID, that goes with it.
 * ROOT_FD is the root of the file system.
 */

/* -ENOTSUP: none is mounted on /sys/fs/resctrl. */
int resctrl_open(struct nacre_error *err);

/* Makes the group if it is the container's own or has to be made, writes the schemata, and makes
 * the monitoring group. A group of closID that exists must have l3CacheSchema and memBwSchema
 * already. On failure nothing that it made is left. */
int resctrl_create(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err);

/* Moves the process PID, and what it forks from then on, into them. */
int resctrl_join(int root_fd, const char *id, const struct oci_intel_rdt *rdt, pid_t pid,
	struct nacre_error *err);

/* For update: writes l3CacheSchema and memBwSchema of RDT to a group that is there. *RET_BEFORE:
 * its schemata until then, for resctrl_restore; heap. On failure they are restored. */
int resctrl_change(int root_fd, const char *id, const struct oci_intel_rdt *rdt, char **ret_before,
	struct nacre_error *err);
int resctrl_restore(int root_fd, const char *id, const struct oci_intel_rdt *rdt,
	const char *before, struct nacre_error *err);

/* Removes the container's own groups; those that are gone are no error. */
int resctrl_remove(
	int root_fd, const char *id, const struct oci_intel_rdt *rdt, struct nacre_error *err);

#endif
