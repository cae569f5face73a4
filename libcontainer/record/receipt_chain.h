/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_CHAIN_H
#define NACRE_RECEIPT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/error.h"

/*
 * Which receipts a key has signed: a file a key, /var/lib/nacre/receipts/KEYID or, for others than
 * root, in $XDG_STATE_HOME, with a line for each: its number, its digest, and the container. A
 * receipt has its number, and the digest of the one before it.
 *
 * Who signs holds the lock of that file from before the number is known until the line is written.
 */
struct receipt_log {
	int fd; /* locked */
	uint64_t sequence; /* of the last one; 0: there is none */
	char last[65]; /* its digest */
};

/* Opens and locks it. The lock goes with the fd, which is the caller's to close. -ETIMEDOUT:
 * another command has it. */
int receipt_chain_open(const char *key_id, struct receipt_log *ret_log, struct nacre_error *err);

/* Whether a receipt with this digest is in it. Returns 1, 0 or -errno. */
int receipt_chain_has(const struct receipt_log *log, const char *digest, struct nacre_error *err);

/* Adds the next one, on the disk when this returns; on failure it is not there. */
int receipt_chain_add(
	struct receipt_log *log, const char *digest, const char *id, struct nacre_error *err);

#endif
