/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/escape.h"

#include <stdint.h>
#include <stdlib.h>

#include "specs/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Characters that control a terminal, reorder text, or are invisible: C0 and C1, the soft hyphen,
 * Unicode's bidi controls (CVE-2021-42574), zero-width joiners and fillers, line separators,
 * tags. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{0x00, 0x1f},
	{0x7f, 0x9f},
	{0xad, 0xad},
	{0x034f, 0x034f},
	{0x061c, 0x061c},
	{0x115f, 0x1160},
	{0x17b4, 0x17b5},
	{0x180b, 0x180f},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0x3164, 0x3164},
	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},
	{0xffa0, 0xffa0},
	{0xfff0, 0xfffb},
	{0xfffe, 0xffff},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0000, 0xe0fff},
};

static uint32_t code_point(const char *s, size_t length)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t code = length == 1 ? u[0] : u[0] & (0x7fU >> length);

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (u[i] & 0x3f);
	return code;
}

size_t escape_char(const char *text, size_t left, uint32_t *ret_code, bool *ret_seen)
{
	size_t length = json_utf8_char(text, left);

	if (!length)
		return 0;
	*ret_code = code_point(text, length);
	*ret_seen = true;
	for (size_t i = 0; i < COUNT(unseen); i++)
		if (*ret_code >= unseen[i].first && *ret_code <= unseen[i].last)
			*ret_seen = false;
	return length;
}

static char *put_hex(char *at, const char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		*at++ = '\\';
		*at++ = 'x';
		*at++ = digits[c >> 4];
		*at++ = digits[c & 0xf];
	}
	return at;
}

static char *escape(const char *bytes, size_t n, bool is_name)
{
	char *text = n < SIZE_MAX / 4 ? malloc(4 * n + 1) : NULL;
	char *at = text;

	for (size_t i = 0, length; text && i < n; i += length) {
		uint32_t code;
		bool seen;

		length = escape_char(bytes + i, n - i, &code, &seen);
		if (!length) {
			length = 1;
			at = put_hex(at, bytes + i, 1);
		} else if (is_name && bytes[i] == '\\') {
			*at++ = '\\';
			*at++ = '\\';
		} else if (!seen && (is_name || bytes[i] != '\t')) {
			at = put_hex(at, bytes + i, length);
		} else {
			for (size_t j = 0; j < length; j++)
				*at++ = bytes[i + j];
		}
	}
	if (text)
		*at = '\0';
	return text;
}

char *escape_name(const char *bytes, size_t n)
{
	return escape(bytes, n, true);
}

char *escape_line(const char *bytes, size_t n)
{
	return escape(bytes, n, false);
}
