/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/line_diff.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_line_diff(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct line_diff memory;
static char *made;
static size_t made_n, made_size;

static void put(void *data, const char *bytes, size_t n)
{
	(void)data;
	if (made_size <= made_n + n)
		made = realloc(made, made_size = 2 * (made_n + n + 1));
	memcpy(made + made_n, bytes, n);
	made_n += n;
	made[made_n] = '\0';
}

static void tear_down(void)
{
	free(made);
	made = NULL;
	made_n = made_size = 0;
}

static const struct {
	const char *from, *to, *hunks;
} rows[] = {
	{"", "", ""},
	{"a\n", "a\n", ""},
	{"", "a\n", "@@ -0,0 +1,1 @@\n+a\n"},
	{"a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
	{"a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"},
	{"1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n"},
	/* Six lines of context between two changes are one hunk, seven are two. */
	{"x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
		"@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n"},
	{"x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
		"@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-y\n+Y\n"},
	/* Of Myers' paper: five edits, not more. */
	{"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
		"@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n"},
};

START_TEST(hunks_are_as_of_diff_u)
{
	put(NULL, "", 0);
	ck_assert_int_eq(line_diff(&memory, rows[_i].from, strlen(rows[_i].from), rows[_i].to,
				 strlen(rows[_i].to), put, NULL),
		LINE_DIFF_DONE);
	ck_assert_str_eq(made, rows[_i].hunks);
}
END_TEST

START_TEST(a_nul_byte_is_no_text)
{
	ck_assert_int_eq(line_diff(&memory, "a\0b", 3, "", 0, put, NULL), LINE_DIFF_BINARY);
	ck_assert_int_eq(line_diff(&memory, "", 0, "a\0b", 3, put, NULL), LINE_DIFF_BINARY);
	ck_assert_ptr_null(made);
}
END_TEST

START_TEST(there_are_limits)
{
	char *text = malloc(LINE_DIFF_BYTES + 1);

	memset(text, 'x', LINE_DIFF_BYTES + 1);
	ck_assert_int_eq(
		line_diff(&memory, text, LINE_DIFF_BYTES + 1, "", 0, put, NULL), LINE_DIFF_LARGE);
	ck_assert_int_eq(
		line_diff(&memory, "", 0, text, LINE_DIFF_BYTES, put, NULL), LINE_DIFF_DONE);
	memset(text, '\n', LINE_DIFF_LINES + 1);
	ck_assert_int_eq(
		line_diff(&memory, text, LINE_DIFF_LINES + 1, "", 0, put, NULL), LINE_DIFF_LARGE);
	ck_assert_int_eq(
		line_diff(&memory, text, LINE_DIFF_LINES, "", 0, put, NULL), LINE_DIFF_DONE);
	free(text);
}
END_TEST

/* Nothing in common, above the limit of edits: all goes and all comes. */
START_TEST(too_many_edits_are_one_replacement)
{
	char from[2 * LINE_DIFF_EDITS + 3], to[2 * LINE_DIFF_EDITS + 3];
	size_t removed = 0, added = 0;

	for (int i = 0; i <= LINE_DIFF_EDITS; i++) {
		memcpy(from + 2 * i, "a\n", 3);
		memcpy(to + 2 * i, "b\n", 3);
	}
	ck_assert_int_eq(
		line_diff(&memory, from, strlen(from), to, strlen(to), put, NULL), LINE_DIFF_DONE);
	for (const char *c = made; (c = strstr(c, "\n-a")); c++)
		removed++;
	for (const char *c = made; (c = strstr(c, "\n+b")); c++)
		added++;
	ck_assert_uint_eq(removed, LINE_DIFF_EDITS + 1);
	ck_assert_uint_eq(added, LINE_DIFF_EDITS + 1);
}
END_TEST

Suite *suite_line_diff(void)
{
	Suite *s = suite_create("line_diff");
	TCase *tc = tcase_create("line_diff");

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, hunks_are_as_of_diff_u, 0, COUNT(rows));
	tcase_add_test(tc, a_nul_byte_is_no_text);
	tcase_add_test(tc, there_are_limits);
	tcase_add_test(tc, too_many_edits_are_one_replacement);
	suite_add_tcase(s, tc);
	return s;
}
