/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim/logger_uri.h"

Suite *suite_shim_logger_uri(void);

/* The words that URI is read to, each in brackets. */
static const char *words_of(const char *uri)
{
	static char text[512];
	struct logger_uri read;
	const int r = logger_uri_read(uri, &read);

	(void)snprintf(text, sizeof(text), "%s", r < 0 ? strerror(-r) : "");
	for (size_t i = 0; r == 0 && read.words[i]; i++)
		(void)snprintf(
			text + strlen(text), sizeof(text) - strlen(text), "[%s]", read.words[i]);
	logger_uri_free(&read);
	return text;
}

START_TEST(words_are_those_of_containerd)
{
	const struct {
		const char *uri, *words;
	} rows[] = {
		{"file:///var/log/a", "[/var/log/a]"},
		{"file:///var/a%20b+c?max=1#x", "[/var/a b+c]"},
		{"binary:///bin/log", "[/bin/log]"},
		{"binary:///bin/log?", "[/bin/log]"},
		{"binary:///bin/log?a=b&c&d=", "[/bin/log][a][b][c][][d][]"},
		{"binary:///bin/log?a=b=c&&e=%26%3d+%2B", "[/bin/log][a][b=c][e][&= +]"},
		{"binary:///bin/log?a=1&a=2&b=3#f", "[/bin/log][a][1][b][3]"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(words_of(rows[i].uri), rows[i].words);
}
END_TEST

START_TEST(what_is_no_logger_is_refused)
{
	const char *const rows[] = {"", "/fifo", "file://", "file://relative/a", "file:/a",
		"binary://log", "fifo:///a", "file:///a%", "file:///a%2", "file:///a%00b",
		"binary:///log?a=%zz", "binary:///log?%00=1"};
	char many[512] = "binary:///log?";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_str_eq(words_of(rows[i]), strerror(EINVAL));
	for (int i = 0; i < 11; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "k%d=v&", i);
	ck_assert_ptr_nonnull(strstr(words_of(many), "[k10][v]"));
	(void)strcat(many, "k11");
	ck_assert_str_eq(words_of(many), strerror(E2BIG));
}
END_TEST

Suite *suite_shim_logger_uri(void)
{
	Suite *suite = suite_create("shim_logger_uri");
	TCase *tests = tcase_create("words");

	tcase_add_test(tests, words_are_those_of_containerd);
	tcase_add_test(tests, what_is_no_logger_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}
