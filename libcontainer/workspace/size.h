/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_SIZE_H
#define NACRE_WORKSPACE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/workspace_record.h"

/*
 * Limits what is written to a workspace: by a project quota of ext4 and xfs (for its directories
 * upper and work, with a project id of their own), or by a tmpfs. Both need root.
 */

/* Mounts a tmpfs of RECORD's size on the directory NAME of DIR_FD, which is made. Returns an fd of
 * its root. */
int workspace_size_mount(int dir_fd, const char *name, const struct workspace_record *record,
	struct nacre_error *err);

/* Limits the N empty directories FDS together, with all that is made in them. STORE_FD: the
 * directory of all workspaces, for its lock. -ENOTSUP, with the remedy: the file system has no
 * quota. */
int workspace_size_limit(int store_fd, const int *fds, size_t n,
	const struct workspace_record *record, struct nacre_error *err);

/* Returns the project that workspace_size_limit has given FD; 0: none. */
uint32_t workspace_size_project(int fd);

/* Releases PROJECT on the file system of FD. If that fails, the id is never used again, and nothing
 * else happens. */
void workspace_size_release(int fd, uint32_t project);

#endif
