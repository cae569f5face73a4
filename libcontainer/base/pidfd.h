/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PIDFD_H
#define NACRE_PIDFD_H

#include <stdint.h>

#include "specs/error.h"

/* Waits for the process behind a pidfd to end, TIMEOUT_MS milliseconds at most (-1: for ever). A
 * signal that is handled meanwhile does not end the wait. Returns 1: it has ended, 0: it has not,
 * or -errno of poll(2). */
int pidfd_wait_end(int pidfd, int timeout_ms);

/* Waits as long for it to end by itself, kills it if it has not, and waits as long again. WHAT
 * names it in an error; -ETIMEDOUT: it did not end. */
int pidfd_end(int pidfd, int timeout_ms, const char *what, struct nacre_error *err);

/* What tells the process behind a pidfd from every other of this boot, whoever asks: the number of
 * its inode in pidfs. Returns 1, 0: the kernel has no pidfs (it is of Linux 6.9), or -errno. */
int pidfd_identity(int pidfd, uint64_t *ret_identity);

#endif
