/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_changes.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "specs/sha256.h"

Suite *suite_workspace_changes(void);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct workspace_change all_members[] = {
	{.path = "z\n\xff\\", .kind = WORKSPACE_ADDED, .type = WORKSPACE_FIFO, .refused = "fifo"},
	{.path = "b",
		.kind = WORKSPACE_RENAMED,
		.type = WORKSPACE_DIRECTORY,
		.from = "a\x1b",
		.mode = 0755,
		.conflict = "exists"},
	{.path = ".git/hooks/x",
		.kind = WORKSPACE_MODIFIED,
		.type = WORKSPACE_FILE,
		.mode = 0644,
		.size = 18446744073709551615U,
		.sha256 = "00",
		.refused = "git",
		.named = true},
	{.path = "a", .kind = WORKSPACE_DELETED, .type = WORKSPACE_FILE},
	{.path = "l",
		.kind = WORKSPACE_REPLACED,
		.type = WORKSPACE_SYMLINK,
		.target = "x\n",
		.mode = 0777,
		.sha256 = "11"},
};

static const char expected[] =
	"[\n"
	"{\"kind\":\"modified\",\"mode\":\"0644\",\"named\":true,\"path\":\".git/hooks/x\","
	"\"refused\":\"git\",\"sha256\":\"00\",\"size\":18446744073709551615,\"type\":\"file\"},\n"
	"{\"kind\":\"deleted\",\"mode\":\"0000\",\"path\":\"a\",\"size\":0,\"type\":\"file\"},\n"
	"{\"conflict\":\"exists\",\"from\":\"a\\\\x1b\",\"kind\":\"renamed\",\"mode\":\"0755\","
	"\"path\":\"b\",\"size\":0,\"type\":\"directory\"},\n"
	"{\"kind\":\"replaced\",\"mode\":\"0777\",\"path\":\"l\",\"sha256\":\"11\",\"size\":0,"
	"\"target\":\"x\\\\x0a\",\"type\":\"symlink\"},\n"
	"{\"kind\":\"added\",\"mode\":\"0000\",\"path\":\"z\\\\x0a\\\\xff\\\\\\\\\","
	"\"refused\":\"fifo\",\"size\":0,\"type\":\"fifo\"}\n"
	"]\n";

START_TEST(the_json_is_canonical)
{
	struct workspace_changes changes = {all_members, COUNT(all_members)};
	struct nacre_error err;
	char digest[65], again[SHA256_TEXT];
	char *text;

	workspace_changes_sort(&changes);
	ck_assert_int_eq(workspace_changes_encode(&changes, &text, &err), 0);
	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(workspace_changes_digest(&changes, digest, &err), 0);
	sha256_text(text, strlen(text), again);
	ck_assert_str_eq(digest, again);
	free(text);
}
END_TEST

START_TEST(no_change_is_an_empty_array)
{
	const struct workspace_changes changes = {NULL, 0};
	struct nacre_error err;
	char *text;

	ck_assert_int_eq(workspace_changes_encode(&changes, &text, &err), 0);
	ck_assert_str_eq(text, "[\n]\n");
	free(text);
}
END_TEST

START_TEST(another_order_or_a_path_twice_is_refused)
{
	struct workspace_change twice[] = {{.path = "a"}, {.path = "a"}};
	struct workspace_change unsorted[] = {{.path = "b"}, {.path = "a"}};
	struct workspace_changes changes = {twice, COUNT(twice)};
	struct nacre_error err;
	char digest[65];
	char *text;

	ck_assert_int_eq(workspace_changes_encode(&changes, &text, &err), -EINVAL);
	changes.items = unsorted;
	ck_assert_int_eq(workspace_changes_digest(&changes, digest, &err), -EINVAL);
	ck_assert_str_eq(err.text, "changes of a workspace: not sorted");
}
END_TEST

START_TEST(each_byte_counts_for_the_digest)
{
	struct workspace_change a = {.path = "a", .mode = 0644}, b = a;
	const struct workspace_changes left = {&a, 1}, right = {&b, 1};
	char digests[2][65];
	struct nacre_error err;

	b.mode = 0755;
	ck_assert_int_eq(workspace_changes_digest(&left, digests[0], &err), 0);
	ck_assert_int_eq(workspace_changes_digest(&right, digests[1], &err), 0);
	ck_assert_str_ne(digests[0], digests[1]);
}
END_TEST

START_TEST(parents_stand_before_what_is_in_them)
{
	struct workspace_change items[] = {
		{.path = "a/b"}, {.path = "a-b"}, {.path = "a"}, {.path = "\xff"}, {.path = "A"}};
	struct workspace_changes changes = {items, COUNT(items)};
	static const char *const order[] = {"A", "a", "a-b", "a/b", "\xff"};

	workspace_changes_sort(&changes);
	for (size_t i = 0; i < COUNT(items); i++)
		ck_assert_str_eq(items[i].path, order[i]);
}
END_TEST

Suite *suite_workspace_changes(void)
{
	Suite *s = suite_create("workspace_changes");
	TCase *tc = tcase_create("workspace_changes");

	tcase_add_test(tc, the_json_is_canonical);
	tcase_add_test(tc, no_change_is_an_empty_array);
	tcase_add_test(tc, another_order_or_a_path_twice_is_refused);
	tcase_add_test(tc, each_byte_counts_for_the_digest);
	tcase_add_test(tc, parents_stand_before_what_is_in_them);
	suite_add_tcase(s, tc);
	return s;
}
