/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_TREE_H
#define NACRE_MOUNT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/spec.h"

/*
 * Which mounts of a config lie inside which, and which a remount is about: by the text of their
 * destinations, as the rules see them. In n log n steps, since a config can have tens of thousands.
 */
struct mount_tree {
	/* One a mount: the last mount, no remount, with its destination or one below; 0: none. */
	size_t *last_inside;
	/* Of a remount: the last mount before it with its destination; of another: itself. */
	size_t *subject;
};

#define MOUNT_TREE_NONE SIZE_MAX

/* In ARENA. -ENOMEM, without a text. */
int mount_tree_make(
	struct arena *arena, const struct oci_mount *mounts, size_t n, struct mount_tree *ret_tree);

/* Whether a later mount is made inside mount I, or on it. */
bool mount_tree_has_inside(const struct mount_tree *tree, size_t i);

#endif
