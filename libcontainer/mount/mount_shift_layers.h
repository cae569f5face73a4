/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_SHIFT_LAYERS_H
#define NACRE_MOUNT_SHIFT_LAYERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/arena.h"
#include "specs/spec.h"

/* The layers of an overlay that is mounted, as the kernel tells them: their paths, which may be
 * relative to where the engine stood, and its other options. */

struct mount_shift_layer {
	int fd; /* O_PATH */
	const char *base,
		*name; /* directory that it was found below, mostly with others; or NULL */
};

struct mount_shift_layers {
	struct mount_shift_layer *items; /* from the top down; of an arena */
	size_t n;
	bool has_upper; /* the first is the upperdir */
	struct oci_strings words; /* options that another overlay of these layers needs */
};

/* Of the overlay whose root ROOTFS_FD is. To be closed, also on failure. -EOPNOTSUPP: they are not
 * to be had, as the text says. */
int mount_shift_layers_open(struct arena *arena, int rootfs_fd,
	struct mount_shift_layers *ret_layers, struct nacre_error *err);

void mount_shift_layers_close(struct mount_shift_layers *layers);

/* Whether what lies at the top of the mount MAPPED_FD, whose root's id is ROOT_ID, is what lies in
 * ROOTFS_FD: a layer whose name leads elsewhere by now is not taken for it. -EOPNOTSUPP: it is not.
 */
int mount_shift_layers_compare(
	int rootfs_fd, int mapped_fd, uid_t root_id, struct nacre_error *err);

#endif
