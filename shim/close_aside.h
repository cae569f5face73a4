/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_CLOSE_ASIDE_H
#define NACRE_SHIM_CLOSE_ASIDE_H

#include <stddef.h>

/* Closes *FD unless it is -1, and sets it to that. */
void close_now(int *fd);

/* Closes the N FDS, at most 3, none of which is stdio, and sets them to -1, which some may be. What
 * the last close of them does is left to a child: it takes the lock of a FIFO, and a process that
 * has the FIFO open can hold this lock as long as it likes, by splice(2) to a full socket. Whoever
 * closes it meanwhile does nothing else and takes no signal, not even SIGKILL. The child is the
 * caller's to reap. */
void close_aside(int *fds, size_t n);

#endif
