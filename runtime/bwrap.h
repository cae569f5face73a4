/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BWRAP_H
#define NACRE_BWRAP_H

#include <stdbool.h>

/* nacre called as bubblewrap: nacre-bwrap(1). */

/* Returns whether the program's NAME means that. */
bool bwrap_is_name(const char *name);

/* Performs ARGV. Returns the exit status. */
int bwrap_main(char *const argv[]);

#endif
