/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_FLAGS_H
#define NACRE_MOUNT_FLAGS_H

#include "libcontainer/mount/mount_sources.h"
#include "specs/mount_words.h"

/* Sets flags, propagation and id mappings by mount_setattr(2). Functions return 0 or -errno unless
 * they say otherwise. */

/* Sets flags and propagation on the whole tree, then those of the top mount alone. Only what the
 * options name is changed; clearing a flag that is locked (it came from a more privileged
 * namespace) is EPERM. */
int mount_set_flags(int tree_fd, const struct mount_options *o, struct nacre_error *err);

/* Does the same for a clone of a source. There, naming one flag clears those that are not named:
 * see clear_unnamed. */
int mount_set_bind_flags(const struct mount_job *job, int tree_fd, struct nacre_error *err);

/* Refuses (-EPERM) options that clear a flag of the host's mount. The kernel locks those flags in
 * the container's user namespace (mount_namespaces(7)), but not yet on a tree that the runtime
 * opened outside. */
int mount_check_locked(int tree_fd, const struct mount_options *o, struct nacre_error *err);

/* Returns the MOUNT_ATTR_* that the host has set on the mount of FD, without those in BUT, or
 * -errno. An overlay that is made of it has to keep them, as a bind does. */
int mount_attrs_of(int fd, unsigned but);

/* Gives the detached TREE_FD the idmap that MOUNT asks for in O: its own mappings, else those of
 * the container's user namespace USERNS_FD (-1: it has none). Linux 5.12, MOUNT_ATTR_IDMAP. */
int mount_set_idmap(int tree_fd, const struct oci_mount *mount, const struct mount_options *o,
	int userns_fd, struct nacre_error *err);

#endif
