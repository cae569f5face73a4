/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_COPY_H
#define NACRE_WORKSPACE_COPY_H

#include <stdint.h>

#include "libcontainer/workspace/place.h"
#include "specs/sha256.h"

/*
 * Copies files and trees for apply and undo. A file is copied into one that has no name yet
 * (O_TMPFILE): an interrupted copy leaves nothing behind.
 */

/* Copies the SIZE bytes of FROM_FD into a new file on the file system of DIR_FD (may be O_PATH): as
 * a clone if the file system supports that (FICLONE), else data and holes. The file has mode 0600
 * and is the caller's. -ESTALE: FROM_FD has another size. Returns an fd, open for reading and
 * writing, or -errno. */
int copy_unnamed(int from_fd, int dir_fd, uint64_t size);

/* Gives the file FD a name. -EEXIST. Returns 0 or -errno. */
int copy_name(int fd, int dir_fd, const char *name);

/* Computes the SHA-256 of the whole content. Returns 0 or -errno. */
int copy_sha256(int fd, char ret_text[static SHA256_TEXT]);

/* Copies what a file of the host keeps when its content is replaced: access list, user's attributes
 * and SELinux label of FROM_FD (may be O_PATH); never capabilities. An access list that TO_FD has
 * inherited is removed. To be called before the mode is set. Returns 0 or -errno. */
int copy_attributes(int from_fd, int to_fd);

/* Copies NAME of FROM_DIR, a file, a symlink or a directory with all in it, to TO_NAME of TO_DIR,
 * which must not exist: with owners, modes, times, and the attributes above. A directory is
 * incomplete until the call returns 0. -EOPNOTSUPP: there is a device, FIFO or socket in it.
 * -EXDEV: a mount. -ELOOP: more than COPY_MAX_DEPTH nested directories. Returns 0 or -errno. */
enum {
	COPY_MAX_DEPTH = 200
};
int copy_tree(int from_dir, const char *name, int to_dir, const char *to_name);

#endif
