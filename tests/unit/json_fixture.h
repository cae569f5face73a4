/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_JSON_FIXTURE_H
#define NACRE_TEST_JSON_FIXTURE_H

#include "specs/json.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct nacre_error err;

static inline void set_up(void)
{
	arena = arena_new(64 * 1024 * 1024);
}

static inline void tear_down(void)
{
	arena_free(arena);
}

static inline struct json_document *parse(const char *text)
{
	struct json_document *document = NULL;
	int r = json_parse(arena, "x.json", text, strlen(text), &document, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	return document;
}

#endif
