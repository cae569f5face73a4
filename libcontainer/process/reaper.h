/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_REAPER_H
#define NACRE_REAPER_H

#include <stdbool.h>

#include "specs/nacre_error.h"

/*
 * Pid 1 of a pid namespace, for a program that is not written to be pid 1: the kernel drops signals
 * that pid 1 has no handler for, as that of ctrl-c, and makes it the parent of all orphans.
 *
 * The caller, which by now has only what the program may have, stays behind as pid 1, without open
 * files and with its heap wiped, and its child goes on. Pid 1 passes on each signal that it gets,
 * reaps all processes, and ends when that child ends: with its exit code, or with 128 + n if signal
 * n ended it.
 */

/* Returns in the child. ENDS_WITH_PARENT: pid 1, and with it everything in its namespace, also ends
 * if the caller's parent is killed. The parent must be alive when the child goes on: a parent that
 * waits for the child on a socket proves that. */
int reaper_stay_behind(bool ends_with_parent, struct nacre_error *err);

#endif
