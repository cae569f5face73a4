/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ERROR_H
#define NACRE_ERROR_H

#include <stdbool.h>

#include "specs/nacre_error.h"

/*
 * How the project's own files make errors. A function that can fail returns 0 (or a positive
 * answer) or -code, and takes the error as its last parameter, which is never NULL and is untouched
 * on success. The function that saw the failure writes the text; a caller may only put context in
 * front of it.
 */

/* Sets code and text. Returns -code. */
int fail(struct nacre_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets code and text and appends ": " and the description of the code. Returns -code. CODE may be
 * negative, as the sys_ wrappers return it. */
int fail_errno(struct nacre_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts context and ": " in front of a text that is already there. Returns -err->code. */
int fail_prefix(struct nacre_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Passes on what a call returned, R, and wrote, WHY, where -CODE of it is no failure: returns 0 for
 * that and leaves ERR alone; else R, with WHY in ERR if R is negative. */
int fail_except(int r, int code, const struct nacre_error *why, struct nacre_error *err);

/*
 * That an error is untouched on success is checked where NACRE_POISON_ERRORS is defined: in builds
 * of type debug and with sanitizers.
 */

/* Fills ERR with what no failure writes. */
void fail_poison(struct nacre_error *err);
/* Whether nobody has written to ERR since. */
bool fail_is_poisoned(const struct nacre_error *err);

#endif
