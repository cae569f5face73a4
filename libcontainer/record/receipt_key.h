/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_KEY_H
#define NACRE_RECEIPT_KEY_H

#include <limits.h>
#include <stdbool.h>

#include "specs/error.h"

/*
 * The key that signs receipts: P-256, in a file (PEM, PKCS #8), or at a URI for OSSL_STORE
 * ("pkcs11:..."). nacre itself never reads the key: it passes the open file to the companion
 * nacre-receipt.
 */

enum {
	RECEIPT_ID_SIZE = 65, /* hexadecimal id of a key and NUL */
};

/* Returns the default path: in /etc/nacre for root of the host, in $XDG_CONFIG_HOME for others. */
int receipt_key_place(char ret_path[PATH_MAX], struct nacre_error *err);

/* Whether NAME is a URI for OSSL_STORE. */
bool receipt_key_is_uri(const char *name);

/* Opens the file of a key. -EPERM: it is a symlink or has other hard links, others than its owner
 * may access it, its owner is neither the caller nor root, or others may write to its directory. */
int receipt_key_open(const char *name, struct nacre_error *err);

/* Returns the digest of the public key and, from the same run of the companion, the digest of this
 * program. */
int receipt_key_id(const char *name, char ret_id[RECEIPT_ID_SIZE],
	char ret_program[RECEIPT_ID_SIZE], struct nacre_error *err);

/* Signs STATEMENT. *RET_SIGNATURE: base64, heap. */
int receipt_key_sign(const char *name, const char *statement, char ret_id[RECEIPT_ID_SIZE],
	char **ret_signature, struct nacre_error *err);

/* Creates a key in the file NAME, which must not exist, and its public half in NAME.pub.
 * *RET_PUBLIC: the text of NAME.pub, heap. */
int receipt_key_make(const char *name, char **ret_public, struct nacre_error *err);

/* Verifies that the public key in PATH has signed STATEMENT; -EBADMSG: it has not. RET_ID: the id
 * of that key. */
int receipt_key_verify(const char *path, const char *statement, const char *signature,
	char ret_id[RECEIPT_ID_SIZE], struct nacre_error *err);

#endif
