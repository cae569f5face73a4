/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/spec.h"
#include "specs/validate.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What we write we read back as the same config, and writing it again gives the same text. */
static void check_rewrite(struct arena *arena, const struct oci_config *config, bool pretty)
{
	struct nacre_error err = {0};
	struct oci_config *back = NULL;
	char *text = NULL, *again = NULL;

	require_of(oci_config_encode(config, pretty, &text, &err) == 0, "encode", err.text);
	require_of(oci_config_decode(arena, "written", text, strlen(text), &back, &err) == 0,
		"decode what was written", err.text);
	require_of(oci_config_equal(config, back), "equal after a rewrite", err.text);
	require_of(oci_config_encode(back, pretty, &again, &err) == 0, "encode again", err.text);
	require_of(strcmp(text, again) == 0, "same text", err.text);
	free(text);
	free(again);
}

/* Written anew without a change it is the same config. */
static void check_no_change(struct arena *arena, const struct oci_config *config)
{
	struct nacre_error err = {0};
	struct oci_config *back = NULL;
	char *text = NULL;

	require_of(oci_config_rewrite(config, config, &text, &err) == 0, "rewrite", err.text);
	require_of(oci_config_decode(arena, "written", text, strlen(text), &back, &err) == 0,
		"decode what was rewritten", err.text);
	require_of(oci_config_equal(config, back), "equal without a change", err.text);
	free(text);
}

static void check_copy(struct arena *arena, const struct oci_config *config)
{
	struct nacre_error err = {0};
	struct oci_config *copy = NULL;

	require_of(oci_config_copy(arena, config, &copy, &err) == 0, "copy", err.text);
	require_of(oci_config_equal(config, copy), "equal to its copy", err.text);
	require_of(oci_config_equal(copy, config), "copy equal to it", err.text);
}

static void ignore_warning(void *data, const char *text)
{
	*(size_t *)data += strlen(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(256 * 1024 * 1024);
	struct nacre_error err = {0};
	struct oci_config *config = NULL;
	size_t warned = 0;
	int r;

	if (!arena)
		return 0;
	r = oci_config_decode(arena, "config.json", (const char *)data, size, &config, &err);
	if (r < 0) {
		require_of(r == -err.code && strncmp(err.text, "config.json:", 12) == 0,
			"error of decode", err.text);
	} else {
		check_rewrite(arena, config, false);
		/* Indentation may make a document too long to be read. */
		if (size < 64 * 1024)
			check_rewrite(arena, config, true);
		check_no_change(arena, config);
		check_copy(arena, config);
		r = oci_config_validate(config, &err);
		require_of(
			r == 0 || (r == -err.code && err.text[0]), "error of validate", err.text);
		oci_config_warnings(config, ignore_warning, &warned);
	}
	arena_free(arena);
	return 0;
}
