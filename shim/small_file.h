/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_SMALL_FILE_H
#define NACRE_SHIM_SMALL_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads and writes small files as a whole. Symbolic links are refused. */

/* Reads FD to its end, at most SIZE bytes. Returns the number of bytes, or -errno. */
ssize_t small_file_read_fd(int fd, void *ret_bytes, size_t size);

/* RET_TEXT is NUL-terminated in any case. Returns the length or -errno; -E2BIG: the file is
 * longer. */
ssize_t small_file_read(int dirfd, const char *name, char *ret_text, size_t size);

/* Makes the file with mode 0600, or overwrites it. Returns 0 or -errno. */
int small_file_write(const char *path, const void *bytes, size_t n);

#endif
