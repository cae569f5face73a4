/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/receipt.h"
#include "specs/receipt_envelope.h"
#include "tests/fuzz/fuzz.h"

/* An input is the file that `receipt verify` and `receipt show` are given. */

static void check_statement(struct arena *arena, const char *payload)
{
	struct receipt_statement *statement;
	struct nacre_error err = {0};
	char *text;
	int r = receipt_statement_decode(arena, "x", payload, strlen(payload), &statement, &err);

	if (r < 0) {
		require_of(r == -err.code, "error of the statement", err.text);
		return;
	}
	require(statement->n_subjects > 0, "a subject");
	require(receipt_statement_text(statement, &text, &err) == 0, "text");
	for (const char *c = text; *c; c++)
		require((unsigned char)*c >= 0x20 || *c == '\n', "no control characters");
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)256 * 1024 * 1024);
	struct receipt_envelope *envelope;
	struct nacre_error err = {0};
	char *copy = malloc(size + 1), *text;
	int r;

	if (!arena || !copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	r = receipt_envelope_decode(arena, "x", copy, size, &envelope, &err);
	if (r < 0) {
		require_of(r == -err.code, "error of the envelope", err.text);
		/* Else hardly an input would come as far as that. */
		if (strlen(copy) == size)
			check_statement(arena, copy);
	} else {
		require(receipt_envelope_encode(envelope, &text, &err) == 0, "encode");
		require(strlen(text) == size && !memcmp(text, data, size), "the same bytes");
		free(text);
		check_statement(arena, envelope->payload);
	}
	free(copy);
	arena_free(arena);
	return 0;
}
