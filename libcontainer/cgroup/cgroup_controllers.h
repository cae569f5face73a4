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

/* Reads what is available to the cgroup at DIR_FD: names with a space between them. Returns -errno.
 */
int cgroup_controllers_read(int dir_fd, char ret_names[CGROUP_CONTROLLERS_MAX]);

/* Whether the blank-separated NAMES hold the LENGTH bytes at NAME. */
bool cgroup_controllers_have(const char *names, const char *name, size_t length);

/* Reads which of them the children of the cgroup at DIR_FD have. Returns -errno. */
int cgroup_controllers_read_enabled(int dir_fd, char ret_names[CGROUP_CONTROLLERS_MAX]);

/* Enables AVAILABLE for the children of the cgroup at DIR_FD, as far as the kernel lets it: one
 * that it refuses, and all where the cgroup has processes of its own, matters only if a limit needs
 * it, and then cgroup_controllers_explain finds out why. Returns -errno where the kernel could not
 * be asked: then nobody knows what a limit needs. */
int cgroup_controllers_enable(int dir_fd, const char *available);

/* FILE does not exist in the cgroup at CGROUP_FD: sets the error that says why PROPERTY cannot be
 * enforced. Returns -ENOSYS where the host lacks it, else what the kernel answers to enabling it.
 */
int cgroup_controllers_explain(
	int cgroup_fd, const char *property, const char *file, struct nacre_error *err);

#endif
