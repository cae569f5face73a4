/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FILES_H
#define NACRE_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "specs/error.h"

/* Small whole files below a directory fd (AT_FDCWD: a host path). The last component is never
 * followed if it is a symlink. */

/* Reads at most LIMIT bytes (-EFBIG: it is longer). The text is NUL-terminated, on the heap; the
 * caller frees it. */
int file_read(int dirfd, const char *name, size_t limit, char **ret_text, size_t *ret_length,
	struct nacre_error *err);

/* Reads an open file from its current offset. NAME: for the error text. */
int file_read_fd(int fd, const char *name, size_t limit, char **ret_text, size_t *ret_length,
	struct nacre_error *err);

/* Writes TEXT to an existing file of the kernel (cgroup, proc) with one write(2). Returns -errno
 * without a text: the caller knows what the value means there. */
int file_write(int dirfd, const char *name, const char *text);

/* Creates or replaces a file atomically, by a temporary name beside it and rename(2): a reader sees
 * the old or the new content, never a part. */
int file_replace(int dirfd, const char *name, const char *text, size_t length, mode_t mode,
	struct nacre_error *err);

/* Returns an fd of an unnamed file with DATA, at offset 0; nobody can change the file. */
int file_in_memory(const char *name, const void *data, size_t length, struct nacre_error *err);

/* Creates the missing directories above PATH, as mkdir -p does. Returns -errno. */
int file_make_parents(const char *path, mode_t mode);

/* Writes everything, despite short writes and EINTR. Returns -errno. */
int file_write_all(int fd, const void *data, size_t length);

/* Write and read at an offset of a file. file_read_at returns how many bytes it has read, fewer
 * than LENGTH at the end of the file, or -errno. */
int file_write_at(int fd, const void *data, size_t length, off_t at);
int file_read_at(int fd, void *ret_data, size_t length, off_t at);

/* Reads the path of an open file from /proc/self/fd. Returns -errno. */
int file_path(int fd, char ret_path[PATH_MAX]);

#endif
