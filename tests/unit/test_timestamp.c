/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/timestamp.h"

#include <check.h>
#include <stdio.h>
#include <time.h>

Suite *suite_timestamp(void);

START_TEST(every_day_is_what_libc_says)
{
	for (time_t day = 0; day < 366 * 500; day++) {
		struct timespec when = {.tv_sec = day * 86400 + day % 86400, .tv_nsec = 7};
		char text[TIMESTAMP_SIZE], expected[64], seconds[32];
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&when.tv_sec, &tm));
		strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected, sizeof(expected), "%s.000000007Z", seconds);
		timestamp_format(&when, text);
		ck_assert_str_eq(text, expected);
	}
}
END_TEST

Suite *suite_timestamp(void)
{
	Suite *suite = suite_create("timestamp");
	TCase *tcase = tcase_create("format");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_day_is_what_libc_says);
	suite_add_tcase(suite, tcase);
	return suite;
}
