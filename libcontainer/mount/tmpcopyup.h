/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TMPCOPYUP_H
#define NACRE_TMPCOPYUP_H

#include "specs/error.h"

/* The mount option tmpcopyup: copies what directory FROM_FD (an O_PATH fd) holds into TO_FD, with
 * types, modes, owners, times and extended attributes. Symlinks are copied, never followed. */
int tmpcopyup(int from_fd, int to_fd, struct nacre_error *err);

#endif
