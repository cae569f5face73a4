/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SELF_PROTECT_H
#define NACRE_SELF_PROTECT_H

#include "specs/error.h"

/*
 * Keeps the runtime's own binary out of the container's reach (CVE-2019-5736: a container that
 * makes /proc/self/exe its program, script interpreter or ELF interpreter gets a handle on the
 * host's binary and writes into it later). Must be called first by create, run and exec.
 *
 * Returns 0 at once if /proc/self/exe lies on a file system that nobody can write (erofs,
 * squashfs), is protected by fs-verity, or is a sealed memfd; also for an unprivileged caller who
 * may not write the file. A read-only mount of the host does not suffice: the host may remount it,
 * and a handle that was kept can write then. Otherwise runs the same program again, with the same
 * arguments and environment, from a detached read-only clone of the mount that its file lies on
 * (open_tree, mount_setattr, execveat): whatever later reaches /proc/PID/exe reaches it through a
 * read-only mount, for ever. If the mount API is denied, it runs a sealed copy in memory. Does not
 * return in these cases.
 */
int self_protect(char *const argv[], struct nacre_error *err);

#endif
