/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PATH_TEXT_H
#define NACRE_PATH_TEXT_H

#include <stdbool.h>

/*
 * Paths as text. specs/ never looks at the file system, so symlinks stay unseen here: these calls
 * tell what a path names if it has none. Whoever opens the path must not rely on them
 * (libcontainer/base/paths.h).
 */

enum {
	PATH_TEXT_MAX = 4096, /* PATH_MAX: no system call takes more */
};

/* Writes PATH without "//", "." and ".." to RET; a relative one is taken from "/", and ".." does
 * not leave it. Returns -ENAMETOOLONG. */
int path_clean(const char *path, char ret[static PATH_TEXT_MAX]);

/* Whether the relative path PATH has more ".." than what stands before them. */
bool path_climbs(const char *path);

/* Whether PATH is DIRECTORY or lies below it. Both clean. */
bool path_within(const char *path, const char *directory);

#endif
