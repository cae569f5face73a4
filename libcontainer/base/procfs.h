/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROCFS_H
#define NACRE_PROCFS_H

#include <stdint.h>
#include <sys/types.h>

#include "specs/error.h"

/*
 * A procfs that nobody could have tampered with. CVE-2019-16884 and CVE-2025-52881 wrote labels and
 * sysctls into other files because /proc in the container was mounted over. Every write to /proc on
 * behalf of a container goes through such a handle, and every open is RESOLVE_NO_XDEV, so that a
 * mount on top of a file is an error.
 */

/* The caller's /proc, if it is the root of a procfs (PROC_SUPER_MAGIC, inode 1), else a detached
 * procfs attached nowhere. The first costs 3 us and the second 43; since nothing is opened across a
 * mount and no magic link is followed, neither can lead to another file. Returns an fd or -errno
 * with text. */
int procfs_open(struct nacre_error *err);

/* Whether the caller can make a procfs for the pid namespace PIDNS_FD: option "pidns" of
 * Linux 6.17. Returns 1, 0 (also where it has no privilege over that) or -errno with text. */
int procfs_takes_pidns(int pidns_fd, struct nacre_error *err);

/* Opens PATH ("self/attr/exec", "sys/net/ipv4/ip_forward") below a handle. Symlinks are followed
 * only within procfs and magic links never. Returns an fd or -errno without text. */
int procfs_open_file(int proc_fd, const char *path, int flags);

/* Reads the begin of the text at PATH, NUL-terminated, as much as SIZE takes. Returns its length or
 * -errno without text. */
ssize_t procfs_read(int proc_fd, const char *path, char *text, size_t size);

/* Field 22 of PID/stat, in clock ticks since boot, and the process's state letter (field 3).
 * -ESRCH: no such process. */
int procfs_stat(int proc_fd, pid_t pid, uint64_t *ret_start_time, char *ret_state);

/* What the caller's time namespace adds to each such start time, in clock ticks.
 * time_namespaces(7). */
int procfs_start_offset(int proc_fd, int64_t *ret_ticks, struct nacre_error *err);

#endif
