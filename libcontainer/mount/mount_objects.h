/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_OBJECTS_H
#define NACRE_MOUNT_OBJECTS_H

#include <stddef.h>

#include "libcontainer/mount/mount_identity.h"
#include "specs/arena.h"
#include "specs/host_objects.h"

/* The rows of host_objects.h as this host has them: opened, with all directories above them. */

struct mount_object {
	struct mount_identity identity;
	const char *path; /* by which it was found; "": a directory that some row led to */
	size_t length; /* of the path */
	const struct host_object *row; /* NULL: only a directory above others */
	/* Of what lies below it: a row that engine-socket allows, and one that it does not. */
	const struct mount_object *engine;
	const struct mount_object *other;
	struct mount_object *above; /* NULL: the root */
	struct mount_object *next;
};

struct mount_objects {
	struct arena *arena;
	struct mount_object *newest;
};

/* What is not there, or where the caller may not look, cannot be mounted either. */
int mount_objects_collect(
	struct mount_objects *objects, struct arena *arena, struct nacre_error *err);

/* The directory STATE_FD is one more, with all that is in it: the caller's own state. */
int mount_objects_add_state(struct mount_objects *objects, int state_fd, struct nacre_error *err);

/* The next after AFTER (NULL: the first) with this identity: one object can be two rows. NULL:
 * there is none. */
const struct mount_object *mount_objects_find(const struct mount_objects *objects,
	const struct mount_identity *identity, const struct mount_object *after);

/* What a filesystem with this f_type of statfs(2) shows of the kernel, whatever the place it is
 * mounted on; NULL: nothing. */
const char *mount_objects_kernel_type(long magic);

/* The same by its name in mountinfo. */
bool mount_objects_is_kernel_type(const char *name);

#endif
