/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_REAPER_H
#define NACRE_REAPER_H

#include <stdbool.h>

#include "specs/nacre_error.h"

/*
 * Pid 1 of a pid namespace whose program does not expect to be that: the kernel drops signals that
 * pid 1 has no handler for, as that of ctrl-c, and leaves it all processes whose parents have
 * ended.
 *
 * The caller, which has by now no more than the program is to have, stays behind as pid 1, without
 * any file open and with its heap wiped, and its child goes on. It passes on each signal that it
 * gets, reaps whatever ends, and ends when the child does: with its exit code, or with 128 + n if
 * signal n ended it.
 */

/* Returns in the child. ENDS_WITH_PARENT: with pid 1, and so with all in its namespace, also if the
 * caller's parent is killed. That one must be alive when the child goes on: whoever waits for it on
 * a socket sees that. */
int reaper_stay_behind(bool ends_with_parent, struct nacre_error *err);

#endif
