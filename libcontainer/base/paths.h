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

/* Opens directory PATH and creates what is missing, one component at a time, each relative to the
 * fd of the one before, with mode MODE and owner 0:0 of the caller's user namespace. Symlinks are
 * followed within the root, dangling ones too: images have /var/run -> /run without a /run. Returns
 * an O_PATH fd. */
int path_make_directory(int root_fd, const char *path, mode_t mode, struct nacre_error *err);

/* Opens the parent directory of PATH's last component and creates it if it is missing. *RET_NAME:
 * that component, a pointer into PATH. "/", "." and ".." as last component are -EINVAL. Returns an
 * O_PATH fd. */
int path_make_parent(int root_fd, const char *path, const char **ret_name, struct nacre_error *err);

/* Opens a mount point: opens PATH, or creates a directory (with FILE: an empty file) there. FOLLOW:
 * a symlink as last component is followed within the root, even a dangling one, whose target is
 * then created in the same way; without FOLLOW the symlink itself is opened. An existing object
 * must be a directory, or with FILE must not be one (-ENOTDIR, -EISDIR). Returns an O_PATH fd. */
int path_make_mount_point(
	int root_fd, const char *path, bool file, bool follow, struct nacre_error *err);

/* Clones the mount that FD is on, from FD down, as a detached mount; FLAGS: AT_RECURSIVE or 0.
 *
 * An fd belongs to the mount namespace that it was opened in, and the kernel clones only mounts of
 * the caller's own. If FD came from the runtime, its object is opened again by its host path and
 * verified to be the same inode. Returns an fd. */
int path_clone(int fd, unsigned flags, struct nacre_error *err);

/* Does only that second opening. Returns an O_PATH fd. */
int path_reopen(int fd, struct nacre_error *err);

#endif
