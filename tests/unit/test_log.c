/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_log(void);

static struct log log_;
static struct nacre_error error;
static char path[] = "/tmp/nacre-test-log.XXXXXX";
static char text[32 * 1024];

static void setup(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	log_.fd = -1;
}

static void teardown(void)
{
	log_close(&log_);
	ck_assert_int_eq(unlink(path), 0);
}

static void open_log(const char *format, const char *level)
{
	ck_assert_int_eq(log_open(&log_, path, format, level, &error), 0);
}

/* What the log holds. An error's copy on stderr is let go to /dev/null. */
static const char *logged(enum log_level level, const char *line)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_ge(dup2(null, STDERR_FILENO), 0);
	log_line(&log_, level, line);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	ck_assert_int_eq(close(fd) | close(saved) | close(null), 0);
	return text;
}

static void ck_begins(const char *whole, const char *start)
{
	ck_assert_msg(strncmp(whole, start, strlen(start)) == 0, "%s does not begin with %s", whole,
		start);
}

START_TEST(a_json_line_has_level_text_and_time)
{
	int year, month, day, hour, minute, second, micro, end = 0;

	open_log("json", NULL);
	ck_begins(logged(LOG_ERROR, "it failed"),
		"{\"level\":\"error\",\"msg\":\"it failed\",\"time\":\"");
	ck_assert_int_eq(
		sscanf(strstr(text, "\"time\""), "\"time\":\"%4d-%2d-%2dT%2d:%2d:%2d.%6dZ\"}\n%n",
			&year, &month, &day, &hour, &minute, &second, &micro, &end),
		7);
	ck_assert_int_gt(end, 0);
	ck_assert_int_gt(year, 2000);
}
END_TEST

START_TEST(a_text_line_has_time_level_and_text)
{
	open_log("text", NULL);
	ck_begins(logged(LOG_WARNING, "hm"), "time=\"");
	ck_assert_ptr_nonnull(strstr(text, "\" level=warning msg=\"hm\"\n"));
}
END_TEST

START_TEST(no_byte_ends_the_quotes_or_acts_on_a_terminal)
{
	static const struct {
		const char *raw, *json, *quoted;
	} cases[] = {
		/* clang-format off */
		{"\"", "\\\"", "\\\""},
		{"\\", "\\\\", "\\\\"},
		{"a\nb", "a\\nb", "a\\nb"},
		{"\x1b[31m", "\\u001b[31m", "\\x1b[31m"},
		{"\x7f", "\\u007f", "\\x7f"},
		{"\xc2\x9b", "\\ufffd\\ufffd", "\\xc2\\x9b"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9a", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9a", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9a"},
		{"\xff", "\\ufffd", "\\xff"},
		{"\xc3", "\\ufffd", "\\xc3"},
		{"\xc0\xaf", "\\ufffd\\ufffd", "\\xc0\\xaf"},
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd", "\\xed\\xa0\\x80"},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[128];

		for (int json = 0; json <= 1; json++) {
			ck_assert_int_eq(truncate(path, 0), 0);
			open_log(json ? "json" : "text", NULL);
			(void)snprintf(expected, sizeof(expected),
				json ? "\"msg\":\"%s\",\"time\"" : " msg=\"%s\"\n",
				json ? cases[i].json : cases[i].quoted);
			(void)logged(LOG_ERROR, cases[i].raw);
			ck_assert_msg(
				strstr(text, expected) != NULL, "%s is not in %s", expected, text);
			log_close(&log_);
		}
	}
}
END_TEST

START_TEST(lines_are_appended)
{
	open_log("text", NULL);
	(void)logged(LOG_ERROR, "first");
	log_close(&log_);
	open_log("text", NULL);
	(void)logged(LOG_ERROR, "second");
	ck_assert_ptr_nonnull(strstr(text, "first\"\n"));
	ck_assert_ptr_nonnull(strstr(text, "second\"\n"));
}
END_TEST

START_TEST(a_level_hides_what_matters_less)
{
	open_log("text", "error");
	ck_assert_str_eq(logged(LOG_WARNING, "x"), "");
	log_close(&log_);
	open_log("text", NULL);
	ck_assert_str_eq(logged(LOG_DEBUG, "x"), "");
	ck_assert_str_eq(logged(LOG_INFO, "x"), "");
	ck_assert_str_ne(logged(LOG_WARNING, "x"), "");
	log_close(&log_);
	ck_assert_int_eq(truncate(path, 0), 0);
	open_log("text", "debug");
	ck_assert_str_ne(logged(LOG_DEBUG, "x"), "");
}
END_TEST

START_TEST(a_text_of_any_length_makes_one_whole_line)
{
	static char endless[64 * 1024];

	(void)memset(endless, 1, sizeof(endless) - 1);
	open_log("json", NULL);
	(void)logged(LOG_ERROR, endless);
	ck_assert_uint_lt(strlen(text), sizeof(text) - 1);
	ck_assert_str_eq(text + strlen(text) - 4, "Z\"}\n");
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_is_named)
{
	ck_assert_int_eq(log_open(&log_, "/proc/self/none/log", "text", NULL, &error), -ENOENT);
	ck_assert_str_eq(error.text, "--log: open /proc/self/none/log: No such file or directory");
}
END_TEST

Suite *suite_log(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_json_line_has_level_text_and_time);
	tcase_add_test(tcase, a_text_line_has_time_level_and_text);
	tcase_add_test(tcase, no_byte_ends_the_quotes_or_acts_on_a_terminal);
	tcase_add_test(tcase, lines_are_appended);
	tcase_add_test(tcase, a_level_hides_what_matters_less);
	tcase_add_test(tcase, a_text_of_any_length_makes_one_whole_line);
	tcase_add_test(tcase, a_log_that_cannot_be_opened_is_named);
	suite_add_tcase(suite, tcase);
	return suite;
}
