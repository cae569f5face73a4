/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/quantity.h"

#include <check.h>
#include <errno.h>

Suite *suite_quantity(void);

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

		ck_assert_msg(quantity_duration(cases[i].text, &ms) == 0, "%s", cases[i].text);
		ck_assert_msg(
			ms == cases[i].ms, "%s: %llu ms", cases[i].text, (unsigned long long)ms);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const none[] = {"", "0", "0s", "0h0m0s", "5", "s", "-1s", "+1s", " 1s",
		"1s ", "1 s", "1d", "1S", "1H", "1.s", ".5s", "1..5s", "1e3s", "0x1s", "1h2",
		"1mss", "0.4.1s"};
	static const char *const too_long[] = {"2562048h", "9223372037s",
		"99999999999999999999999999s", "18446744073709551615h", "18446744073709551616ns"};
	uint64_t ms = 77;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(quantity_duration(none[i], &ms) == -EINVAL, "%s", none[i]);
	for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++)
		ck_assert_msg(quantity_duration(too_long[i], &ms) == -ERANGE, "%s", too_long[i]);
	ck_assert_uint_eq(ms, 77);
}
END_TEST

START_TEST(sizes_are_powers_of_1024)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		/* clang-format off */
		{"0", 0},
		{"1048576", 1048576},
		{"12b", 12},
		{"1k", 1024},
		{"50M", 52428800},
		{"50mb", 52428800},
		{"50MiB", 52428800},
		{"1.5g", 1610612736},
		{"2T", 2199023255552},
		{"8191P", 8191ULL << 50},
		{"9223372036854775807", INT64_MAX},
		/* clang-format on */
	};
	static const char *const none[] = {
		"", "M", "-1", "+1", " 1", "1 M", "1MM", "1x", "1.M", "0x10", "1e3", "1M1k"};
	static const char *const too_much[] = {
		"8192P", "9223372036854775808", "99999999999999999T"};
	uint64_t bytes = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(quantity_size(cases[i].text, &bytes) == 0, "%s", cases[i].text);
		ck_assert_msg(bytes == cases[i].bytes, "%s: %llu", cases[i].text,
			(unsigned long long)bytes);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(quantity_size(none[i], &bytes) == -EINVAL, "%s", none[i]);
	for (size_t i = 0; i < sizeof(too_much) / sizeof(too_much[0]); i++)
		ck_assert_msg(quantity_size(too_much[i], &bytes) == -ERANGE, "%s", too_much[i]);
}
END_TEST

Suite *suite_quantity(void)
{
	Suite *suite = suite_create("quantity");
	TCase *tcase = tcase_create("quantity");

	tcase_add_test(tcase, durations_are_read_as_go_reads_them);
	tcase_add_test(tcase, sizes_are_powers_of_1024);
	tcase_add_test(tcase, what_is_no_duration_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
