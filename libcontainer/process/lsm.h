/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LSM_H
#define NACRE_LSM_H

#include <stdbool.h>

#include "specs/error.h"

/* Return whether the LSM is active, from /sys/module and /sys/fs: to be called before the pivot. */
bool lsm_apparmor_enabled(void);
bool lsm_selinux_enabled(void);

/* Sets the label for the caller's next exec, through PROC_FD (procfs.h), and reads it back: an
 * unproven label is a failure (CVE-2019-16884, CVE-2025-52881). For NULL or "" nothing is done. A
 * label for an inactive LSM is an error. */
int lsm_apparmor_on_exec(int proc_fd, const char *profile, struct nacre_error *err);
int lsm_selinux_on_exec(int proc_fd, const char *label, struct nacre_error *err);

/* Sets the SELinux context of keys that the caller makes from now on; "" resets it. */
int lsm_selinux_on_new_key(int proc_fd, const char *label, struct nacre_error *err);

#endif
