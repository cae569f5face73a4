/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_ENVELOPE_H
#define NACRE_RECEIPT_ENVELOPE_H

#include <stddef.h>

#include "specs/arena.h"
#include "specs/error.h"

/*
 * The envelope of a receipt: DSSE 1.0 with one signature, as one line. What is signed is not the
 * payload but its pre-authentication encoding: type and payload, each with its length.
 */

#define RECEIPT_PAYLOAD_TYPE "application/vnd.in-toto+json"

enum {
	RECEIPT_ENVELOPE_MAX = 16 * 1024 * 1024,
};

struct receipt_envelope {
	const char *payload; /* as it was signed, without a NUL byte in it */
	const char *key_id;
	const char *signature; /* base64 */
};

/* *RET_TEXT: heap; ends with a newline, which is part of the file. */
int receipt_envelope_encode(
	const struct receipt_envelope *envelope, char **ret_text, struct nacre_error *err);

/* Takes nothing but what encode writes, byte for byte, so that no byte of a file can be changed
 * (-EINVAL, -E2BIG). NAME stands for the file in error texts. Everything lives in ARENA. */
int receipt_envelope_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct receipt_envelope **ret_envelope, struct nacre_error *err);

/* What is signed of PAYLOAD. *RET_TEXT: heap. -ENOMEM. */
int receipt_envelope_signed(const char *payload, char **ret_text);

#endif
