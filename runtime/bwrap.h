/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BWRAP_H
#define NACRE_BWRAP_H

#include <stdbool.h>

/* nacre under bubblewrap's name: nacre-bwrap(1). */

/* Whether NAME, of the program, is that. */
bool bwrap_is_name(const char *name);

/* Does what ARGV says; the exit status. */
int bwrap_main(char *const argv[]);

#endif
