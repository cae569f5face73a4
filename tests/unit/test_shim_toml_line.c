/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "shim/toml_line.h"

Suite *suite_shim_toml_line(void);

static const struct {
	const char *line, *key, *value;
} pairs[] = {
	{"SystemdCgroup = true", "SystemdCgroup", "true"},
	{"  Root=\"/run/a b\"  # a comment", "Root", "/run/a b"},
	{"Root = '/run/a\\b'", "Root", "/run/a\\b"},
	{"Root = \"/run/\\\"a\\\\\"", "Root", "/run/\"a\\"},
	{"Root = \"it's\"", "Root", "it's"},
	{"BinaryName = \"\"", "BinaryName", ""},
	{"\"IoUid\" = 0\r", "IoUid", "0"},
	{"a = 1#b", "a", "1"},
};

static const char *const others[] = {
	"[table]",
	"a",
	"a =",
	"= 1",
	"a = \"",
	"a = 'b",
	"a = \"\\",
	"a = \"\\n\"",
	"a = b c",
	"a = \"b\" c",
	"a = [1]",
	"a = {}",
	"a = \"\"\"",
};

START_TEST(a_pair_is_read)
{
	const char *key = NULL, *value = NULL;
	char line[64];

	(void)snprintf(line, sizeof(line), "%s", pairs[_i].line);
	ck_assert_int_eq(toml_line_read(line, &key, &value), 1);
	ck_assert_str_eq(key, pairs[_i].key);
	ck_assert_str_eq(value, pairs[_i].value);
}
END_TEST

START_TEST(what_is_no_pair_is_refused)
{
	const char *key, *value;
	char line[64];

	(void)snprintf(line, sizeof(line), "%s", others[_i]);
	ck_assert_int_eq(toml_line_read(line, &key, &value), -1);
}
END_TEST

START_TEST(a_comment_says_nothing)
{
	const char *key, *value;
	char blank[] = " \t", comment[] = "  # a = 1";

	ck_assert_int_eq(toml_line_read(blank, &key, &value), 0);
	ck_assert_int_eq(toml_line_read(comment, &key, &value), 0);
}
END_TEST

Suite *suite_shim_toml_line(void)
{
	Suite *suite = suite_create("shim_toml_line");
	TCase *tests = tcase_create("lines");

	tcase_add_loop_test(tests, a_pair_is_read, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_loop_test(
		tests, what_is_no_pair_is_refused, 0, sizeof(others) / sizeof(others[0]));
	tcase_add_test(tests, a_comment_says_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
