/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_trace.h"
#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include <string.h>

Suite *suite_seccomp_trace(void);

static struct arena *arena;

static void set_up(void)
{
	arena = arena_new(1 << 20);
	ck_assert_ptr_nonnull(arena);
}

static void tear_down(void)
{
	arena_free(arena);
}

static const uint64_t arguments[] = {0, 1, 2, 16, 38, 0x5412, 0x10000000, UINT64_MAX};

/* Calls EACH with many calls of two machines, existing or not. */
static void for_calls(void (*each)(const struct seccomp_own *own, const struct seccomp_data *data))
{
	static const uint32_t archs[] = {0xc000003e /* x86_64 */, 0x40000003 /* i386 */};

	for (const struct seccomp_own *own = seccomp_own_built; own->profile; own++) {
		for (unsigned i = 0; i < 2 * 600 * N(arguments); i++) {
			const uint64_t a = arguments[i % N(arguments)];
			const struct seccomp_data data = {.nr = (int)(i / N(arguments) % 600),
				.arch = archs[i / N(arguments) / 600],
				.args = {a, a, a, a, a, a}};

			each(own, &data);
		}
	}
}

static void check_verdict(const struct seccomp_own *own, const struct seccomp_data *data)
{
	ck_assert_uint_eq(seccomp_trace_verdict(own->filter, own->n, data),
		run_filter(own->filter, own->n, data));
}

START_TEST(the_answer_is_the_verdict_of_the_filter)
{
	for_calls(check_verdict);
}
END_TEST

/* As the kernel finds out which calls it need not ask a filter about. */
static void check_constant(const struct seccomp_own *own, const struct seccomp_data *data)
{
	uint32_t constant;

	if (seccomp_trace_constant(own->filter, own->n, data->arch, data->nr, &constant))
		ck_assert_uint_eq(constant, run_filter(own->filter, own->n, data));
}

START_TEST(a_constant_answer_holds_for_all_arguments)
{
	const struct seccomp_own *own = seccomp_own_built;
	uint32_t verdict;

	for_calls(check_constant);
#ifdef __x86_64__
	ck_assert(seccomp_trace_constant(own->filter, own->n, 0xc000003e, 0, &verdict));
	ck_assert_uint_eq(verdict, SECCOMP_RET_ALLOW);
	ck_assert(!seccomp_trace_constant(own->filter, own->n, 0xc000003e, 41, &verdict));
#else
	(void)own;
	(void)verdict;
#endif
}
END_TEST

static void check_traced(const struct seccomp_own *own, const struct seccomp_data *data)
{
	static const struct seccomp_own *last;
	static struct seccomp_own traced;
	uint32_t before = seccomp_trace_verdict(own->filter, own->n, data), after;
	struct nacre_error err;

	if (own != last)
		ck_assert_int_eq(seccomp_trace_program(arena, own, &traced, &err), 0);
	last = own;
	after = seccomp_trace_verdict(traced.filter, traced.n, data);
	if (before == SECCOMP_RET_ALLOW)
		ck_assert_uint_eq(after, SECCOMP_RET_ALLOW);
	else
		ck_assert_uint_eq(after, SECCOMP_RET_USER_NOTIF);
}

START_TEST(what_was_refused_is_asked_and_nothing_else)
{
	for_calls(check_traced);
}
END_TEST

/* What stands in a file of counts: it must name one row, in this version and in any other. */
START_TEST(a_rule_has_a_number_of_its_own_that_finds_it)
{
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		const int number = seccomp_rule_number(rule);

		ck_assert_int_ge(number, 1000);
		ck_assert_int_le(number, 99999);
		ck_assert_msg(!strcmp(seccomp_denial_reason(number), rule->why), "%s: %s",
			rule->calls, seccomp_denial_reason(number));
	}
}
END_TEST

START_TEST(the_number_of_a_rule_stays_when_its_reason_is_worded_anew)
{
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		struct filter_rule reworded = *rule;

		reworded.why = "other words";
		ck_assert_int_eq(seccomp_rule_number(&reworded), seccomp_rule_number(rule));
	}
}
END_TEST

START_TEST(a_number_of_another_version_is_said_to_be_one)
{
	static const int others[] = {0, 12, 999, 100000};

	for (size_t i = 0; i < N(others); i++)
		ck_assert_ptr_nonnull(strstr(seccomp_denial_reason(others[i]), "another version"));
	ck_assert_ptr_nonnull(strstr(seccomp_denial_reason(-1), "not in nacre's list"));
}
END_TEST

Suite *suite_seccomp_trace(void)
{
	Suite *suite = suite_create("seccomp_trace");
	TCase *tcase = tcase_create("seccomp_trace");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_constant_answer_holds_for_all_arguments);
	tcase_add_test(tcase, the_answer_is_the_verdict_of_the_filter);
	tcase_add_test(tcase, what_was_refused_is_asked_and_nothing_else);
	tcase_add_test(tcase, a_rule_has_a_number_of_its_own_that_finds_it);
	tcase_add_test(tcase, the_number_of_a_rule_stays_when_its_reason_is_worded_anew);
	tcase_add_test(tcase, a_number_of_another_version_is_said_to_be_one);
	suite_add_tcase(suite, tcase);
	return suite;
}
