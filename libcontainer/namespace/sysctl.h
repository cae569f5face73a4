/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYSCTL_H
#define NACRE_SYSCTL_H

#include "specs/spec.h"

/* Refuses a sysctl that belongs to no namespace of the container, since it would change the host.
 * Pure. */
int sysctl_check(const struct oci_config *config, struct nacre_error *err);

/* Refuses a sysctl of a namespace in HOST_FLAGS, which are joined by path and are the host's: see
 * namespaces_plan. */
int sysctl_check_joined(const struct oci_config *config, int host_flags, struct nacre_error *err);

/* Returns whether a write that failed with CODE (-EACCES, -EPERM) inside the namespaces might
 * succeed for a process outside of their user namespace. *RET_TYPE is the namespace that the value
 * belongs to, "network". */
bool sysctl_may_be_another_s(int code, const char *key, const char **ret_type);

/* Writes one value through PROC_FD (procfs.h). Its name may be a.b.c or a/b/c. */
int sysctl_write(int proc_fd, const struct oci_pair *sysctl, struct nacre_error *err);

#endif
