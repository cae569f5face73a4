/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FILE_LOCK_H
#define NACRE_FILE_LOCK_H

#include <stdint.h>

/* Write locks on whole files, of the open file description (F_OFD_SETLK): a lock ends when the last
 * fd of that description is closed, including fds that a fork has inherited. state_lock.c is for
 * locks with holders that may be killed. */

/* Returns 1, 0 if another open file description has the lock, or -errno. */
int file_lock_try(int fd);

/* Waits at most SECONDS: fcntl(2) itself has no time limit except a signal. Returns 0, -ETIMEDOUT
 * or -errno. */
int file_lock_wait(int fd, int64_t seconds);

/* Unlocks, even if other processes have the same open file description. */
void file_unlock(int fd);

#endif
