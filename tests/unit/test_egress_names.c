/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress_names.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <string.h>

#include "specs/relay_denials.h"
#include "tests/unit/egress_fixture.h"

Suite *suite_egress_names(void);

START_TEST(a_name_has_one_address_however_many_rules_it_has)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(arena, "10.0.0.0/8", "a.example", "*.b.example",
		"tcp:c.example:22", "tcp:a.example:22", "d.example");

	ck_assert_uint_eq(egress_names_address(&policy, "a.example"), EGRESS_FIRST_NAME);
	ck_assert_uint_eq(egress_names_address(&policy, "c.example"), EGRESS_FIRST_NAME + 1);
	ck_assert_uint_eq(egress_names_address(&policy, "d.example"), EGRESS_FIRST_NAME + 2);
	ck_assert_uint_eq(egress_names_address(&policy, "x.b.example"), 0);
	ck_assert_uint_eq(egress_names_address(&policy, "e.example"), 0);
	ck_assert_str_eq(egress_names_at(&policy, EGRESS_FIRST_NAME), "a.example");
	ck_assert_str_eq(egress_names_at(&policy, EGRESS_FIRST_NAME + 2), "d.example");
	ck_assert_ptr_null(egress_names_at(&policy, EGRESS_FIRST_NAME + 3));
	ck_assert_ptr_null(egress_names_at(&policy, 0));
	ck_assert_ptr_null(egress_names_at(&policy, EGRESS_RESOLVER));
	ck_assert(egress_names_any(&policy));
}
END_TEST

START_TEST(an_address_never_means_another_name)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy first = PARSE(arena, "a.example", "b.example", "c.example");
	struct egress_policy next = PARSE(arena, "d.example", "c.example", "*.e.example");
	struct egress_policy wrong = PARSE(arena, "d.example");
	static const char *lines[] = {"a\nrule open"}, *upper[] = {"A.example"};
	struct oci_strings many = {.items = arena_array(arena, EGRESS_NAMES_MAX, sizeof(char *))};
	struct nacre_error err;

	ck_assert_int_eq(egress_names_assign(arena, &first.names, &next, &err), 0);
	ck_assert_str_eq(egress_names_at(&next, EGRESS_FIRST_NAME), "a.example");
	ck_assert(!egress_names_allow(&next, "a.example"));
	ck_assert_uint_eq(egress_names_address(&next, "c.example"), EGRESS_FIRST_NAME + 2);
	ck_assert_uint_eq(egress_names_address(&next, "d.example"), EGRESS_FIRST_NAME + 3);
	ck_assert_ptr_null(egress_names_at(&next, EGRESS_FIRST_NAME + 4));
	ck_assert_int_eq(
		egress_names_assign(arena, &(struct oci_strings){lines, 1}, &wrong, &err), -EINVAL);
	ck_assert_int_eq(
		egress_names_assign(arena, &(struct oci_strings){upper, 1}, &wrong, &err), -EINVAL);
	for (; many.n < EGRESS_NAMES_MAX; many.n++)
		many.items[many.n] = arena_printf(arena, "n%zu.example", many.n);
	ck_assert_int_eq(egress_names_assign(arena, &many, &wrong, &err), -E2BIG);
	many.n--;
	ck_assert_int_eq(egress_names_assign(arena, &many, &wrong, &err), 0);
	ck_assert_uint_eq(egress_names_address(&wrong, "d.example"),
		EGRESS_FIRST_NAME + EGRESS_NAMES_MAX - 1);
}
END_TEST

START_TEST(a_port_is_allowed_by_any_rule_of_the_name)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(
		arena, "a.example:80,8000-8002", "*.example:443", "tcp:a.example:22");
	uint16_t ports[EGRESS_NAME_PORTS_MAX + 1];

	ck_assert(egress_names_allow(&policy, "a.example"));
	ck_assert(egress_names_allow(&policy, "b.c.example"));
	ck_assert(!egress_names_allow(&policy, "example"));
	ck_assert(!egress_names_allow(&policy, ""));
	ck_assert(egress_names_allow_port(&policy, "a.example", 8001, false));
	ck_assert(egress_names_allow_port(&policy, "a.example", 443, false));
	ck_assert(!egress_names_allow_port(&policy, "b.example", 80, false));
	ck_assert(egress_names_allow_port(&policy, "a.example", 22, true));
	ck_assert(egress_names_allow_port(&policy, "a.example", 22, false));
	ck_assert(!egress_names_allow_port(&policy, "a.example", 443, true));
	ck_assert_uint_eq(egress_names_ports(&policy, ports), 6);
}
END_TEST

START_TEST(without_names_there_is_nothing_to_relay)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy none = PARSE(arena, "none"), open = PARSE(arena, "open"),
				   address = PARSE(arena, "1.1.1.1:53");

	ck_assert(!egress_names_any(&none) && !egress_names_any(&open) &&
		  !egress_names_any(&address));
}
END_TEST

static bool allows(
	const struct egress_policy *policy, bool metadata, bool unchecked, const char *text)
{
	struct egress_answer answer = {.v6 = strchr(text, ':')};

	ck_assert_int_eq(inet_pton(answer.v6 ? AF_INET6 : AF_INET, text, answer.address), 1);
	return egress_names_allow_answer(policy, metadata, "a.example", 443, unchecked, &answer);
}

static const struct {
	const char *address;
	bool by_default, with_private, with_metadata;
} answers[] = {
	{"11.1.1.1", true, true, true},
	{"2606:4700::1111", true, true, true},
	{"::ffff:11.1.1.1", true, true, true},
	{"64:ff9b::b01:101", true, true, true},
	{"10.1.1.1", false, true, false},
	{"192.168.1.1", false, true, false},
	{"172.17.0.2", false, true, false},
	{"100.64.0.1", false, true, false},
	{"fd00::1", false, true, false},
	{"::ffff:10.1.1.1", false, true, false},
	{"64:ff9b::a01:101", false, true, false},
	{"2002:a01:101::", false, true, false},
	{"127.0.0.1", false, false, false},
	{"127.9.9.9", false, false, false},
	{"0.0.0.0", false, false, false},
	{"0.1.2.3", false, false, false},
	{"::1", false, false, false},
	{"::", false, false, false},
	{"::ffff:127.0.0.1", false, false, false},
	{"64:ff9b::7f00:1", false, false, false},
	{"2002:7f00:1::1", false, false, false},
	{"169.254.1.1", false, false, false},
	{"fe80::1", false, false, false},
	{"198.18.0.16", false, false, false},
	{"198.19.255.255", false, false, false},
	{"224.0.0.1", false, false, false},
	{"255.255.255.255", false, false, false},
	{"ff02::1", false, false, false},
	{"169.254.169.254", false, false, true},
	{"::ffff:169.254.169.254", false, false, true},
	{"168.63.129.16", false, false, true},
	{"fd00:ec2::254", false, false, true},
};

START_TEST(answers_lead_to_other_machines_of_the_internet)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy plain = PARSE(arena, "a.example"),
				   private = PARSE(arena, "private", "a.example");

	ck_assert_int_eq(allows(&plain, false, false, answers[_i].address), answers[_i].by_default);
	ck_assert_int_eq(
		allows(&private, false, false, answers[_i].address), answers[_i].with_private);
	ck_assert_int_eq(
		allows(&plain, true, false, answers[_i].address), answers[_i].with_metadata);
}
END_TEST

START_TEST(answers_lie_in_the_networks_of_the_rule)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(
		arena, "a.example@10.1.0.0/16,11.0.0.0/8", "b.example");

	ck_assert(allows(&policy, false, false, "10.1.2.3"));
	ck_assert(allows(&policy, false, false, "11.1.1.1"));
	ck_assert(!allows(&policy, false, false, "10.2.2.3"));
	ck_assert(!allows(&policy, false, false, "12.1.1.1"));
	ck_assert(!allows(&policy, false, true, "11.1.1.1"));
}
END_TEST

/* A container can outlive the nacre that created it: the line stays what it is. */
START_TEST(a_denial_reads_as_it_was_written)
{
	const struct relay_denial denial = {
		.count = 1234567890123, .port = 443, .reason = "other-sni", .name = "x_1.example"};
	char line[RELAY_DENIAL_LINE];
	struct relay_denial back;

	relay_denial_write(&denial, line);
	ck_assert_int_eq(line[RELAY_DENIAL_LINE - 1], '\n');
	ck_assert(relay_denial_read(line, &back));
	ck_assert_uint_eq(back.count, denial.count);
	ck_assert_uint_eq(back.port, 443);
	ck_assert_str_eq(back.reason, "other-sni");
	ck_assert_str_eq(back.name, "x_1.example");
	line[40] = '\033';
	ck_assert(!relay_denial_read(line, &back));
	memset(line, 0, sizeof(line));
	ck_assert(!relay_denial_read(line, &back));
}
END_TEST

START_TEST(each_reason_has_words)
{
	ck_assert_str_eq(relay_denial_words("port"), "no egress rule allows this port of the name");
	ck_assert_str_eq(relay_denial_words("of-a-later-version"), "of-a-later-version");
}
END_TEST

Suite *suite_egress_names(void)
{
	Suite *suite = suite_create("egress_names");
	TCase *tcase = tcase_create("egress_names");

	tcase_add_test(tcase, a_name_has_one_address_however_many_rules_it_has);
	tcase_add_test(tcase, an_address_never_means_another_name);
	tcase_add_test(tcase, a_port_is_allowed_by_any_rule_of_the_name);
	tcase_add_test(tcase, without_names_there_is_nothing_to_relay);
	tcase_add_loop_test(tcase, answers_lead_to_other_machines_of_the_internet, 0,
		(int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(tcase, answers_lie_in_the_networks_of_the_rule);
	tcase_add_test(tcase, a_denial_reads_as_it_was_written);
	tcase_add_test(tcase, each_reason_has_words);
	suite_add_tcase(suite, tcase);
	return suite;
}
