/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROCFS_H
#define NACRE_PROCFS_H

#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/*
 * A procfs that nobody could have tampered with. In CVE-2019-16884 and CVE-2025-52881 the runtime
 * wrote labels and sysctls into other files, because something was mounted over /proc in the
 * container. Every write to /proc on behalf of a container goes through such a handle, and every
 * open uses RESOLVE_NO_XDEV, so that a mount on top of a file is an error.
 */

/* Opens the caller's /proc if it is the root of a procfs (PROC_SUPER_MAGIC, inode 1), otherwise a
 * new detached procfs. The first costs 3 us and the second 43; neither can lead to another file,
 * since no open crosses a mount or follows a magic link. Returns an fd or -errno with text. */
int procfs_open(struct nacre_error *err);

/* Whether the caller can create a procfs for the pid namespace PIDNS_FD: mount option "pidns" of
 * Linux 6.17. Returns 1, 0 (also without privilege over that namespace) or -errno with text. */
int procfs_takes_pidns(int pidns_fd, struct nacre_error *err);

/* Opens PATH ("self/attr/exec", "sys/net/ipv4/ip_forward") below a handle. Symlinks are followed
 * only within procfs and magic links never. Returns an fd or -errno without text. */
int procfs_open_file(int proc_fd, const char *path, int flags);

/* Reads the beginning of the file at PATH, at most SIZE - 1 bytes, NUL-terminated. Returns its
 * length or -errno without text. */
ssize_t procfs_read(int proc_fd, const char *path, char *text, size_t size);

/* Reads field 22 of PID/stat, the start time in clock ticks since boot, and field 3, the state
 * letter. -ESRCH: there is no such process. */
int procfs_stat(int proc_fd, pid_t pid, uint64_t *ret_start_time, char *ret_state);

/* Returns what the caller's time namespace adds to each such start time, in clock ticks:
 * time_namespaces(7). */
int procfs_start_offset(int proc_fd, int64_t *ret_ticks, struct nacre_error *err);

#endif
