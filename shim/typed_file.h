/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TYPED_FILE_H
#define NACRE_SHIM_TYPED_FILE_H

#include <sys/types.h>

/* A file of type TYPE, S_IFIFO or S_IFREG, without opening any other: to open a device can act on
 * it. PATH is not followed if it is a link. Returns an fd with O_PATH, or -errno; -ENXIO: it is of
 * another type. */
int typed_file_find(const char *path, mode_t type);

/* Opens what typed_file_find has found, by FLAGS of open(2). Returns an fd or -errno. */
int typed_file_open(int path_fd, int flags);

#endif
