/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FILE_LOCK_H
#define NACRE_FILE_LOCK_H

#include <stdint.h>

/* A lock for writers on a whole file, of the open file (F_OFD_SETLK): it ends with the last fd of
 * that, what a fork has inherited among them. Who may kill a holder has state_lock.c instead. */

/* Returns 1, 0 if somebody else has it, or -errno. */
int file_lock_try(int fd);

/* Waits SECONDS at most: to sleep in fcntl(2) has no time limit but a signal. Returns 0, -ETIMEDOUT
 * or -errno. */
int file_lock_wait(int fd, int64_t seconds);

/* Lets go, whoever else has the open file. */
void file_unlock(int fd);

#endif
