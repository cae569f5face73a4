/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_CONFIG_FIXTURE_H
#define NACRE_TEST_CONFIG_FIXTURE_H

#include "specs/spec.h"

#include <check.h>
#include <string.h>

/* An arena a test, and configs decoded into it. */

#define MEMORY (64 * 1024 * 1024)

static struct arena *arena;
static struct nacre_error err;

static inline void set_up(void)
{
	arena = arena_new(MEMORY);
}

static inline void tear_down(void)
{
	arena_free(arena);
}

static inline struct oci_config *decode(const char *text)
{
	struct oci_config *config = NULL;
	int r = oci_config_decode(arena, "config.json", text, strlen(text), &config, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	return config;
}

/* Heap. */
static inline char *encode(const struct oci_config *config, bool pretty)
{
	char *text = NULL;

	ck_assert_int_eq(oci_config_encode(config, pretty, &text, &err), 0);
	return text;
}

#endif
