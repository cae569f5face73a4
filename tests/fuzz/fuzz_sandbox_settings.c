/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/sandbox_settings.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool are_equal(const struct oci_strings *a, const struct oci_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* What was read is written so that it is read as the same. */
static void check_round(struct arena *arena, const struct oci_strings *words)
{
	struct sandbox_settings *settings;
	struct oci_strings again = {.n = 0};
	struct nacre_error err = {0};
	char *text;

	require_of(sandbox_settings_from_words(arena, words, &settings, &err) == 0, "from words",
		err.text);
	require_of(sandbox_settings_encode(settings, &text, &err) == 0, "encode", err.text);
	require_of(sandbox_settings_decode(arena, "s.json", text, strlen(text), &settings, &err) ==
				   0 &&
			   sandbox_settings_to_words(arena, settings, &again, &err) == 0,
		"decode what was encoded", err.text);
	require_of(are_equal(words, &again), "the same words", text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64 * 1024 * 1024);
	struct sandbox_settings *settings;
	struct oci_strings words;
	struct nacre_error err = {0};
	char *text = malloc(size + 1);
	int r;

	require(arena && text, "memory");
	memcpy(text, data, size);
	text[size] = '\0';
	r = sandbox_settings_decode(arena, "s.json", text, size, &settings, &err);
	if (r < 0) {
		require_of(r == -err.code && !strncmp(err.text, "s.json:", 7), "error of decode",
			err.text);
	} else {
		require_of(sandbox_settings_to_words(arena, settings, &words, &err) == 0,
			"to words", err.text);
		for (size_t i = 0; i < words.n; i++)
			require_of(!strncmp(words.items[i], "--", 2) && strchr(words.items[i], '='),
				"a word", words.items[i]);
		check_round(arena, &words);
	}
	free(text);
	arena_free(arena);
	return 0;
}
