/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_CONTROLLERS_H
#define NACRE_CGROUP_CONTROLLERS_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/error.h"

/*
 * cgroup.controllers and cgroup.subtree_control. A cgroup has a controller's files if its parent
 * has the controller in cgroup.subtree_control, and so on up to the root.
 */

#define CGROUP_CONTROLLERS_MAX 512 /* bytes; all names of Linux 6.18 together take 60 */

/* Reads the controllers available to the cgroup at DIR_FD: names with a space between them. Returns
 * -errno. */
int cgroup_controllers_read(int dir_fd, char ret_names[CGROUP_CONTROLLERS_MAX]);

/* Whether NAMES, separated by spaces, has the LENGTH bytes at NAME. */
bool cgroup_controllers_have(const char *names, const char *name, size_t length);

/* Reads the controllers that are enabled for the children of the cgroup at DIR_FD. Returns
 * -errno. */
int cgroup_controllers_read_enabled(int dir_fd, char ret_names[CGROUP_CONTROLLERS_MAX]);

/* Enables the controllers AVAILABLE for the children of the cgroup at DIR_FD, as far as the kernel
 * allows. A refused controller is no error, and neither are processes in the cgroup, which prevent
 * all: they matter only if a limit needs the controller, and then cgroup_controllers_explain finds
 * the reason. Returns -errno if the kernel could not be asked: then it is unknown what a limit
 * needs. */
int cgroup_controllers_enable(int dir_fd, const char *available);

/* Sets the error that explains why PROPERTY cannot be enforced: FILE does not exist in the cgroup
 * at CGROUP_FD. Returns -ENOSYS if the host lacks it, else the kernel's answer to enabling its
 * controller. */
int cgroup_controllers_explain(
	int cgroup_fd, const char *property, const char *file, struct nacre_error *err);

#endif
