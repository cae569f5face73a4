/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/colour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Colours as in git diff, with the same meaning for lists. The first row that matches counts. */
static const struct {
	const char *begin;
	const char *colour; /* SGR */
} lines[] = {
	/* clang-format off */
	{"A  ", "32"}, {"M  ", "33"}, {"D  ", "31"}, {"R  ", "36"}, {"T  ", "33"}, {"!  ", "1;31"}, {"C  ", "1;31"},
	{"+", "32"}, {"-", "31"}, {"@@", "36"},
	/* clang-format on */
};

bool colour_is_wanted(int fd)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fd) && !(none && *none) && terminal && strcmp(terminal, "dumb") != 0;
}

static const char *colour_of(const char *line)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strncmp(line, lines[i].begin, strlen(lines[i].begin)))
			return lines[i].colour;
	return NULL;
}

char *colour_changes(const char *text)
{
	char *coloured = NULL;
	size_t size;
	FILE *out = open_memstream(&coloured, &size);

	if (!out)
		return NULL;
	while (*text) {
		const int n = (int)strcspn(text, "\n");
		const char *colour = colour_of(text);

		if (colour)
			(void)fprintf(out, "\033[%sm%.*s\033[0m", colour, n, text);
		else
			(void)fprintf(out, "%.*s", n, text);
		text += n;
		if (*text)
			(void)fputc(*text++, out);
	}
	if (fclose(out) == 0)
		return coloured;
	free(coloured);
	return NULL;
}
