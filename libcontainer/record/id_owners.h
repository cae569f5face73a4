/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ID_OWNERS_H
#define NACRE_ID_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/error.h"

/*
 * The owners in a claim of id_block.h: a line "DEVICE INODE PATH\n" for the state directory of each
 * container that has the block. An owner without a state directory counts for nothing, and so does
 * a last line without a newline: whoever wrote it was killed meanwhile. An owner is always in the
 * first line, which is the only one that earlier versions read.
 */

struct id_owner {
	uint64_t device, inode;
	const char *path; /* in the text */
};

/* Reads the text of a claim. Heap; the caller frees it. Returns -errno. */
int id_owners_read(int claim_fd, char **ret_text);

/* Finds the next owner from **AT on, whose state directory exists, and ends its path there. Returns
 * false at the end. A line of another form, or whose path cannot be checked, counts as an owner
 * that exists, without a path (NULL). */
bool id_owners_next(char **at, struct id_owner *ret_owner);

/* Whether there is any. Changes TEXT. */
bool id_owners_any(char *text);

/* Writes the line of a state directory. Heap. Returns -errno; -EINVAL: its path has a newline. */
int id_owners_line(int state_fd, char **ret_line);

/* Makes another text of TEXT: the owners that exist, without the line WITHOUT, then the line WITH;
 * NULL: none. Heap; "": none is left. Returns -errno. */
int id_owners_change(const char *text, const char *without, const char *with, char **ret_text);

#endif
