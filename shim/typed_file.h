/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TYPED_FILE_H
#define NACRE_SHIM_TYPED_FILE_H

#include <sys/types.h>

/* Finds a file of type TYPE, S_IFIFO or S_IFREG, without opening any other, since to open a device
 * can act on it. A symbolic link at PATH is not followed. Returns an fd with O_PATH, or -errno;
 * -ENXIO: it has another type. */
int typed_file_find(const char *path, mode_t type);

/* Opens the file that typed_file_find has found, with FLAGS of open(2). Returns an fd or -errno. */
int typed_file_open(int path_fd, int flags);

#endif
