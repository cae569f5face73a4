/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that containerd hands to a shim: the URI of a logger, lines of a runtime's table,
 * options of a mount. */
#include "shim/logger_uri.h"
#include "shim/rootfs_options.h"
#include "shim/toml_line.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 64
#define PAGE 256

/* Whether WORD lies whole in TEXT, of N bytes with its end. */
static bool lies_in(const char *word, const char *text, size_t n)
{
	return word >= text && word < text + n && word + strlen(word) < text + n;
}

static void use_uri(const char *text)
{
	struct logger_uri uri;
	size_t n = 0;

	if (logger_uri_read(text, &uri) == 0) {
		require(uri.words[0] && uri.words[0][0] == '/', "the path is absolute");
		while (uri.words[n])
			n++;
		require(n <= LOGGER_MAX_WORDS && n % 2 == 1, "each key has a value");
		require(uri.program || n == 1, "a file has no arguments");
	}
	logger_uri_free(&uri);
}

static void use_lines(const char *text)
{
	char *copy = strdup(text), *save = NULL;
	const size_t n = strlen(text) + 1;

	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		const char *key = NULL, *value = NULL;

		if (toml_line_read(line, &key, &value) != 1)
			continue;
		require(lies_in(key, copy, n) && lies_in(value, copy, n), "both are of the line");
	}
	free(copy);
}

static void use_options(const char *text)
{
	char *copy = strdup(text), *save = NULL, *words[MAX_WORDS];
	struct rootfs_options options;
	size_t n = 0;

	for (char *word = copy ? strtok_r(copy, "\n", &save) : NULL; word && n < MAX_WORDS;
		word = strtok_r(NULL, "\n", &save))
		words[n++] = word;
	if (n > 0 && rootfs_options_read(words, n, PAGE, &options) == 0) {
		require(strlen(options.data) < PAGE, "nothing of the data is cut off");
		require(!options.directory[0] || options.directory[0] == '/',
			"the directory is absolute");
		free(options.data);
		free(options.directory);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	use_uri(text);
	use_lines(text);
	use_options(text);
	free(text);
	return 0;
}
