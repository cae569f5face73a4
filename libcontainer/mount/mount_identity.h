/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_IDENTITY_H
#define NACRE_MOUNT_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/* Finds out which object of the host an open file is, and what it lies in: never by a path
 * alone. */

struct mount_identity {
	uint64_t device;
	uint64_t inode;
	uint64_t mount; /* STATX_MNT_ID */
	mode_t mode;
};

int mount_identity_read(int fd, struct mount_identity *ret_identity, struct nacre_error *err);

/* Does the same for PATH, without an error text: -errno. FLAGS of statx(2). */
int mount_identity_of_path(
	int dirfd, const char *path, int flags, struct mount_identity *ret_identity);

/* Whether both are one object, whatever mount or name it was reached by. */
bool mount_identity_same(const struct mount_identity *a, const struct mount_identity *b);

/* Finds where PATH leads through DIRECTORY, however that is spelled: *RET_REST points into PATH, at
 * the '/' after it. NULL: it does not lead through it. */
int mount_identity_below(const char *path, const struct mount_identity *directory,
	const char **ret_rest, struct nacre_error *err);

/* Calls EACH with the identity of FD and then of every directory that it lies in, across mounts and
 * up to the root, until EACH returns other than 0. Returns that result, else 0 or -errno. */
int mount_identity_each_above(int fd,
	int (*each)(void *data, const struct mount_identity *identity), void *data,
	struct nacre_error *err);

#endif
