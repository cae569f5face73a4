/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_KEY_H
#define NACRE_RECEIPT_KEY_H

#include <limits.h>
#include <stdbool.h>

#include "specs/error.h"

/*
 * The key by which receipts are signed: P-256, in a file (PEM, PKCS #8), or wherever an URI for
 * OSSL_STORE leads ("pkcs11:..."). nacre itself never reads it: the companion nacre-receipt does,
 * and gets it as an open file.
 */

enum {
	RECEIPT_ID_SIZE = 65, /* of a key: 64 hexadecimal digits */
};

/* Where it is if nobody says: root of the host has it in /etc/nacre, others in $XDG_CONFIG_HOME. */
int receipt_key_place(char ret_path[PATH_MAX], struct nacre_error *err);

/* Whether NAME is such an URI. */
bool receipt_key_is_uri(const char *name);

/* Opens the file. -EPERM: it is a link or has further names, others than its owner may read it, or
 * it is neither the caller's nor root's; or others may write to its directory. */
int receipt_key_open(const char *name, struct nacre_error *err);

/* The digest of the public key, and, by the way, that of this program. */
int receipt_key_id(const char *name, char ret_id[RECEIPT_ID_SIZE],
	char ret_program[RECEIPT_ID_SIZE], struct nacre_error *err);

/* *RET_SIGNATURE: base64, heap. */
int receipt_key_sign(const char *name, const char *statement, char ret_id[RECEIPT_ID_SIZE],
	char **ret_signature, struct nacre_error *err);

/* Makes one, in NAME, which may not be there yet, and its public half in NAME.pub. *RET_PUBLIC:
 * that text, heap. */
int receipt_key_make(const char *name, char **ret_public, struct nacre_error *err);

/* Whether the public key in PATH has signed STATEMENT: -EBADMSG if not. RET_ID: that key's. */
int receipt_key_verify(const char *path, const char *statement, const char *signature,
	char ret_id[RECEIPT_ID_SIZE], struct nacre_error *err);

#endif
