/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/arena.h"

#include <check.h>
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

Suite *suite_arena(void);

START_TEST(memory_is_zeroed_aligned_and_not_shared)
{
	struct arena *a = arena_new(1 << 20);
	unsigned char *blocks[300];

	for (size_t i = 0; i < 300; i++) {
		blocks[i] = arena_alloc(a, i);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_eq(blocks[i][j], 0);
		memset(blocks[i], (int)(i % 251) + 1, i);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_eq(blocks[i][j], i % 251 + 1);
	arena_free(a);
}
END_TEST

START_TEST(a_large_allocation_is_given_in_one_piece)
{
	cleanup_arena struct arena *a = arena_new(1 << 20);
	char *small = arena_alloc(a, 8);
	char *large = arena_alloc(a, 500000);

	ck_assert_ptr_nonnull(small);
	ck_assert_ptr_nonnull(large);
	memset(large, 'x', 500000);
	ck_assert_int_eq(small[0], 0);
}
END_TEST

START_TEST(the_limit_is_kept_and_told_apart_from_lack_of_memory)
{
	cleanup_arena struct arena *a = arena_new(1000);
	struct nacre_error err = {0};

	ck_assert_ptr_nonnull(arena_alloc(a, 600));
	ck_assert_int_eq(arena_fail(a, "config.json", &err), -ENOMEM);
	ck_assert_str_eq(err.text, "config.json: out of memory");
	ck_assert_ptr_null(arena_alloc(a, 600));
	ck_assert_int_eq(arena_fail(a, "config.json", &err), -E2BIG);
	ck_assert_str_eq(err.text, "config.json: needs more than 1000 bytes of memory");
	ck_assert_ptr_nonnull(arena_alloc(a, 300));
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
	cleanup_arena struct arena *a = arena_new(SIZE_MAX);

	ck_assert_ptr_null(arena_array(a, SIZE_MAX / 2, 3));
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX));
	ck_assert_ptr_null(arena_strndup(a, "x", SIZE_MAX));
}
END_TEST

START_TEST(texts_are_copied_and_terminated)
{
	cleanup_arena struct arena *a = arena_new(1 << 20);
	char text[] = "abcdef";
	char *whole = arena_strdup(a, text);
	char *part = arena_strndup(a, text, 3);

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_str_eq(whole, "abcdef");
	ck_assert_str_eq(part, "abc");
	ck_assert_str_eq(arena_printf(a, "%s-%d", "x", 12), "x-12");
	ck_assert_str_eq(arena_printf(a, "%s", ""), "");
}
END_TEST

START_TEST(freeing_nothing_is_allowed)
{
	struct arena *none = NULL;

	arena_free(NULL);
	arena_cleanup(&none);
	ck_assert_ptr_null(none);
}
END_TEST

Suite *suite_arena(void)
{
	Suite *suite = suite_create("arena");
	TCase *tc = tcase_create("arena");

	tcase_add_test(tc, memory_is_zeroed_aligned_and_not_shared);
	tcase_add_test(tc, a_large_allocation_is_given_in_one_piece);
	tcase_add_test(tc, the_limit_is_kept_and_told_apart_from_lack_of_memory);
	tcase_add_test(tc, sizes_that_overflow_are_refused);
	tcase_add_test(tc, texts_are_copied_and_terminated);
	tcase_add_test(tc, freeing_nothing_is_allowed);
	suite_add_tcase(suite, tc);
	return suite;
}
