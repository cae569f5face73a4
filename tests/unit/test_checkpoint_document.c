/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

Suite *suite_checkpoint_document(void);

static struct oci_strings strings(const char **items, size_t n)
{
	return (struct oci_strings){items, n};
}

static int may(const char *had, const char *had_grant, const char *wanted, const char *grant)
{
	struct checkpoint_record record = {.version = CHECKPOINT_VERSION,
		.profile = had,
		.grants = strings(&had_grant, had_grant != NULL)};
	struct harden_request request = {
		.profile = wanted, .grants = strings(&grant, grant != NULL)};
	struct nacre_error err;

	return checkpoint_may_restore(had ? &record : NULL, &request, &err);
}

START_TEST(a_profile_takes_its_own_and_tighter_ones)
{
	static const char *const order[] = {"oci", "nested", "agent", "strict"};

	for (int had = 0; had < 4; had++)
		for (int wanted = 0; wanted < 4; wanted++)
			ck_assert_int_eq(may(order[had], NULL, order[wanted], NULL),
				had >= wanted ? 0 : -EPERM);
}
END_TEST

START_TEST(a_grant_must_be_given_again)
{
	ck_assert_int_eq(may("agent", "tmp-exec", "agent", NULL), -EPERM);
	ck_assert_int_eq(may("agent", "tmp-exec", "agent", "rootfs-write"), -EPERM);
	ck_assert_int_eq(may("agent", "tmp-exec", "agent", "tmp-exec"), 0);
	ck_assert_int_eq(may("agent", NULL, "agent", "tmp-exec"), 0);
	ck_assert_int_eq(may("agent", "tmp-exec", "oci", NULL), 0);
}
END_TEST

START_TEST(of_unknown_origin_only_oci_takes_it)
{
	ck_assert_int_eq(may(NULL, NULL, "oci", NULL), 0);
	ck_assert_int_eq(may(NULL, NULL, "nested", NULL), -EPERM);
	ck_assert_int_eq(may("something", NULL, "agent", NULL), -EPERM);
}
END_TEST

START_TEST(the_record_comes_back)
{
	const char *grant = "tmp-exec";
	struct checkpoint_record record = {.version = CHECKPOINT_VERSION,
		.profile = "agent",
		.grants = strings(&grant, 1),
		.null_device = "file[1f:4]"};
	struct arena *arena = arena_new(1 << 20);
	struct checkpoint_record *again;
	struct nacre_error err;
	char *text = NULL;

	ck_assert_int_eq(checkpoint_record_encode(&record, &text, &err), 0);
	ck_assert_int_eq(
		checkpoint_record_decode(arena, "nacre.json", text, strlen(text), &again, &err), 0);
	ck_assert_str_eq(again->profile, "agent");
	ck_assert_uint_eq(again->grants.n, 1);
	ck_assert_str_eq(again->grants.items[0], "tmp-exec");
	ck_assert_str_eq(again->null_device, "file[1f:4]");
	free(text);
	arena_free(arena);
}
END_TEST

START_TEST(a_record_that_is_not_understood_is_refused)
{
	static const char *const texts[] = {"", "{}", "{\"version\": 1}",
		"{\"version\": 2, \"profile\": \"oci\"}",
		"{\"version\": 1, \"profile\": \"oci\", \"more\": 1}"};
	struct arena *arena = arena_new(1 << 20);
	struct checkpoint_record *record;
	struct nacre_error err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_int_lt(checkpoint_record_decode(arena, "nacre.json", texts[i],
					 strlen(texts[i]), &record, &err),
			0);
	arena_free(arena);
}
END_TEST

static void check_stdio(const char *text, const char *first, const char *second, const char *third)
{
	struct arena *arena = arena_new(1 << 20);
	const char *stdio[3] = {NULL};
	struct nacre_error err;

	ck_assert_int_eq(
		checkpoint_stdio_decode(arena, "descriptors.json", text, strlen(text), stdio, &err),
		0);
	ck_assert_str_eq(stdio[0], first);
	ck_assert_str_eq(stdio[1], second);
	ck_assert_str_eq(stdio[2], third);
	arena_free(arena);
}

START_TEST(stdio_is_an_array_as_that_of_runc)
{
	const char *const stdio[3] = {"/dev/null", "pipe:[1]", "pipe:[2]"};
	struct nacre_error err;
	char *text = NULL;

	ck_assert_int_eq(checkpoint_stdio_encode(stdio, &text, &err), 0);
	ck_assert_str_eq(text, "[\"/dev/null\",\"pipe:[1]\",\"pipe:[2]\"]");
	check_stdio(text, "/dev/null", "pipe:[1]", "pipe:[2]");
	free(text);
	check_stdio("[\"a\"]", "a", "", "");
	check_stdio("[1, \"b\", \"c\", \"d\"]", "", "b", "c");
	check_stdio("{}", "", "", "");
}
END_TEST

Suite *suite_checkpoint_document(void)
{
	Suite *suite = suite_create("checkpoint_document");
	TCase *tc = tcase_create("checkpoint_document");

	tcase_add_test(tc, a_profile_takes_its_own_and_tighter_ones);
	tcase_add_test(tc, a_grant_must_be_given_again);
	tcase_add_test(tc, of_unknown_origin_only_oci_takes_it);
	tcase_add_test(tc, the_record_comes_back);
	tcase_add_test(tc, a_record_that_is_not_understood_is_refused);
	tcase_add_test(tc, stdio_is_an_array_as_that_of_runc);
	suite_add_tcase(suite, tc);
	return suite;
}
