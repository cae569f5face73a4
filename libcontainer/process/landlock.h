/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LANDLOCK_H
#define NACRE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/spec.h"

/*
 * landlock(7): a second barrier behind mount flags and namespaces, for a program that avoided
 * those. It can write, make and remove files only below writable mounts, bind and connect to no TCP
 * port, signal no process and reach no abstract socket outside, and send ioctls only to devices in
 * /dev. Enforces the part of this that the kernel has.
 */

/* Restricts the caller and what it becomes, for good. In the container, after the pivot; needs
 * no_new_privs or CAP_SYS_ADMIN. MOUNTS: those of the config; ROOT_WRITABLE: the root as well.
 * TCP: of ports too; else rules of egress hold in its place, which leave TCP in the container free.
 * Returns the ABI that was used, 0 if the kernel has no Landlock. */
int landlock_restrict(const struct oci_mount *mounts, size_t n, bool root_writable, bool tcp,
	struct nacre_error *err);

/* The first ABI that enforces all that the profile promises; older ones cannot restrict TCP. */
#define LANDLOCK_ABI_WHOLE 4

#endif
