/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_SIZE_H
#define NACRE_WORKSPACE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/workspace_record.h"

/*
 * Limits of what is written to a workspace: a project quota of ext4 and xfs (of its directories
 * upper and work, under a project id of their own), or a tmpfs. Both are root's.
 */

/* Mounts a tmpfs of RECORD's size on the directory NAME of DIR_FD, which is made. Returns an fd of
 * its root. */
int workspace_size_mount(int dir_fd, const char *name, const struct workspace_record *record,
	struct nacre_error *err);

/* Limits the empty directories FDS, of which N there are, together; what is made in them counts.
 * STORE_FD: the directory of all workspaces, for its lock. Where the file system has no quota:
 * -ENOTSUP, with the remedy. */
int workspace_size_limit(int store_fd, const int *fds, size_t n,
	const struct workspace_record *record, struct nacre_error *err);

/* The project that workspace_size_limit has given FD; 0: none. */
uint32_t workspace_size_project(int fd);

/* Gives PROJECT back, of the file system that FD is on. One that cannot be is never used again,
 * which is all that comes of it. */
void workspace_size_release(int fd, uint32_t project);

#endif
