/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/duration.h"

#include <check.h>
#include <errno.h>

Suite *suite_duration(void);

START_TEST(durations_are_read_as_go_reads_them)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} cases[] = {
		/* clang-format off */
		{"1ms", 1},
		{"30s", 30000},
		{"10m", 600000},
		{"1h30m", 5400000},
		{"1h1m1s1ms", 3661001},
		{"1.5s", 1500},
		{"0.25h", 900000},
		{"1s500ms", 1500},
		{"0h1s", 1000},
		{"007s", 7000},
		{"1.00000000000000000000001s", 1000},
		{"250us", 1},
		{"1500\xc2\xb5s", 2},
		{"1ns", 1},
		{"2562047h", 9223369200000},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ms = 0;

		ck_assert_msg(duration_from_text(cases[i].text, &ms) == 0, "%s", cases[i].text);
		ck_assert_msg(
			ms == cases[i].ms, "%s: %llu ms", cases[i].text, (unsigned long long)ms);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const none[] = {"", "0", "0s", "0h0m0s", "5", "s", "-1s", "+1s", " 1s",
		"1s ", "1 s", "1d", "1S", "1.s", ".5s", "1..5s", "1e3s", "0x1s", "1h2", "1mss",
		"0.4.1s"};
	static const char *const too_long[] = {"2562048h", "9223372037s",
		"99999999999999999999999999s", "18446744073709551615h", "18446744073709551616ns"};
	uint64_t ms = 77;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(duration_from_text(none[i], &ms) == -EINVAL, "%s", none[i]);
	for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++)
		ck_assert_msg(duration_from_text(too_long[i], &ms) == -ERANGE, "%s", too_long[i]);
	ck_assert_uint_eq(ms, 77);
}
END_TEST

Suite *suite_duration(void)
{
	Suite *suite = suite_create("duration");
	TCase *tcase = tcase_create("duration");

	tcase_add_test(tcase, durations_are_read_as_go_reads_them);
	tcase_add_test(tcase, what_is_no_duration_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
