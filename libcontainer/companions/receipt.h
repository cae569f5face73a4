/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_COMPANION_RECEIPT_H
#define NACRE_COMPANION_RECEIPT_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "specs/error.h"

/* Shared by the files of nacre-receipt alone. */

/* The fds that it gets: the file of a key, and, for key-id, the program that asks. */
#define RECEIPT_KEY_FD 3
#define RECEIPT_PROGRAM_FD 4

enum {
	RECEIPT_KEY_ID = 65, /* 64 hexadecimal digits */
	RECEIPT_SIGNATURE_MAX = 128, /* as DER */
};

/* --- receipt_confine.c --- */

/* What is parsed from here on may be hostile, or is the key itself: nothing can be opened,
 * connected to or run any more. */
int receipt_confine(struct nacre_error *err);
/* For keys that are not in a file: their provider has to open devices and sockets. */
int receipt_confine_loosely(struct nacre_error *err);

/* --- receipt_low.c: a receipt has one signature that counts, the one with the lower s --- */

/* Whether DER, of the curve P-256, is that one. */
bool receipt_is_low(const unsigned char *der, size_t length);

/* Makes DER that one. */
int receipt_make_low(
	unsigned char der[RECEIPT_SIGNATURE_MAX], size_t *length, struct nacre_error *err);

/* --- receipt_key.c --- */

/* What libcrypto says of the last error. */
int receipt_fail(struct nacre_error *err, int code, const char *what);

/* A P-256 key: from the file RECEIPT_KEY_FD, or, if URI is not NULL, from where that leads.
 * *RET_KEY: the caller's, EVP_PKEY_free. -EINVAL: it is none, or another kind. */
int receipt_load_key(
	const char *uri, bool private_key, EVP_PKEY **ret_key, struct nacre_error *err);

/* SHA-256 of the public key as DER. */
int receipt_key_id(EVP_PKEY *key, char ret_id[RECEIPT_KEY_ID], struct nacre_error *err);

/* A new one: PEM, the private one (PKCS #8) to RECEIPT_KEY_FD, and the public one to stdout. */
int receipt_make_key(struct nacre_error *err);

#endif
