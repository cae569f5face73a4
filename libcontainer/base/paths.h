/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PATHS_H
#define NACRE_PATHS_H

#include <stdbool.h>
#include <sys/types.h>

#include "specs/error.h"

/*
 * Paths inside a root, by file descriptor. No function here ever resolves a string outside the root
 * that the fd stands for: an absolute symlink means the container's root, ".." stops there, and
 * magic links (/proc/PID/fd and the like) are refused. This closes the class of CVE-2019-19921,
 * CVE-2021-30465, CVE-2024-45310, CVE-2026-41579 and CVE-2026-47766.
 */

/* openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). The fd is O_CLOEXEC. Returns an fd or -errno,
 * without text. */
int path_open(int root_fd, const char *path, int flags);

/* The same, and the last component may not be a symlink (-ELOOP). */
int path_open_nofollow(int root_fd, const char *path, int flags);

/* Opens directory PATH, making what is missing, component by component, each on the fd of the one
 * before it, mode MODE, owner 0:0 of the caller's user namespace. Symlinks are followed within the
 * root, dangling ones too: images have /var/run -> /run without a /run. Returns an O_PATH fd. */
int path_make_directory(int root_fd, const char *path, mode_t mode, struct nacre_error *err);

/* The directory that PATH's last component stands in (made if missing) and the component itself,
 * which points into PATH. "/", "." and ".." as last component are -EINVAL. Returns an O_PATH fd. */
int path_make_parent(int root_fd, const char *path, const char **ret_name, struct nacre_error *err);

/* A place to mount on: opens PATH, or makes a directory (or, with FILE, an empty file) there. A
 * symlink as last component is followed within the root if FOLLOW, even a dangling one, whose
 * target is then made in the same way; else it is opened itself. Something that is there must be a
 * directory, or with FILE must not be one (-ENOTDIR, -EISDIR). Returns an O_PATH fd. */
int path_make_mount_point(
	int root_fd, const char *path, bool file, bool follow, struct nacre_error *err);

/* A detached clone of the mount that FD stands in, from FD down; FLAGS: AT_RECURSIVE or 0.
 *
 * An fd keeps the mount namespace that it was opened in, and the kernel clones only mounts of the
 * caller's own. Where FD came from the runtime, what it stands for is opened again by its host
 * path, and proven to be the same inode. Returns an fd. */
int path_clone(int fd, unsigned flags, struct nacre_error *err);

/* That second opening alone. Returns an O_PATH fd. */
int path_reopen(int fd, struct nacre_error *err);

#endif
