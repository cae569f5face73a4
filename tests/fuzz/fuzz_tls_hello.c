/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of TLS begins with. The answer depends on nothing but the bytes: each beginning of
 * a whole hello wants more, and what follows it changes nothing. */
#include "specs/tls_hello.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In a copy of the exact size. */
static enum tls_hello read_first(const uint8_t *data, size_t n, char name[TLS_NAME_MAX + 1])
{
	uint8_t *copy = malloc(n ? n : 1);
	enum tls_hello answer;

	if (!copy)
		abort();
	memcpy(copy, data, n);
	answer = tls_hello_read(copy, n, name);
	free(copy);
	return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[TLS_NAME_MAX + 1] = "-", other[TLS_NAME_MAX + 1];
	const enum tls_hello answer = read_first(data, size, name);
	bool whole = false;

	require(size < TLS_HELLO_MAX || answer != TLS_HELLO_MORE, "there is a limit");
	require(answer == TLS_HELLO_NAME || !strcmp(name, "-"), "no name without that answer");
	require(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(name) && *name,
		"a name has letters of names");
	for (size_t n = size < 2048 ? 0 : size; n <= size; n++) {
		const enum tls_hello part = read_first(data, n, other);

		require(!whole || part == answer, "what follows changes nothing");
		whole = part != TLS_HELLO_MORE;
		require(!whole || part != TLS_HELLO_NAME || answer != TLS_HELLO_NAME ||
				!strcmp(name, other),
			"the same name");
	}
	return 0;
}
