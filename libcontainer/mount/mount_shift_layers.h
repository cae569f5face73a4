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
	int fd; /* O_PATH */
	const char *base,
		*name; /* the layer is NAME in directory BASE, which layers mostly share; or NULL */
};

struct mount_shift_layers {
	struct mount_shift_layer *items; /* from the top down; of an arena */
	size_t n;
	bool has_upper; /* the first is the upperdir */
	struct oci_strings words; /* options that another overlay of these layers needs */
};

/* Opens the layers of the overlay whose root is ROOTFS_FD. RET_LAYERS is to be closed, also on
 * failure. -EOPNOTSUPP: they cannot be found or opened, as the text says. */
int mount_shift_layers_open(struct arena *arena, int rootfs_fd,
	struct mount_shift_layers *ret_layers, struct nacre_error *err);

void mount_shift_layers_close(struct mount_shift_layers *layers);

/* Compares the top directory of the mount MAPPED_FD, where the root's id is ROOT_ID, with
 * ROOTFS_FD: the path of a layer may lead elsewhere by now. -EOPNOTSUPP: they differ. */
int mount_shift_layers_compare(
	int rootfs_fd, int mapped_fd, uid_t root_id, struct nacre_error *err);

#endif
