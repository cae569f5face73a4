/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(const void *data, size_t length, char **ret_text)
{
	const unsigned char *in = data;
	char *text = length < SIZE_MAX / 4 ? malloc((length + 2) / 3 * 4 + 1) : NULL;
	char *out = text;

	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < length; i += 3) {
		const size_t left = length - i;
		const uint32_t bits = (uint32_t)in[i] << 16 |
				      (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				      (left > 2 ? (uint32_t)in[i + 2] : 0);

		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[bits & 63] : '=';
	}
	*out = '\0';
	*ret_text = text;
	return 0;
}

static int value_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Decodes four characters, the last N of which are "=". Returns false if they are malformed. */
static bool take_group(const char *text, size_t n, unsigned char *out)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		const int value = i < 4 - n ? value_of(text[i]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if (n && bits & ((1U << 8 * n) - 1))
		return false;
	out[0] = (unsigned char)(bits >> 16);
	if (n < 2)
		out[1] = (unsigned char)(bits >> 8);
	if (n < 1)
		out[2] = (unsigned char)bits;
	return true;
}

int base64_decode(const char *text, char **ret_data, size_t *ret_length)
{
	const size_t length = strlen(text);
	size_t padding = 0, used = 0;
	char *data;

	if (length % 4)
		return -EINVAL;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	data = malloc(length / 4 * 3 + 1);
	if (!data)
		return -ENOMEM;
	for (size_t i = 0; i < length; i += 4) {
		const size_t n = i + 4 == length ? padding : 0;

		if (!take_group(text + i, n, (unsigned char *)data + used)) {
			free(data);
			return -EINVAL;
		}
		used += 3 - n;
	}
	data[used] = '\0';
	*ret_data = data;
	*ret_length = used;
	return 0;
}
