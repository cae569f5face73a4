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

/* Reads at most LIMIT bytes (more: -EFBIG). The text is NUL-terminated, heap, the caller's to free.
 */
int file_read(int dirfd, const char *name, size_t limit, char **ret_text, size_t *ret_length,
	struct nacre_error *err);

/* The same from an open file, from where it stands. NAME is for the error text. */
int file_read_fd(int fd, const char *name, size_t limit, char **ret_text, size_t *ret_length,
	struct nacre_error *err);

/* Writes TEXT to an existing file (of the kernel: cgroup, proc) with one write(2). Returns -errno
 * without a text: callers know what a value means there. */
int file_write(int dirfd, const char *name, const char *text);

/* Makes or replaces a file so that a reader sees the old content or the new, never a part: a
 * temporary name beside it and rename(2). */
int file_replace(int dirfd, const char *name, const char *text, size_t length, mode_t mode,
	struct nacre_error *err);

/* DATA as an open file without a place, to be read from its start; nobody can change it. */
int file_in_memory(const char *name, const void *data, size_t length, struct nacre_error *err);

/* Makes the directories above PATH that are missing, as mkdir -p does. Returns -errno. */
int file_make_parents(const char *path, mode_t mode);

/* Writes all, over short writes and EINTR. Returns -errno. */
int file_write_all(int fd, const void *data, size_t length);

/* The same at a place of a file, and what reads there: returns how many bytes, fewer than LENGTH
 * where the file ends, or -errno. */
int file_write_at(int fd, const void *data, size_t length, off_t at);
int file_read_at(int fd, void *ret_data, size_t length, off_t at);

/* The path of an open file, as /proc/self/fd has it. Returns -errno. */
int file_path(int fd, char ret_path[PATH_MAX]);

#endif
