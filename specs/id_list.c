/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/id_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits of a number below LIMIT. Returns what follows; NULL: there are none, or the number
 * is too large. */
static const char *parse_number(const char *text, unsigned limit, unsigned *ret_number)
{
	unsigned number = 0;

	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++) {
		number = 10 * number + (unsigned)(*text - '0');
		if (number >= limit)
			return NULL;
	}
	*ret_number = number;
	return text;
}

int id_list_parse(const char *text, unsigned limit, unsigned long *ret_bits)
{
	int n = 0;

	for (;; text++) {
		unsigned first = 0, last;

		text = parse_number(text, limit, &first);
		last = first;
		if (text && *text == '-')
			text = parse_number(text + 1, limit, &last);
		if (!text || last < first || (*text && *text != ','))
			return -EINVAL;
		for (; first <= last; first++) {
			unsigned long *word = &ret_bits[first / ID_LIST_BITS];
			unsigned long bit = 1ul << first % ID_LIST_BITS;

			n += !(*word & bit);
			*word |= bit;
		}
		if (!*text)
			return n;
	}
}
