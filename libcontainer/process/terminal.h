/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TERMINAL_H
#define NACRE_TERMINAL_H

#include "specs/spec.h"

/* pty(7). Both ends come only from the container's devpts: the slave is opened with TIOCGPTPEER of
 * the master, never by name (CVE-2025-52565). */
struct terminal {
	int master;
	int slave;
};

/* Opens /dev/pts/ptmx below ROOTFS_FD, proves that it is on a devpts, and sets the size (NULL:
 * 0x0). */
int terminal_open(int rootfs_fd, const struct oci_console_size *size, struct terminal *ret_terminal,
	struct nacre_error *err);

/* Binds the slave on /dev/console below ROOTFS_FD, which is made, and never through a symlink
 * (CVE-2026-88264). */
int terminal_bind_console(int rootfs_fd, int slave, struct nacre_error *err);

/* Makes the slave stdin, stdout and stderr, gives it to UID (mode 0620), and closes it. */
int terminal_take(int *slave, uint32_t uid, struct nacre_error *err);

/* Makes stdin the controlling terminal. The caller has called setsid(2). */
int terminal_control(struct nacre_error *err);

/* Clears ONLCR, which writes "\n" as "\r\n": that is right only for a screen, not for output that
 * ends in a file or a pipe. */
int terminal_keep_newlines(int slave, struct nacre_error *err);

/* Sends the master over a connected console socket, with the slave's name as the message, as runc
 * does. */
int terminal_send(int sock, int master, struct nacre_error *err);

#endif
