/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/escape.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_escape(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *bytes;
	const char *name;
	const char *line; /* NULL: the same */
} escaped[] = {
	{"", "", NULL}, {"a b.c", "a b.c", NULL},
	{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", NULL},
	{"\xf0\x9f\x90\x9a", "\xf0\x9f\x90\x9a", NULL}, {"a\nb", "a\\x0ab", NULL},
	{"\x1b]0;x\a", "\\x1b]0;x\\x07", NULL}, {"a\tb", "a\\x09b", "a\tb"},
	{"a\\x0ab", "a\\\\x0ab", "a\\x0ab"}, {"\x7f", "\\x7f", NULL},
	{"\xc2\x9b", "\\xc2\\x9b", NULL}, /* CSI of C1 */
	{"\xe2\x80\xae", "\\xe2\\x80\\xae", NULL}, /* right-to-left override */
	{"\xe2\x81\xa6", "\\xe2\\x81\\xa6", NULL}, /* isolate */
	{"\xd8\x9c", "\\xd8\\x9c", NULL}, /* Arabic letter mark */
	{"\xe2\x80\x8b", "\\xe2\\x80\\x8b", NULL}, /* zero width */
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf", NULL},
	{"\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81", NULL}, /* a tag */
	{"\xff", "\\xff", NULL}, {"\xc3", "\\xc3", NULL}, /* cut */
	{"\xc0\xaf", "\\xc0\\xaf", NULL}, /* overlong */
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", NULL}, /* a surrogate */
};

START_TEST(what_is_not_seen_is_escaped)
{
	const size_t n = strlen(escaped[_i].bytes);
	char *name = escape_name(escaped[_i].bytes, n);
	char *line = escape_line(escaped[_i].bytes, n);

	ck_assert_str_eq(name, escaped[_i].name);
	ck_assert_str_eq(line, escaped[_i].line ? escaped[_i].line : escaped[_i].name);
	free(name);
	free(line);
}
END_TEST

START_TEST(a_line_may_hold_nul)
{
	char *line = escape_line("a\0b", 3);

	ck_assert_str_eq(line, "a\\x00b");
	free(line);
}
END_TEST

Suite *suite_escape(void)
{
	Suite *s = suite_create("escape");
	TCase *tc = tcase_create("escape");

	tcase_add_loop_test(tc, what_is_not_seen_is_escaped, 0, COUNT(escaped));
	tcase_add_test(tc, a_line_may_hold_nul);
	suite_add_tcase(s, tc);
	return s;
}
