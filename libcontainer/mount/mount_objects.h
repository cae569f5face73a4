/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_OBJECTS_H
#define NACRE_MOUNT_OBJECTS_H

#include <stddef.h>

#include "libcontainer/mount/mount_identity.h"
#include "specs/arena.h"
#include "specs/host_objects.h"

/* The rows of host_objects.h that exist on this host, by identity, with all directories above
 * them. */

struct mount_object {
	struct mount_identity identity;
	const char *path; /* where it was found; "": a directory above one that a symlink led to */
	size_t length; /* of the path */
	const struct host_object *row; /* NULL: only a directory above others */
	/* Objects below it: one that the grant engine-socket allows, and one that it does not.
	 * NULL: none. */
	const struct mount_object *engine;
	const struct mount_object *other;
	struct mount_object *above; /* NULL: the root */
	struct mount_object *next;
};

struct mount_objects {
	struct arena *arena;
	struct mount_object *newest;
};

/* Collects the rows that exist. What does not exist, or what the caller may not look up, cannot be
 * mounted either. */
int mount_objects_collect(
	struct mount_objects *objects, struct arena *arena, struct nacre_error *err);

/* Adds the directory STATE_FD, with all that is in it: the state of containers. */
int mount_objects_add_state(struct mount_objects *objects, int state_fd, struct nacre_error *err);

/* Finds the next object after AFTER (NULL: the first) with this identity: one object can be two
 * rows. NULL: none. */
const struct mount_object *mount_objects_find(const struct mount_objects *objects,
	const struct mount_identity *identity, const struct mount_object *after);

/* Describes what a filesystem with this f_type of statfs(2) shows of the kernel, wherever it is
 * mounted; NULL: nothing. */
const char *mount_objects_kernel_type(long magic);

/* Whether a filesystem shows something of the kernel, by its type in mountinfo. */
bool mount_objects_is_kernel_type(const char *name);

#endif
