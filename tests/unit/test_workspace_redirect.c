/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_redirect.h"

#include <check.h>
#include <errno.h>
#include <string.h>

Suite *suite_workspace_redirect(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *value;
	const char *parent; /* NULL: none */
	const char *place; /* NULL: refused */
} rows[] = {
	{"d", "", "d"},
	{"d", "a/b", "a/b/d"},
	{"/d", "a/b", "d"},
	{"/a/b", NULL, "a/b"},
	{"..d", "", "..d"},
	{"/a\n", "", "a\n"},
	{"", "", NULL},
	{"d", NULL, NULL},
	{"a/b", "", NULL},
	{"..", "a", NULL},
	{".", "a", NULL},
	{"../x", "a", NULL},
	{"/", "", NULL},
	{"/..", "", NULL},
	{"/a/../b", "", NULL},
	{"/a/../../b", "", NULL},
	{"//a", "", NULL},
	{"/a//b", "", NULL},
	{"/a/", "", NULL},
	{"/a/.", "", NULL},
	{"/./a", "", NULL},
};

START_TEST(a_redirect_is_a_clean_place_in_the_source)
{
	char place[PATH_TEXT_MAX];
	int r = workspace_redirect_decode(
		rows[_i].value, strlen(rows[_i].value), rows[_i].parent, place);

	if (!rows[_i].place) {
		ck_assert_int_eq(r, -EINVAL);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(place, rows[_i].place);
}
END_TEST

START_TEST(nul_bytes_and_long_ones_are_refused)
{
	char place[PATH_TEXT_MAX], value[PATH_TEXT_MAX + 1];

	ck_assert_int_eq(workspace_redirect_decode("/a\0b", 4, "", place), -EINVAL);
	memset(value, 'a', sizeof(value));
	value[0] = '/';
	ck_assert_int_eq(workspace_redirect_decode(value, PATH_TEXT_MAX - 1, "", place), 0);
	ck_assert_int_eq(workspace_redirect_decode(value, PATH_TEXT_MAX, "", place), -EINVAL);
	value[PATH_TEXT_MAX - 2] = '\0'; /* with "/" and "/aa" one byte too long */
	ck_assert_int_eq(workspace_redirect_decode("aa", 2, value + 1, place), -EINVAL);
}
END_TEST

Suite *suite_workspace_redirect(void)
{
	Suite *s = suite_create("workspace_redirect");
	TCase *tc = tcase_create("workspace_redirect");

	tcase_add_loop_test(tc, a_redirect_is_a_clean_place_in_the_source, 0, COUNT(rows));
	tcase_add_test(tc, nul_bytes_and_long_ones_are_refused);
	suite_add_tcase(s, tc);
	return s;
}
