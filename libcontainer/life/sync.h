/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYNC_H
#define NACRE_SYNC_H

#include <stdint.h>

#include "specs/error.h"

/*
 * The messages between RUNTIME and INIT, on a SOCK_SEQPACKET pair: one struct, eleven kinds.
 *
 *   TURN     the receiver's row STEP is next
 *   FAILED   the sender's row STEP failed; TEXT is the error, CODE its errno; the sender ends
 *   EXEC     the sender is about to exec; after this the end of the socket means success
 *   WARNING  TEXT is for the user
 *   DEBUG    TEXT is for --debug
 *   CONSOLE  carries the terminal's master by SCM_RIGHTS
 *   MAP      carries the clone of the source of mount VALUE, which RUNTIME id-maps; the answer,
 *            the same without an fd, reports that it has
 *   MAKE     asks RUNTIME for the filesystem of mount VALUE; the answer carries it
 *   LISTENER carries a socket for the egress relay: listener VALUE of its plan
 *   PROCESS  precedes VALUE bytes, a process with CODE arguments (late_process.h), for a waiting
 *            INIT
 *   SYSCTL   asks RUNTIME to write value VALUE of linux.sysctl; the answer reports that it has
 *
 * A message without an fd is written with write(2) and read with read(2): a seccomp filter may be
 * active already.
 *
 * Between `start` and a waiting INIT this is a protocol between two versions of nacre: see
 * START_VERSION in life.h.
 */

/* The version of struct sync_message and its meaning. Until 4 it was one number with
 * RECORD_VERSION. */
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
	uint16_t step; /* its index in the table that both walk */
	int32_t code;
	int32_t value; /* TURN: an fd number of the sender, for pidfd_getfd(2); -1: none */
	char text[sizeof(((struct nacre_error *)0)->text)];
};

/* Both ends are O_CLOEXEC. */
int sync_pair(int ret_fds[2], struct nacre_error *err);

/* TEXT: may be NULL; FD: may be -1. Returns 0 or -errno. EPIPE: the peer is gone. */
int sync_send(int sync, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text, int fd);

/* Sends a message into a FIFO, always in its full size. */
int sync_send_whole(int fifo, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text);

/* Returns 1; 0 at the end of the socket; -EPROTO: it is no message of this version; or -errno.
 * *RET_FD: an fd that came along, or -1; NULL: no fd can come. Control characters that could move a
 * terminal's cursor are replaced in the text: the peer may be controlled by a process in the
 * container by then. */
int sync_receive(int sync, struct sync_message *ret_message, int *ret_fd);

#endif
