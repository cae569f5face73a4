/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/colour.h"
#include "runtime/progress.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

Suite *suite_colour(void);

static const struct {
	const char *text, *expected;
} texts[] = {
	/* clang-format off */
	{"", ""},
	{"# /src\nA  new\nM  old\n", "# /src\n\033[32mA  new\033[0m\n\033[33mM  old\033[0m\n"},
	{"!  x  (why)\n2 changes", "\033[1;31m!  x  (why)\033[0m\n2 changes"},
	{"@@ 1 @@\n same\n+more\n-less\n", "\033[36m@@ 1 @@\033[0m\n same\n\033[32m+more\033[0m\n\033[31m-less\033[0m\n"},
	{"All\n\n", "All\n\n"},
	/* clang-format on */
};

START_TEST(lines_of_changes_have_a_colour)
{
	char *text = colour_changes(texts[_i].text);

	ck_assert_str_eq(text, texts[_i].expected);
	free(text);
}
END_TEST

START_TEST(what_is_no_terminal_has_none)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert(!colour_is_wanted(fds[1]));
}
END_TEST

START_TEST(progress_is_written_ten_times_a_second)
{
	struct progress p = {.next = 500000000};
	unsigned written = 0;

	ck_assert(!progress_is_due(&p, 499999999));
	for (int64_t now = 500000000; now < 1500000000; now += 1000000)
		written += progress_is_due(&p, now);
	ck_assert_uint_eq(written, 10);
}
END_TEST

Suite *suite_colour(void)
{
	Suite *suite = suite_create("colour");
	TCase *tcase = tcase_create("colour");

	tcase_add_loop_test(
		tcase, lines_of_changes_have_a_colour, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, what_is_no_terminal_has_none);
	tcase_add_test(tcase, progress_is_written_ten_times_a_second);
	suite_add_tcase(suite, tcase);
	return suite;
}
