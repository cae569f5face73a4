/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ESCAPE_H
#define NACRE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a stranger wrote, for a person's terminal: every byte of a control character (C0, DEL, C1),
 * of a character that changes the order or is not seen (bidi controls, zero width, line separators,
 * tags), and every byte that is no UTF-8 becomes "\xHH". The result is UTF-8.
 */

/* A name: a backslash becomes "\\", so that different names stay different. Heap; NULL: out of
 * memory. */
char *escape_name(const char *bytes, size_t n);

/* A line of a file: its backslashes and tabs stay. Heap; NULL: out of memory. */
char *escape_line(const char *bytes, size_t n);

/* The bytes of the character that TEXT begins with, LEFT of which are there, at least one; 0: it is
 * none. RET_SEEN: false for those named above. */
size_t escape_char(const char *text, size_t left, uint32_t *ret_code, bool *ret_seen);

#endif
