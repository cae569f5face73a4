/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts with a NUL between them. The hunks, applied to the old one, give the new one; and
 * without them nothing differs. */
#include "specs/line_diff.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct collected {
	char *text;
	size_t n;
};

static void collect(void *data, const char *bytes, size_t n)
{
	struct collected *c = data;

	c->text = realloc(c->text, c->n + n + 1);
	if (!c->text)
		abort();
	memcpy(c->text + c->n, bytes, n);
	c->n += n;
	c->text[c->n] = '\0';
}

static size_t line_length(const char *text)
{
	const char *newline = strchr(text, '\n');

	return newline ? (size_t)(newline - text) + 1 : strlen(text);
}

/* A strict patch(1). */
static struct collected apply(const char *old, const char *hunks)
{
	struct collected made = {NULL, 0};
	unsigned from, n_from, to, n_to, line = 1;

	collect(&made, "", 0);
	while (*hunks) {
		require(sscanf(hunks, "@@ -%u,%u +%u,%u @@", &from, &n_from, &to, &n_to) == 4,
			"a hunk");
		hunks += line_length(hunks);
		for (from += !n_from; line < from; line++, old += line_length(old))
			collect(&made, old, line_length(old));
		while (n_from || n_to) {
			const char sign = *hunks++;
			size_t n = line_length(hunks);
			bool last = !strncmp(hunks + n, "\\ No", 4);

			require(sign == ' ' || sign == '-' || sign == '+', "a sign");
			if (sign != '+') {
				require(!strncmp(old, hunks, n - last), "the old line");
				old += n - last;
				line++;
				n_from--;
			}
			if (sign != '-') {
				collect(&made, hunks, n - last);
				n_to--;
			}
			hunks += n;
			hunks += last ? line_length(hunks) : 0;
		}
	}
	collect(&made, old, strlen(old));
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line_diff memory;
	const size_t first = strnlen((const char *)data, size);
	char *old = strndup((const char *)data, first);
	char *new = first < size ? strndup((const char *)data + first + 1, size - first - 1)
				 : strdup("");
	struct collected hunks = {NULL, 0}, made;

	if (!old || !new)
		abort();
	collect(&hunks, "", 0);
	require(line_diff(&memory, old, strlen(old), new, strlen(new), collect, &hunks) ==
			LINE_DIFF_DONE,
		"small text is text");
	require((hunks.n == 0) == !strcmp(old, new), "hunks for a difference alone");
	made = apply(old, hunks.text);
	require(!strcmp(made.text, new), "the hunks make the new text");
	free(made.text);
	free(hunks.text);
	free(old);
	free(new);
	return 0;
}
