/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/limit_text.h"

#include <stdlib.h>
#include <string.h>

uint64_t limit_text_number(const char *word)
{
	static const char suffixes[] = "KMGTPE";
	char *end = NULL;
	uint64_t value = strtoull(word, &end, 0);
	const char letter = (char)(*end & ~0x20);
	const char *suffix = letter ? strchr(suffixes, letter) : NULL;
	unsigned shift = suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;

	return value > UINT64_MAX >> shift ? UINT64_MAX : value << shift;
}

const char *limit_text_next(const char *word)
{
	word += strcspn(word, LIMIT_TEXT_SPACE);
	return word + strspn(word, LIMIT_TEXT_SPACE);
}

bool limit_text_is_max(const char *word)
{
	return strcspn(word, LIMIT_TEXT_SPACE) == 3 && !memcmp(word, "max", 3);
}
