/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LSM_H
#define NACRE_LSM_H

#include <stdbool.h>

#include "specs/error.h"

/* Which of the two is active, from /sys/module and /sys/fs: read before the pivot. */
bool lsm_apparmor_enabled(void);
bool lsm_selinux_enabled(void);

/* Sets the label that the next exec of the caller takes, through PROC_FD (procfs.h), and reads it
 * back: an unproven label is a failure (CVE-2019-16884, CVE-2025-52881). Each takes NULL or "". A
 * label where the LSM is not active is an error. */
int lsm_apparmor_on_exec(int proc_fd, const char *profile, struct nacre_error *err);
int lsm_selinux_on_exec(int proc_fd, const char *label, struct nacre_error *err);

/* The context of the keys that the caller makes from now on; "" resets it. */
int lsm_selinux_on_new_key(int proc_fd, const char *label, struct nacre_error *err);

#endif
