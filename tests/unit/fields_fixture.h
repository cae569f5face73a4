/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_FIELDS_FIXTURE_H
#define NACRE_TEST_FIELDS_FIXTURE_H

#include "specs/fields.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One member of each kind. */
struct inner {
	const char *name;
	uint32_t n;
};

struct sample {
	const char *text;
	const char *word;
	bool flag;
	bool always_flag;
	struct oci_bool opt_flag;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	uint64_t always_u64;
	struct oci_u32 opt_u16;
	struct oci_u32 opt_u32;
	struct oci_u64 opt_u64;
	struct oci_i32 opt_i32;
	struct oci_i64 opt_i64;
	struct oci_strings list;
	struct oci_strings words;
	bool has_words;
	uint32_t *numbers;
	size_t n_numbers;
	struct oci_map map;
	struct inner *object;
	struct inner in_place;
	struct inner *array;
	size_t n_array;
	struct inner *keyed;
	size_t n_keyed;
};

/* clang-format off */
static const char *const colours[] = {"red", "green", NULL};

static const struct field inner_fields[] = {
	FIELD_U32("n", inner, n, FIELD_MUST),
	{},
};
static STRUCT_TYPE(inner);

static const struct field sample_fields[] = {
	FIELD_STRING("text", sample, text, 0),
	FIELD_WORD("word", sample, word, 0, colours),
	FIELD_BOOL("flag", sample, flag, 0),
	FIELD_BOOL("alwaysFlag", sample, always_flag, FIELD_ALWAYS),
	FIELD_OPT_BOOL("optFlag", sample, opt_flag),
	FIELD_U32("u32", sample, u32, 0),
	FIELD_U64("u64", sample, u64, 0),
	FIELD_I64("i64", sample, i64, 0),
	FIELD_U64("alwaysU64", sample, always_u64, FIELD_ALWAYS),
	FIELD_OPT_U16("optU16", sample, opt_u16),
	FIELD_OPT_U32("optU32", sample, opt_u32),
	FIELD_OPT_U64("optU64", sample, opt_u64),
	FIELD_OPT_I32("optI32", sample, opt_i32),
	FIELD_OPT_I64("optI64", sample, opt_i64),
	FIELD_STRINGS("list", sample, list, 0),
	FIELD_WORDS_PRESENT("words", sample, words, colours),
	FIELD_U32S("numbers", sample, numbers),
	FIELD_MAP("map", sample, map),
	FIELD_OBJECT("object", sample, object, 0, inner),
	FIELD_INLINE("inPlace", sample, in_place, 0, inner),
	FIELD_ARRAY("array", sample, array, 0, inner),
	FIELD_KEYED("keyed", sample, keyed, inner),
	{},
};
static STRUCT_TYPE(sample);
/* clang-format on */

static struct arena *arena;
static struct nacre_error err;

static inline void set_up(void)
{
	arena = arena_new(1 << 20);
}

static inline void tear_down(void)
{
	arena_free(arena);
}

#endif
