/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/relay_denials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

void relay_denial_write(const struct relay_denial *denial, char ret_line[RELAY_DENIAL_LINE])
{
	char text[RELAY_DENIAL_LINE + 1];

	(void)snprintf(text, sizeof(text), "%20llu %5u %-31s %-260s\n",
		(unsigned long long)denial->count, denial->port, denial->reason, denial->name);
	memcpy(ret_line, text, RELAY_DENIAL_LINE);
}

/* Takes the next word, of LETTERS alone, out of *TEXT. */
static bool take_word(const char **text, const char *letters, char *ret_word, size_t size)
{
	const char *at = *text + strspn(*text, " ");
	const size_t n = strspn(at, letters);

	if (n == 0 || n >= size || (at[n] != ' ' && at[n] != '\n'))
		return false;
	memcpy(ret_word, at, n);
	ret_word[n] = '\0';
	*text = at + n;
	return true;
}

bool relay_denial_read(const char line[RELAY_DENIAL_LINE], struct relay_denial *ret_denial)
{
	char text[RELAY_DENIAL_LINE + 1], count[21], port[6];
	const char *at = text;
	struct relay_denial denial;

	memcpy(text, line, RELAY_DENIAL_LINE);
	text[RELAY_DENIAL_LINE] = '\0';
	if (!take_word(&at, "0123456789", count, sizeof(count)) ||
		!take_word(&at, "0123456789", port, sizeof(port)) ||
		!take_word(&at, LETTERS "-", denial.reason, sizeof(denial.reason)) ||
		!take_word(&at, LETTERS "0123456789-_.", denial.name, sizeof(denial.name)))
		return false;
	denial.count = strtoull(count, NULL, 10);
	denial.port = (uint16_t)strtoull(port, NULL, 10);
	*ret_denial = denial;
	return true;
}
