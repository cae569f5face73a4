/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_RECEIPT_H
#define NACRE_COMPANION_RECEIPT_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "specs/error.h"

/* Shared only by the files of nacre-receipt. */

/* The fds that it gets: the key's file, and for key-id the program that asks. */
#define RECEIPT_KEY_FD 3
#define RECEIPT_PROGRAM_FD 4

enum {
	RECEIPT_KEY_ID = 65, /* 64 hexadecimal digits */
	RECEIPT_SIGNATURE_MAX = 128, /* in DER */
};

/* --- receipt_confine.c --- */

/* Confines the process, which from then on handles the key or hostile input: it can open, connect
 * to and run nothing more. */
int receipt_confine(struct nacre_error *err);
/* Confines it less, for keys that are not in a file: their provider opens devices and sockets. */
int receipt_confine_loosely(struct nacre_error *err);

/* --- receipt_low.c: only one signature counts as a receipt's, the one with the lower s --- */

/* Returns whether DER, a signature of the curve P-256, is that one. */
bool receipt_is_low(const unsigned char *der, size_t length);

/* Changes DER to that one. */
int receipt_make_low(
	unsigned char der[RECEIPT_SIGNATURE_MAX], size_t *length, struct nacre_error *err);

/* --- receipt_key.c --- */

/* Fails with libcrypto's last error. */
int receipt_fail(struct nacre_error *err, int code, const char *what);

/* Loads a P-256 key from the file RECEIPT_KEY_FD, or, if URI is not NULL, from there. *RET_KEY: the
 * caller's, EVP_PKEY_free. -EINVAL: not a key, or of another kind. */
int receipt_load_key(
	const char *uri, bool private_key, EVP_PKEY **ret_key, struct nacre_error *err);

/* SHA-256 of the public key as DER. */
int receipt_key_id(EVP_PKEY *key, char ret_id[RECEIPT_KEY_ID], struct nacre_error *err);

/* Makes a new key in PEM: writes the private one (PKCS #8) to RECEIPT_KEY_FD, and the public one to
 * stdout. */
int receipt_make_key(struct nacre_error *err);

#endif
