/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_select.h"

#include <check.h>
#include <string.h>

Suite *suite_workspace_select(void);

static struct nacre_error err;

START_TEST(a_path_is_taken_from_the_source)
{
	static const struct {
		const char *given, *expected; /* NULL: it is none of the source's */
	} rows[] = {
		/* clang-format off */
		{"a", "a"},
		{"./a//b/", "a/b"},
		{".", ""},
		{"a/../b", "b"},
		{"..", NULL},
		{"a/../../b", NULL},
		{"/home/me", ""},
		{"/home/me/", ""},
		{"/home/me/src/../a", "a"},
		{"/home/meadow", NULL},
		{"/home", NULL},
		{"/home/me/../you", NULL},
		/* clang-format on */
	};
	char path[PATH_TEXT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool there = workspace_select_path("/home/me", rows[i].given, path);

		ck_assert_msg(there == (rows[i].expected != NULL), "%s", rows[i].given);
		if (there)
			ck_assert_str_eq(path, rows[i].expected);
	}
	ck_assert(workspace_select_path("/", "/etc/x", path));
	ck_assert_str_eq(path, "etc/x");
}
END_TEST

static struct workspace_change items[] = {
	/* clang-format off */
	{.kind = WORKSPACE_ADDED, .type = WORKSPACE_DIRECTORY, .path = "a"},
	{.kind = WORKSPACE_ADDED, .type = WORKSPACE_FILE, .path = "a-b"},
	{.kind = WORKSPACE_ADDED, .type = WORKSPACE_DIRECTORY, .path = "a/b"},
	{.kind = WORKSPACE_ADDED, .type = WORKSPACE_FILE, .path = "a/b/c"},
	{.kind = WORKSPACE_MODIFIED, .type = WORKSPACE_DIRECTORY, .path = "m"},
	{.kind = WORKSPACE_DELETED, .type = WORKSPACE_FILE, .path = "m/gone"},
	{.kind = WORKSPACE_RENAMED, .type = WORKSPACE_DIRECTORY, .path = "new", .from = "old"},
	{.kind = WORKSPACE_MODIFIED, .type = WORKSPACE_FILE, .path = "new/x"},
	{.kind = WORKSPACE_ADDED, .type = WORKSPACE_FILE, .path = "p/.envrc",
		.refused = "environment", .named = true, .protected_length = 8},
	/* clang-format on */
};

/* What is wanted, named and forced, as letters by index. */
static void expect(const char *path, const char *force, const char *expected)
{
	const struct workspace_changes changes = {items, sizeof(items) / sizeof(items[0])};
	const char *paths[] = {path, NULL}, *forces[] = {force, NULL};
	bool matched[1] = {false}, force_matched[1] = {false};
	struct arena *arena = arena_new(1 << 20);
	struct workspace_selection s;
	char found[64] = "";
	size_t n = 0;

	ck_assert_int_eq(workspace_select(arena, &changes, "/s", path ? paths : NULL, matched,
				 force ? forces : NULL, force_matched, &s, &err),
		0);
	for (size_t i = 0; i < changes.n; i++) {
		if (s.wanted[i])
			found[n++] = s.named[i] ? 'N' : 'w';
		if (s.forced[i])
			found[n++] = 'f';
		found[n++] = '.';
	}
	ck_assert_str_eq(found, expected);
	ck_assert_int_eq(matched[0], path && strpbrk(expected, "wN"));
	arena_free(arena);
}

START_TEST(a_path_selects_what_is_below_it_and_what_that_needs)
{
	expect(NULL, NULL, "w.w.w.w.w.w.w.w.w.");
	expect("a/b/c", NULL, "w..w.w......");
	expect("a", NULL, "w..w.w......");
	expect("m/gone", NULL, ".....w....");
	expect("new/x", NULL, "......w.w..");
	expect("old", NULL, "......w...");
	expect("p", NULL, "........w.");
	expect("p/.envrc", NULL, "........N.");
	expect("absent", NULL, ".........");
	expect(NULL, "m", "w.w.w.w.wf.wf.w.w.w.");
}
END_TEST

Suite *suite_workspace_select(void)
{
	Suite *s = suite_create("workspace_select");
	TCase *t = tcase_create("workspace_select");

	tcase_add_test(t, a_path_is_taken_from_the_source);
	tcase_add_test(t, a_path_selects_what_is_below_it_and_what_that_needs);
	suite_add_tcase(s, t);
	return s;
}
