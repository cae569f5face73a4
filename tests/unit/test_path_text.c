/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/path_text.h"

#include <check.h>
#include <errno.h>
#include <string.h>

Suite *suite_path_text(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *path;
	const char *clean;
} cleaned[] = {
	{"/", "/"},
	{"", "/"},
	{"///", "/"},
	{"/a", "/a"},
	{"a", "/a"},
	{"a/b/", "/a/b"},
	{"//a/./b//.", "/a/b"},
	{"/a/../b", "/b"},
	{"/a/b/../../c", "/c"},
	{"/../../a", "/a"},
	{"/a/..", "/"},
	{"/a/../..", "/"},
	{"..", "/"},
	{".", "/"},
	{"/...", "/..."},
	{"/..a/.b/a..", "/..a/.b/a.."},
};

START_TEST(a_path_is_cleaned_as_text)
{
	char clean[PATH_TEXT_MAX];

	ck_assert_int_eq(path_clean(cleaned[_i].path, clean), 0);
	ck_assert_str_eq(clean, cleaned[_i].clean);
	ck_assert_int_eq(path_clean(cleaned[_i].clean, clean), 0);
	ck_assert_str_eq(clean, cleaned[_i].clean);
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_an_error)
{
	char path[PATH_TEXT_MAX + 1], clean[PATH_TEXT_MAX];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[PATH_TEXT_MAX - 1] = '\0';
	ck_assert_int_eq(path_clean(path, clean), 0);
	ck_assert_str_eq(clean, path);
	path[PATH_TEXT_MAX - 1] = 'a';
	path[PATH_TEXT_MAX] = '\0';
	ck_assert_int_eq(path_clean(path, clean), -ENAMETOOLONG);
	/* The slash in front of a relative path needs room as well. */
	ck_assert_int_eq(path_clean(path + 1, clean), -ENAMETOOLONG);
	/* What counts is the result. */
	path[1] = '/';
	ck_assert_int_eq(path_clean(path, clean), 0);
}
END_TEST

START_TEST(climbing_is_seen_at_every_step)
{
	ck_assert(path_climbs(".."));
	ck_assert(path_climbs("a/../.."));
	ck_assert(path_climbs("./../a"));
	ck_assert(path_climbs("a/../../a/b/c"));
	ck_assert(!path_climbs(""));
	ck_assert(!path_climbs("a/.."));
	ck_assert(!path_climbs("a/b/../../c/.."));
	ck_assert(!path_climbs("..a/..."));
}
END_TEST

START_TEST(within_goes_by_components)
{
	ck_assert(path_within("/proc", "/proc"));
	ck_assert(path_within("/proc/a", "/proc"));
	ck_assert(path_within("/proc", "/"));
	ck_assert(!path_within("/process", "/proc"));
	ck_assert(!path_within("/pro", "/proc"));
	ck_assert(!path_within("/", "/proc"));
}
END_TEST

Suite *suite_path_text(void)
{
	Suite *suite = suite_create("path_text");
	TCase *tcase = tcase_create("path_text");

	tcase_add_loop_test(tcase, a_path_is_cleaned_as_text, 0, COUNT(cleaned));
	tcase_add_test(tcase, a_path_that_does_not_fit_is_an_error);
	tcase_add_test(tcase, climbing_is_seen_at_every_step);
	tcase_add_test(tcase, within_goes_by_components);
	suite_add_tcase(suite, tcase);
	return suite;
}
