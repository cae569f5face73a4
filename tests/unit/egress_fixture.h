/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_EGRESS_FIXTURE_H
#define NACRE_TESTS_EGRESS_FIXTURE_H

#include "specs/egress.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct arena *arena;

static void setup(void)
{
	arena = arena_new(1 << 24);
	ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
	arena_free(arena);
}

/* WORDS, with blanks between them. */
static struct oci_strings split(const char *words)
{
	struct oci_strings list = {.items = arena_array(arena, strlen(words) + 1, sizeof(char *))};

	while (*words) {
		size_t length = strcspn(words, " ");

		list.items[list.n++] = arena_strndup(arena, words, length);
		words += length + strspn(words + length, " ");
	}
	return list;
}

static const char *join(const struct oci_strings *list)
{
	const char *text = "";

	for (size_t i = 0; i < list->n; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " " : "", list->items[i]);
	return text;
}

#endif
