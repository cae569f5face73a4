/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LANDLOCK_H
#define NACRE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/spec.h"

/*
 * landlock(7): a second opinion below mount flags and namespaces, which holds even where those were
 * got round: nothing can be written, made or removed but below writable mounts, no TCP port bound
 * or connected to, no process outside signalled, no abstract socket outside reached, and no device
 * but those of /dev given commands. As much of it as the kernel has.
 */

/* Restricts the caller and what it becomes, for good. In the container, after the pivot; needs
 * no_new_privs or CAP_SYS_ADMIN. MOUNTS: those of the config; ROOT_WRITABLE: the root as well.
 * TCP: of ports too; else rules of egress hold in its place, which leave TCP in the container free.
 * Returns the ABI that was used, 0 if the kernel has no Landlock. */
int landlock_restrict(const struct oci_mount *mounts, size_t n, bool root_writable, bool tcp,
	struct nacre_error *err);

/* From this ABI on there is all that the profile promises; older ones cannot tell TCP. */
#define LANDLOCK_ABI_WHOLE 4

#endif
