/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYNC_H
#define NACRE_SYNC_H

#include <stdint.h>

#include "specs/error.h"

/*
 * What RUNTIME and INIT say to each other, on a SOCK_SEQPACKET pair: one struct, eleven kinds.
 *
 *   TURN     the receiver's row STEP is next
 *   FAILED   the sender's row STEP failed; TEXT is the error, CODE its errno; the sender ends
 *   EXEC     the sender is about to exec; after this the end of the socket means success
 *   WARNING  TEXT is for the user
 *   DEBUG    TEXT is for --debug
 *   CONSOLE  carries the terminal's master by SCM_RIGHTS
 *   MAP      carries the clone of the source of mount VALUE, for RUNTIME to id-map; the answer, the
 *            same without fd, says that it is
 *   MAKE     asks RUNTIME for the filesystem of mount VALUE; the answer carries it
 *   LISTENER carries a socket for the relay of egress rules, in place VALUE of its plan
 *   PROCESS  VALUE bytes follow, a process with CODE arguments: late_process.h; to an INIT that
 * waits SYSCTL   asks RUNTIME to write value VALUE of linux.sysctl; the answer says that it is
 *
 * Written with write(2) and read(2) wherever no fd travels: a seccomp filter may be active already.
 *
 * Between `start` and an INIT that waits it is a protocol between two versions of nacre: see
 * START_VERSION in life.h.
 */

/* Of struct sync_message and what it means. Until 4 it was one number with RECORD_VERSION. */
#define SYNC_VERSION 4

enum sync_kind {
	SYNC_TURN = 1,
	SYNC_FAILED,
	SYNC_EXEC,
	SYNC_WARNING,
	SYNC_DEBUG,
	SYNC_CONSOLE,
	SYNC_MAP,
	SYNC_MAKE,
	SYNC_SYSCTL,
	SYNC_LISTENER,
	SYNC_PROCESS,
};

struct sync_message {
	uint32_t version; /* SYNC_VERSION */
	uint16_t kind;
	uint16_t step; /* its place in the table that both walk */
	int32_t code;
	int32_t value; /* TURN: an fd number of the sender, for pidfd_getfd(2); -1: none */
	char text[sizeof(((struct nacre_error *)0)->text)];
};

/* O_CLOEXEC both. */
int sync_pair(int ret_fds[2], struct nacre_error *err);

/* TEXT may be NULL; FD -1. Returns 0 or -errno. EPIPE: the peer is gone. */
int sync_send(int sync, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text, int fd);

/* The same into a FIFO, where a message has always its whole size. */
int sync_send_whole(int fifo, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text);

/* Returns 1, 0 at the end of the socket, -EPROTO for what is no message of this version, or -errno.
 * *RET_FD: -1 or an fd that came along; NULL where none can. What could move a terminal's cursor is
 * gone from the text: the process in the container may be another's by then. */
int sync_receive(int sync, struct sync_message *ret_message, int *ret_fd);

#endif
