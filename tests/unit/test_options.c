/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/options.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_options(void);

struct target {
	const char *bundle;
	const char *format;
	const char *const *env;
	unsigned fds, most;
	bool detach;
	bool hidden;
	bool no_new_privs;
	const char *label;
	struct option_setting *limits;
};

static const struct option_row first_rows[] = {
	/* clang-format off */
	{"bundle", 'b', OPTION_TEXT, offsetof(struct target, bundle), "DIR", "the bundle"},
	{"env", 'e', OPTION_LIST, offsetof(struct target, env), "NAME=VALUE", "the environment"},
	{"detach", 'd', OPTION_FLAG, offsetof(struct target, detach), NULL, "do not wait"},
	{NULL},
	/* clang-format on */
};

static const struct option_row second_rows[] = {
	/* clang-format off */
	{"format", 'f', OPTION_WORD, offsetof(struct target, format), "table|json", "how to print"},
	{"preserve-fds", 0, OPTION_COUNT, offsetof(struct target, fds), "N", "how many"},
	{"most", 0, OPTION_POSITIVE, offsetof(struct target, most), "N", NULL},
	{"no-subreaper", 0, OPTION_FLAG, offsetof(struct target, hidden), NULL, NULL},
	{NULL},
	/* clang-format on */
};

#define LIMITS offsetof(struct target, limits)
static const struct option_row third_rows[] = {
	/* clang-format off */
	{"memory", 'm', OPTION_SIZE, LIMITS, "BYTES", NULL, "memory.limit"},
	{"pids", 0, OPTION_NUMBER, LIMITS, "N", NULL, "pids.limit"},
	{"cpus", 0, OPTION_NUMBERS, LIMITS, "LIST", NULL, "cpu.cpus"},
	{"label", 0, OPTION_TEXT, offsetof(struct target, label), "LABEL", NULL, "label"},
	{"no-new-privs", 0, OPTION_FLAG, offsetof(struct target, no_new_privs), NULL, NULL, "noNewPrivileges"},
	{NULL},
	/* clang-format on */
};

static const struct option_row *const tables[OPTION_TABLES_MAX] = {
	first_rows, second_rows, third_rows};

static struct target target;
static const char *const *operands;
static struct nacre_error error;

static void setup(void)
{
	target = (struct target){0};
	operands = NULL;
	error = (struct nacre_error){0};
}

static void teardown(void)
{
	options_release(tables, &target);
	free((void *)operands);
}

#define PARSE(...)                                                                                 \
	options_parse(tables, &target, (const char *const[]){__VA_ARGS__, NULL}, false, &operands, \
		&error)
#define PARSE_IN_ORDER(...)                                                                       \
	options_parse(tables, &target, (const char *const[]){__VA_ARGS__, NULL}, true, &operands, \
		&error)

#define ck_refused(call, expected)                      \
	do {                                            \
		ck_assert_int_eq(call, -EINVAL);        \
		ck_assert_str_eq(error.text, expected); \
		ck_assert_ptr_null(operands);           \
	} while (0)

START_TEST(a_value_stands_in_the_same_or_in_the_next_argument)
{
	static const char *const forms[][3] = {
		{"--bundle=/b", NULL},
		{"--bundle", "/b", NULL},
		{"-bundle=/b", NULL},
		{"-bundle", "/b", NULL},
		{"-b", "/b", NULL},
		{"-b=/b", NULL},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		teardown();
		setup();
		ck_assert_int_eq(
			options_parse(tables, &target, forms[i], false, &operands, &error), 0);
		ck_assert_str_eq(target.bundle, "/b");
		ck_assert_ptr_null(operands[0]);
	}
}
END_TEST

START_TEST(a_value_may_hold_an_equals_sign_or_begin_with_a_dash)
{
	ck_assert_int_eq(PARSE("--bundle=a=b", "--format=json", "-e", "-x=1"), 0);
	ck_assert_str_eq(target.bundle, "a=b");
	ck_assert_str_eq(target.env[0], "-x=1");
}
END_TEST

START_TEST(options_stand_on_both_sides_of_the_operands)
{
	ck_assert_int_eq(PARSE("-d", "one", "--bundle", "/b", "two"), 0);
	ck_assert(target.detach);
	ck_assert_str_eq(target.bundle, "/b");
	ck_assert_str_eq(operands[0], "one");
	ck_assert_str_eq(operands[1], "two");
	ck_assert_ptr_null(operands[2]);
}
END_TEST

START_TEST(the_first_operand_ends_the_options_of_an_in_order_command)
{
	ck_assert_int_eq(PARSE_IN_ORDER("-d", "id", "ls", "-e", "--", "--unknown"), 0);
	ck_assert(target.detach);
	ck_assert_ptr_null(target.env);
	ck_assert_str_eq(operands[0], "id");
	ck_assert_str_eq(operands[1], "ls");
	ck_assert_str_eq(operands[2], "-e");
	ck_assert_str_eq(operands[3], "--");
	ck_assert_str_eq(operands[4], "--unknown");
	ck_assert_ptr_null(operands[5]);
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	ck_assert_int_eq(PARSE("--", "-d", "--", "--bundle"), 0);
	ck_assert(!target.detach);
	ck_assert_str_eq(operands[0], "-d");
	ck_assert_str_eq(operands[1], "--");
	ck_assert_str_eq(operands[2], "--bundle");
	ck_assert_ptr_null(operands[3]);
}
END_TEST

START_TEST(a_single_dash_is_an_operand)
{
	ck_assert_int_eq(PARSE("-"), 0);
	ck_assert_str_eq(operands[0], "-");
}
END_TEST

START_TEST(settings_share_a_list_and_the_last_of_each_counts)
{
	ck_assert_int_eq(PARSE("--pids", "1", "-m", "2g", "--pids=-1", "--cpus=0-3"), 0);
	ck_assert_ptr_eq(target.limits[0].row, &third_rows[1]);
	ck_assert_str_eq(target.limits[0].value, "-1");
	ck_assert_ptr_eq(target.limits[1].row, &third_rows[0]);
	ck_assert_str_eq(target.limits[1].value, "2g");
	ck_assert_ptr_eq(target.limits[2].row, &third_rows[2]);
	ck_assert_str_eq(target.limits[2].value, "0-3");
	ck_assert_ptr_null(target.limits[3].row);
}
END_TEST

static const struct {
	const char *given;
	const char *refused; /* NULL: none */
} beside_a_file[] = {
	/* clang-format off */
	{"-m=1", "memory"},
	{"--pids=1", "pids"},
	{"--cpus=1", "cpus"},
	{"--label=x", "label"},
	{"--no-new-privs", "no-new-privs"},
	{"--no-new-privs=false", NULL},
	{"--bundle=/b", NULL}, /* has no field */
	/* clang-format on */
};

START_TEST(an_option_with_a_field_cannot_stand_beside_a_file)
{
	const char *refused = beside_a_file[_i].refused;
	char expected[100];

	(void)snprintf(expected, sizeof(expected),
		"--file f: --%s cannot be given beside it: put it into the file", refused);
	ck_assert_int_eq(PARSE("-d", beside_a_file[_i].given), 0);
	ck_assert_int_eq(options_refuse_fields(first_rows, &target, "file", "f", &error), 0);
	ck_assert_int_eq(options_refuse_fields(third_rows, &target, "file", "f", &error),
		refused ? -EINVAL : 0);
	ck_assert_str_eq(error.text, refused ? expected : "");
}
END_TEST

START_TEST(the_last_of_a_repeated_option_wins)
{
	ck_assert_int_eq(PARSE("-b", "/1", "-d", "--bundle=/2", "--detach=false"), 0);
	ck_assert_str_eq(target.bundle, "/2");
	ck_assert(!target.detach);
}
END_TEST

START_TEST(a_repeated_list_option_appends)
{
	ck_assert_int_eq(PARSE("-e", "A=1", "--env=B=2,C", "id", "-e=D"), 0);
	ck_assert_str_eq(target.env[0], "A=1");
	ck_assert_str_eq(target.env[1], "B=2,C");
	ck_assert_str_eq(target.env[2], "D");
	ck_assert_ptr_null(target.env[3]);
}
END_TEST

START_TEST(a_flag_takes_true_and_false_and_nothing_else)
{
	ck_assert_int_eq(PARSE("--detach=true", "-no-subreaper"), 0);
	ck_assert(target.detach);
	ck_assert(target.hidden);
	free((void *)operands);
	operands = NULL;
	ck_refused(PARSE("--detach=1"), "--detach: expected true or false, found \"1\"");
}
END_TEST

START_TEST(a_flag_does_not_take_the_next_argument)
{
	ck_assert_int_eq(PARSE("--detach", "false"), 0);
	ck_assert(target.detach);
	ck_assert_str_eq(operands[0], "false");
}
END_TEST

START_TEST(a_count_is_digits_within_bounds)
{
	static const char *const bad[] = {"-1", "+1", " 1", "1 ", "0x1", "1k", "1048577",
		"4294967297", "18446744073709551617"};

	ck_assert_int_eq(PARSE("--preserve-fds=1048576"), 0);
	ck_assert_uint_eq(target.fds, 1048576);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		free((void *)operands);
		operands = NULL;
		ck_assert_int_eq(PARSE("--preserve-fds", bad[i]), -EINVAL);
		ck_assert_ptr_nonnull(strstr(error.text, bad[i]));
		ck_assert_uint_eq(target.fds, 1048576);
	}
}
END_TEST

/* A zero would be the same as no option, and an earlier value would stay. */
START_TEST(zero_is_refused_where_it_stands_for_none)
{
	ck_refused(
		PARSE("--most", "0"), "--most: expected a number from 1 to 1048576, found \"0\"");
	ck_refused(PARSE("--most=1k"), "--most: expected a number from 1 to 1048576, found \"1k\"");
	ck_assert_int_eq(PARSE("--most", "1", "--preserve-fds=0"), 0);
	ck_assert_uint_eq(target.most, 1);
	ck_assert_uint_eq(target.fds, 0);
}
END_TEST

START_TEST(a_word_is_one_of_those_listed)
{
	static const char *const bad[] = {"yaml", "tabl", "tables", "table|json", "|", "JSON"};

	ck_assert_int_eq(PARSE("-f", "json"), 0);
	ck_assert_str_eq(target.format, "json");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		free((void *)operands);
		operands = NULL;
		ck_assert_int_eq(PARSE("--format", bad[i]), -EINVAL);
		ck_assert_ptr_nonnull(strstr(error.text, "expected table|json"));
	}
}
END_TEST

START_TEST(an_unknown_option_is_named_without_its_value)
{
	ck_refused(PARSE("--bundel=/b"), "unknown option --bundel (did you mean --bundle?)");
	ck_refused(PARSE("-x"), "unknown option -x");
	ck_refused(PARSE("-db"), "unknown option -db");
	ck_refused(PARSE("--="), "unknown option --");
	ck_refused(PARSE("---bundle"), "unknown option ---bundle (did you mean --bundle?)");
	ck_refused(PARSE("--bund", "/b"), "unknown option --bund (did you mean --bundle?)");
}
END_TEST

START_TEST(a_missing_or_empty_value_is_refused)
{
	ck_refused(PARSE("id", "--bundle"), "--bundle needs a value: DIR");
	ck_refused(PARSE("--bundle="), "--bundle: the value is empty");
	ck_refused(PARSE("--bundle", ""), "--bundle: the value is empty");
}
END_TEST

START_TEST(the_help_lists_rows_with_a_help_text_only)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	ck_assert_ptr_nonnull(out);
	options_help(tables, out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, "  -b, --bundle DIR                the bundle\n"
			       "  -e, --env NAME=VALUE            the environment\n"
			       "  -d, --detach                    do not wait\n"
			       "  -f, --format table|json         how to print\n"
			       "      --preserve-fds N            how many\n");
	free(text);
}
END_TEST

Suite *suite_options(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_value_stands_in_the_same_or_in_the_next_argument);
	tcase_add_test(tcase, a_value_may_hold_an_equals_sign_or_begin_with_a_dash);
	tcase_add_test(tcase, options_stand_on_both_sides_of_the_operands);
	tcase_add_test(tcase, the_first_operand_ends_the_options_of_an_in_order_command);
	tcase_add_test(tcase, two_dashes_end_the_options);
	tcase_add_test(tcase, a_single_dash_is_an_operand);
	tcase_add_test(tcase, settings_share_a_list_and_the_last_of_each_counts);
	tcase_add_loop_test(tcase, an_option_with_a_field_cannot_stand_beside_a_file, 0,
		(int)(sizeof(beside_a_file) / sizeof(beside_a_file[0])));
	tcase_add_test(tcase, the_last_of_a_repeated_option_wins);
	tcase_add_test(tcase, a_repeated_list_option_appends);
	tcase_add_test(tcase, a_flag_takes_true_and_false_and_nothing_else);
	tcase_add_test(tcase, a_flag_does_not_take_the_next_argument);
	tcase_add_test(tcase, a_count_is_digits_within_bounds);
	tcase_add_test(tcase, zero_is_refused_where_it_stands_for_none);
	tcase_add_test(tcase, a_word_is_one_of_those_listed);
	tcase_add_test(tcase, an_unknown_option_is_named_without_its_value);
	tcase_add_test(tcase, a_missing_or_empty_value_is_refused);
	tcase_add_test(tcase, the_help_lists_rows_with_a_help_text_only);
	suite_add_tcase(suite, tcase);
	return suite;
}
