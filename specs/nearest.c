/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Ignores the locale: words are ASCII. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(char a, char b)
{
	return lower(a) == lower(b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Returns the distance of two words of at most NEAREST_MAX bytes. Row I of the matrix has the
 * distances of the first I letters of A to each prefix of B; only three rows are kept. */
static unsigned distance(const char *a, const char *b)
{
	const size_t n = strlen(a), m = strlen(b);
	unsigned rows[3][NEAREST_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = above[j - 1] + !same(a[i - 1], b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

/* Allows none for a word of three letters: it would be near to too many others. */
static size_t allowed(size_t letters)
{
	return letters < 4 ? 0 : letters < 6 ? 1 : letters / 3;
}

/* Returns the length of the common prefix up to one of "-_:". That part is correct, and tells
 * nothing about the rest: "CAP_OTHER" is not near to "CAP_FOWNER". */
static size_t common_part(const char *a, const char *b)
{
	size_t end = 0;

	for (size_t i = 0; a[i] && same(a[i], b[i]); i++) {
		if (strchr("-_:", a[i]))
			end = i + 1;
	}
	return end;
}

void nearest_offer(struct nearest *nearest, const char *word)
{
	nearest_offer_as(nearest, word, word);
}

void nearest_offer_as(struct nearest *nearest, const char *spelled, const char *word)
{
	const size_t given = strlen(nearest->given), length = strlen(spelled);
	size_t longer = given > length ? given : length, common;
	unsigned found;

	if (given < 2 || length < 2 || longer > NEAREST_MAX || strlen(word) > NEAREST_MAX)
		return;
	common = common_part(nearest->given, spelled);
	found = distance(nearest->given + common, spelled + common);
	longer -= common;
	if (found > allowed(longer))
		return;
	if (nearest->word[0] && found >= nearest->distance)
		return;
	nearest->distance = found;
	(void)snprintf(nearest->word, sizeof(nearest->word), "%s", word);
}

const char *nearest_hint(const struct nearest *nearest, char hint[static NEAREST_HINT])
{
	hint[0] = '\0';
	if (nearest->word[0])
		(void)snprintf(hint, NEAREST_HINT, " (did you mean %s?)", nearest->word);
	return hint;
}
