/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_FLAGS_H
#define NACRE_MOUNT_FLAGS_H

#include "libcontainer/mount/mount_sources.h"
#include "specs/mount_words.h"

/* mount_setattr(2) as the options ask. All return 0 or -errno. */

/* Sets flags and propagation on the whole tree, then those of the top mount alone. Only what the
 * options name is changed; clearing a flag that is locked (it came from a more privileged
 * namespace) is EPERM. */
int mount_set_flags(int tree_fd, const struct mount_options *o, struct nacre_error *err);

/* The same for a clone of a source, where naming one flag names all: see clear_unnamed. */
int mount_set_bind_flags(const struct mount_job *job, int tree_fd, struct nacre_error *err);

/* In the container's user namespace the flags of the host's mounts are locked
 * (mount_namespaces(7)); those of a tree that the runtime opened outside are not yet. -EPERM: the
 * options take one back. */
int mount_check_locked(int tree_fd, const struct mount_options *o, struct nacre_error *err);

/* What the host has set for the mount that FD lies on, which holds for an overlay that is made of
 * it as well as for a bind; but BUT. Returns MOUNT_ATTR_*, or -errno. */
int mount_attrs_of(int fd, unsigned but);

/* Gives the detached TREE_FD the idmap that MOUNT asks for in O: its own mappings, else those of
 * the container's user namespace USERNS_FD (-1: it has none). Linux 5.12, MOUNT_ATTR_IDMAP. */
int mount_set_idmap(int tree_fd, const struct oci_mount *mount, const struct mount_options *o,
	int userns_fd, struct nacre_error *err);

#endif
