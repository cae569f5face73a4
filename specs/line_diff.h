/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LINE_DIFF_H
#define NACRE_LINE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A unified diff of two texts, three lines of context around each change. Allocates nothing, takes
 * a bounded time. Pure.
 */

enum {
	LINE_DIFF_BYTES = 1024 * 1024, /* of each text */
	LINE_DIFF_LINES = 32 * 1024, /* likewise */
	LINE_DIFF_EDITS = 1000, /* more: all between the first and the last difference changed */
};

struct line_diff_text {
	const char *begin[LINE_DIFF_LINES + 1]; /* of each line, and the end of the last */
	uint32_t hash[LINE_DIFF_LINES];
	bool changed[LINE_DIFF_LINES]; /* removed, or added */
	int n;
};

/* What it works with, some 4 MiB, of which small texts touch little. */
struct line_diff {
	struct line_diff_text old_text, new_text;
	int trace[(LINE_DIFF_EDITS + 1) * (LINE_DIFF_EDITS + 2) / 2];
};

enum line_diff_result {
	LINE_DIFF_DONE,
	LINE_DIFF_BINARY, /* one has a NUL byte */
	LINE_DIFF_LARGE, /* above a limit */
};

/* PUT gets the hunks, a piece at a time. What is the same gives none. */
enum line_diff_result line_diff(struct line_diff *memory, const char *old_text, size_t old_size,
	const char *new_text, size_t new_size, void (*put)(void *data, const char *bytes, size_t n),
	void *data);

#endif
