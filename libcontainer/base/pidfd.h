/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PIDFD_H
#define NACRE_PIDFD_H

#include <stdint.h>

#include "specs/error.h"

/* Waits at most TIMEOUT_MS milliseconds (-1: no limit) until the process behind a pidfd has ended.
 * A signal does not end the wait. Returns 1: it has ended, 0: it has not, or -errno of poll(2). */
int pidfd_wait_end(int pidfd, int timeout_ms);

/* Waits as long for the process to end by itself, kills it if it has not, and waits as long again.
 * WHAT: its name in errors; -ETIMEDOUT: it did not end. */
int pidfd_end(int pidfd, int timeout_ms, const char *what, struct nacre_error *err);

/* Returns the inode number in pidfs, which identifies the process among all processes of this boot,
 * for every caller. Returns 1, 0: the kernel has no pidfs (new in Linux 6.9), or -errno. */
int pidfd_identity(int pidfd, uint64_t *ret_identity);

#endif
