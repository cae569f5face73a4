/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_COPY_H
#define NACRE_WORKSPACE_COPY_H

#include <stdint.h>

#include "libcontainer/workspace/place.h"
#include "specs/sha256.h"

/*
 * Copies for apply and undo. A file is copied into one that has no name yet (O_TMPFILE): what is
 * cut off leaves nothing behind.
 */

/* The first SIZE bytes of FROM_FD in a new file of the file system of DIR_FD (O_PATH will do): as a
 * clone where the file system can (FICLONE), else its data, with its holes. Mode 0600, the
 * caller's. -ESTALE: FROM_FD has another size. Returns an fd, open for reading and writing, or
 * -errno. */
int copy_unnamed(int from_fd, int dir_fd, uint64_t size);

/* Gives it a name. -EEXIST. Returns 0 or -errno. */
int copy_name(int fd, int dir_fd, const char *name);

/* SHA-256 of the whole content. Returns 0 or -errno. */
int copy_sha256(int fd, char ret_text[static SHA256_TEXT]);

/* What a file of the host keeps when its content is another: access list, user's attributes and
 * SELinux label of FROM_FD (O_PATH will do), and no other list; never capabilities. Before the mode
 * is set. Returns 0 or -errno. */
int copy_attributes(int from_fd, int to_fd);

/* NAME of FROM_DIR, a file, a symlink or a directory with all in it, to TO_NAME of TO_DIR, which
 * does not exist: with owners, modes, times, and the attributes of above. A directory is not whole
 * before the call returns 0. -EOPNOTSUPP: there is a device, FIFO or socket in it. -EXDEV: a mount.
 * -ELOOP: more than COPY_MAX_DEPTH directories in one another. Returns 0 or -errno. */
enum {
	COPY_MAX_DEPTH = 200
};
int copy_tree(int from_dir, const char *name, int to_dir, const char *to_name);

#endif
