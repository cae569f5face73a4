/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_LAYERS_H
#define NACRE_MOUNT_SHIFT_LAYERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/arena.h"
#include "specs/spec.h"

/* Reads the layers of a mounted overlay from the kernel: their paths, which may be relative to the
 * engine's working directory, and its other options. */

struct mount_shift_layer {
	const char *name; /* absolute, or relative to BASE */
	const char *base; /* a directory above it, which layers mostly share; or NULL */
	dev_t device; /* what the name leads to */
	ino_t inode;
};

struct mount_shift_layers {
	struct mount_shift_layer *items; /* from the top down; of an arena */
	size_t n;
	bool has_upper; /* the first is the upperdir */
	struct oci_strings words; /* options that another overlay of these layers needs */
};

/* Finds the layers of the overlay whose root is ROOTFS_FD. -EOPNOTSUPP: they cannot be found, as
 * the text says. */
int mount_shift_layers_find(struct arena *arena, int rootfs_fd,
	struct mount_shift_layers *ret_layers, struct nacre_error *err);

/* The name of a layer that has a BASE, relative to that. */
const char *mount_shift_layers_in_base(const struct mount_shift_layer *layer);

/* Opens a layer by its name. Returns an O_PATH fd or -errno. */
int mount_shift_layers_open_one(const struct mount_shift_layer *layer);

/* Compares the top directory of the mount MAPPED_FD, where the root's id is ROOT_ID, with
 * ROOTFS_FD: the path of a layer may lead elsewhere by now. -EOPNOTSUPP: they differ. */
int mount_shift_layers_compare(
	int rootfs_fd, int mapped_fd, uid_t root_id, struct nacre_error *err);

#endif
