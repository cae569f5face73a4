/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of HTTP sends. However it arrives, the same requests with the same names are seen,
 * at the same places. */
#include "specs/http_host.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was seen: places and names, mixed into one number. */
struct seen {
	uint64_t mixed;
	size_t judged;
	enum http_answer end;
};

static void mix(struct seen *seen, uint64_t value)
{
	seen->mixed = (seen->mixed ^ value) * 0x100000001b3ULL;
}

static struct seen read_in_steps(const uint8_t *data, size_t size, size_t step)
{
	struct http_stream stream = {.left = 0};
	struct seen seen = {.mixed = 1, .end = HTTP_MORE};

	for (size_t end = 0; end < size && seen.end <= HTTP_BODY;) {
		end = size - end < step ? size : end + step;
		do {
			const size_t n = end - seen.judged;
			uint8_t *copy = malloc(n ? n : 1); /* of the exact size */
			char name[HTTP_NAME_MAX + 1];
			size_t length = 0;

			if (!copy)
				abort();
			memcpy(copy, data + seen.judged, n);
			seen.end = http_host_read(&stream, copy, n, &length, name);
			free(copy);
			if (seen.end == HTTP_REQUEST) {
				mix(&seen, seen.judged);
				require(*name && strspn(name, "abcdefghijklmnopqrstuvwxyz"
							      "0123456789-_.") == strlen(name),
					"a name has letters of names");
				for (const char *c = name; *c; c++)
					mix(&seen, (uint64_t)*c);
			}
			if (seen.end == HTTP_REQUEST || seen.end == HTTP_BODY) {
				require(length > 0 && length <= n, "some of it is judged");
				seen.judged += length;
			}
		} while ((seen.end == HTTP_REQUEST || seen.end == HTTP_BODY) && seen.judged < end);
		require(seen.end != HTTP_MORE || end - seen.judged < HTTP_HEAD_MAX,
			"there is a limit");
	}
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct seen whole = read_in_steps(data, size, size);
	const size_t steps[] = {1, 7, 100};

	if (size > 4096)
		return 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct seen parts = read_in_steps(data, size, steps[i]);

		require(whole.mixed == parts.mixed, "the same requests");
		require((whole.end > HTTP_BODY) == (parts.end > HTTP_BODY), "the same end");
	}
	return 0;
}
