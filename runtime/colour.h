/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COLOUR_H
#define NACRE_COLOUR_H

#include <stdbool.h>

/* Whether what goes to FD may have colours: a terminal, and neither NO_COLOR nor TERM=dumb. */
bool colour_is_wanted(int fd);

/* TEXT of `workspace diff` or `apply` with a colour for each line that tells of a change, by how it
 * begins. Names and content in it are escaped, and never begin a line. Heap; NULL: no memory. */
char *colour_changes(const char *text);

#endif
