/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_FUZZ_H
#define NACRE_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What each fuzzer defines; replay.c and libFuzzer call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process with WHAT (DETAIL, if it is not NULL) unless FACT holds. */
static inline void require_of(bool fact, const char *what, const char *detail)
{
	if (fact)
		return;
	(void)fprintf(stderr, "%s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	abort();
}

static inline void require(bool fact, const char *what)
{
	require_of(fact, what, NULL);
}

#endif
