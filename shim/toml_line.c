/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/toml_line.h"

#include <stddef.h>
#include <string.h>

#define BLANK " \t\r"

static char *skip_blank(char *at)
{
	return at + strspn(at, BLANK);
}

/* Decodes "TEXT", with only the escapes that a path or a name may need, or 'TEXT', which has none.
 * Returns the place behind the closing quote, or NULL. */
static char *read_quoted(char *at)
{
	const char quote = *at;
	char *to = at;

	for (at++; *at != quote; at++) {
		if (quote == '"' && *at == '\\') {
			at++;
			if (*at != '"' && *at != '\\')
				return NULL;
		}
		if (!*at)
			return NULL;
		*to++ = *at;
	}
	*to = '\0';
	return at + 1;
}

/* Returns the end of an unquoted word, or NULL. */
static char *read_bare(char *at, const char *end)
{
	const size_t n = strcspn(at, end);

	return n > 0 && strcspn(at, "[{\"'") >= n ? at + n : NULL;
}

/* Reads a key or a value, up to a character of END. Returns the place behind it, or NULL. */
static char *read_word(char *at, const char *end)
{
	return *at == '"' || *at == '\'' ? read_quoted(at) : read_bare(at, end);
}

int toml_line_read(char *line, const char **ret_key, const char **ret_value)
{
	char *at = skip_blank(line), *behind;

	if (!*at || *at == '#')
		return 0;
	*ret_key = at;
	behind = read_word(at, BLANK "=");
	if (!behind)
		return -1;
	at = skip_blank(behind);
	if (*at != '=')
		return -1;
	*behind = '\0';
	at = skip_blank(at + 1);
	*ret_value = at;
	behind = read_word(at, BLANK "#");
	if (!behind)
		return -1;
	at = skip_blank(behind);
	if (*at && *at != '#')
		return -1;
	*behind = '\0';
	return 1;
}
