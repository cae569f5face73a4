/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_MARKS_H
#define NACRE_WORKSPACE_WALK_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/error.h"
#include "specs/path_text.h"

/*
 * Reads what overlay has noted about an entry of the upper in extended attributes:
 * trusted.overlay.* if root mounted it, user.overlay.* in a user namespace. A container can write
 * the other kind, which means nothing. It cannot write those of its own overlay: the kernel refuses
 * or escapes them.
 */

enum {
	WALK_HANDLE_MAX = 128, /* MAX_HANDLE_SZ */
};

struct walk_marks {
	bool opaque; /* hides what the source has below */
	bool strange; /* has an attribute that overlay does not write there with nacre's options */
	bool has_origin; /* was copied up from an entry of the source */
	bool has_redirect;
	char redirect[PATH_TEXT_MAX]; /* as it is, without NUL */
	size_t redirect_length;
	int handle_type; /* of the origin; see name_to_handle_at(2) */
	unsigned char handle[WALK_HANDLE_MAX];
	size_t handle_length; /* 0: the file system has none */
};

/* FD: opened for reading. */
int walk_marks_read(
	int fd, bool user_xattr, bool directory, struct walk_marks *ret, struct nacre_error *err);

/* Whether the entry NAME of DIRFD ("" for DIRFD itself) is the origin: 1, 0, or -ENOTSUP if that
 * cannot be found out. */
int walk_marks_is_origin(const struct walk_marks *marks, int dirfd, const char *name);

#endif
