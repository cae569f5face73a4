/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LANDLOCK_H
#define NACRE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/spec.h"

/*
 * landlock(7): a second barrier behind mount flags and namespaces, for a program that has got past
 * them. The program can write, make and remove files only below writable mounts, open for writing
 * those files of stdio that are open for writing, bind and connect
 * no TCP port, signal no process and reach no abstract socket outside, and use ioctl(2) only for
 * devices in /dev. The part that the kernel supports is enforced.
 */

/* Restricts the caller and its descendants, for good. Must be called in the container, after the
 * pivot; needs no_new_privs or CAP_SYS_ADMIN. MOUNTS: the config's; ROOT_WRITABLE: the root is
 * writable as well. TCP: restricts ports too; otherwise egress rules are in force instead, which
 * leave TCP inside the container free. Returns the ABI that was used, 0 if the kernel has no
 * Landlock. */
int landlock_restrict(const struct oci_mount *mounts, size_t n, bool root_writable, bool tcp,
	struct nacre_error *err);

/* The first ABI that enforces all that the profile promises: older ones cannot restrict TCP. */
#define LANDLOCK_ABI_WHOLE 4

#endif
