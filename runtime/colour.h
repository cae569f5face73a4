/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COLOUR_H
#define NACRE_COLOUR_H

#include <stdbool.h>

/* Returns whether output to FD may have colours: FD is a terminal, and neither NO_COLOR nor
 * TERM=dumb is set. */
bool colour_is_wanted(int fd);

/* Adds a colour to each line of TEXT, from `workspace diff` or `apply`, that reports a change. The
 * beginning of a line decides: names and content are escaped and never begin a line. Heap; NULL: no
 * memory. */
char *colour_changes(const char *text);

#endif
