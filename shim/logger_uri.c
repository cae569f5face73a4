/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/logger_uri.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Decodes WORD in place. PLUS: '+' stands for a blank. Rejects %00, which would end the word
 * early. */
static int decode(char *word, bool plus)
{
	char *to = word;

	for (const char *at = word; *at; at++) {
		if (*at == '%') {
			int byte;

			if (!isxdigit((unsigned char)at[1]) || !isxdigit((unsigned char)at[2]))
				return -EINVAL;
			byte = digit(at[1]) * 16 + digit(at[2]);
			if (byte == 0)
				return -EINVAL;
			*to++ = (char)byte;
			at += 2;
		} else {
			*to++ = *at == '+' && plus ? ' ' : *at;
		}
	}
	*to = '\0';
	return 0;
}

static bool has_key(const struct logger_uri *uri, size_t n, const char *key)
{
	for (size_t i = 1; i < n; i += 2) {
		if (strcmp(uri->words[i], key) == 0)
			return true;
	}
	return false;
}

static int read_query(struct logger_uri *uri, char *query)
{
	static const char nothing[] = "";
	char *save = NULL;
	size_t n = 1;

	for (char *key = strtok_r(query, "&", &save); key; key = strtok_r(NULL, "&", &save)) {
		char *value = strchr(key, '=');
		int r;

		if (value)
			*value++ = '\0';
		r = decode(key, true);
		if (r == 0 && value)
			r = decode(value, true);
		if (r < 0)
			return r;
		if (has_key(uri, n, key))
			continue;
		if (n + 2 > LOGGER_MAX_WORDS)
			return -E2BIG;
		uri->words[n++] = key;
		uri->words[n++] = value ? value : nothing;
	}
	return 0;
}

int logger_uri_read(const char *uri, struct logger_uri *ret_uri)
{
	static const char file[] = "file://", binary[] = "binary://";
	char *path, *query;
	int r;

	*ret_uri = (struct logger_uri){.program = strncmp(uri, binary, strlen(binary)) == 0};
	if (!ret_uri->program && strncmp(uri, file, strlen(file)) != 0)
		return -EINVAL;
	path = ret_uri->text = strdup(uri + strlen(ret_uri->program ? binary : file));
	if (!path)
		return -ENOMEM;
	path[strcspn(path, "#")] = '\0';
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	r = path[0] == '/' ? decode(path, false) : -EINVAL;
	ret_uri->words[0] = path;
	return r == 0 && query && ret_uri->program ? read_query(ret_uri, query) : r;
}

void logger_uri_free(struct logger_uri *uri)
{
	free(uri->text);
	uri->text = NULL;
}
