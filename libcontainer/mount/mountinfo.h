/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNTINFO_H
#define NACRE_MOUNTINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/error.h"

/* A line of /proc/self/mountinfo, proc(5). */
struct mountinfo {
	uint64_t id;
	uint64_t parent;
	uint64_t device; /* dev_t */
	const char *root;
	const char *path;
	const char *options; /* of the mount, not of its filesystem */
	const char *type;
	const char *super_options; /* of its filesystem, with their escapes */
};

/* Parses LINE, without its newline, in place: the strings of RET point into it. False: the line is
 * malformed. */
bool mountinfo_parse(char *line, struct mountinfo *ret);

/* Takes the next line of *REST, the text of /proc/FILE, which it splits in place, and parses it.
 * Starts with the whole text. Returns 1, 0 at the end, or -EPROTO: a line is malformed, and no
 * question about the mounts can be answered. */
int mountinfo_next(char **rest, const char *file, struct mountinfo *ret, struct nacre_error *err);

/* Decodes the octal escapes of mountinfo (space, tab, newline, backslash, ...) in place. */
void mountinfo_unescape(char *text);

#endif
