/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_PLACE_H
#define NACRE_CGROUP_PLACE_H

#include "libcontainer/cgroup/cgroup.h"

/*
 * Decides where the container's cgroup lies: where cgroup_resolve_path says. If the kernel refuses
 * that to a caller without privilege (PRIVILEGED: root of the host) and CGROUPS_PATH is NULL or
 * empty: below the runtime's own cgroup, if that was delegated. -EACCES, -EPERM or -EROFS: the
 * caller may make a cgroup in neither place.
 */
int cgroup_place(int mount_fd, const char *cgroups_path, const char *id, bool privileged,
	char ret_path[PATH_MAX], struct nacre_error *err);

#endif
