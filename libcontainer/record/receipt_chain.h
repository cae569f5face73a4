/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_CHAIN_H
#define NACRE_RECEIPT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/error.h"

/*
 * Lists the receipts that a key has signed, one file per key: /var/lib/nacre/receipts/KEYID, for
 * users other than root in $XDG_STATE_HOME. Each line has the number of a receipt, its digest, and
 * the container. A receipt contains its number and the digest of the one before it.
 *
 * A signer holds the lock of that file from before it reads the last number until its line is
 * written.
 */
struct receipt_log {
	int fd; /* locked */
	uint64_t sequence; /* number of the last receipt; 0: there is none */
	char last[65]; /* digest of the last receipt */
};

/* Opens and locks the file of a key. The lock ends when the caller closes the fd. -ETIMEDOUT:
 * another command holds the lock. */
int receipt_chain_open(const char *key_id, struct receipt_log *ret_log, struct nacre_error *err);

/* Whether the file has a receipt with this digest. Returns 1, 0 or -errno. */
int receipt_chain_has(const struct receipt_log *log, const char *digest, struct nacre_error *err);

/* Appends the next line and flushes it to the disk; after a failure the line is not in the file. */
int receipt_chain_add(
	struct receipt_log *log, const char *digest, const char *id, struct nacre_error *err);

#endif
