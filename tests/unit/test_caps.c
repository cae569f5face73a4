/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/caps.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))
#define LIST(...)                                                                    \
	{                                                                            \
		(const char *[]){__VA_ARGS__},                                       \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *) \
	}

static struct nacre_error err;

struct warnings {
	int n;
	char text[8][200];
};

static void note(void *data, const char *text)
{
	struct warnings *warnings = data;

	ck_assert_int_lt(warnings->n, 8);
	strncpy(warnings->text[warnings->n++], text, 199);
}

/* A caller without privilege holds every capability in a user namespace of its own. */
static void setup(void)
{
	if (geteuid() != 0)
		ck_assert_msg(unshare(CLONE_NEWUSER) == 0, "user namespaces are not allowed");
}

static struct capability_sets parse(
	const struct oci_capabilities *capabilities, struct warnings *warnings)
{
	struct capability_sets sets;

	*warnings = (struct warnings){0};
	memset(&sets, 0xff, sizeof(sets));
	ck_assert_msg(caps_parse(capabilities, &sets, note, warnings, &err) == 0, "%s", err.text);
	return sets;
}

START_TEST(each_name_of_this_kernel_is_listed_once_in_order)
{
	cleanup_arena struct arena *arena = arena_new(1 << 16);
	const char *names[64];
	size_t n = caps_names(arena, names);

	ck_assert_uint_ge(n, 41);
	ck_assert_str_eq(names[0], "CAP_CHOWN");
	ck_assert_str_eq(names[12], "CAP_NET_ADMIN");
	ck_assert_str_eq(names[40], "CAP_CHECKPOINT_RESTORE");
}
END_TEST

START_TEST(no_capabilities_object_means_none)
{
	struct warnings warnings;
	struct capability_sets sets = parse(NULL, &warnings);

	ck_assert_uint_eq(
		sets.bounding | sets.effective | sets.inheritable | sets.permitted | sets.ambient,
		0);
	ck_assert_int_eq(warnings.n, 0);
}
END_TEST

START_TEST(each_list_becomes_its_own_mask)
{
	const struct oci_capabilities capabilities = {
		.bounding = LIST("CAP_CHOWN", "CAP_KILL", "CAP_SETFCAP"),
		.effective = LIST("CAP_KILL"),
		.inheritable = LIST("CAP_CHOWN"),
		.permitted = LIST("CAP_KILL", "CAP_CHOWN"),
	};
	struct warnings warnings;
	struct capability_sets sets = parse(&capabilities, &warnings);

	ck_assert_uint_eq(sets.bounding, BIT(0) | BIT(5) | BIT(31));
	ck_assert_uint_eq(sets.effective, BIT(5));
	ck_assert_uint_eq(sets.inheritable, BIT(0));
	ck_assert_uint_eq(sets.permitted, BIT(0) | BIT(5));
	ck_assert_uint_eq(sets.ambient, 0);
	ck_assert_int_eq(warnings.n, 0);
}
END_TEST

START_TEST(a_name_is_taken_in_any_case)
{
	const struct oci_capabilities capabilities = {.bounding = LIST("cap_kill")};
	struct warnings warnings;

	ck_assert_uint_eq(parse(&capabilities, &warnings).bounding, BIT(5));
}
END_TEST

START_TEST(what_is_not_exactly_a_name_is_left_out_with_a_warning)
{
	static const char *const wrong[] = {"KILL", "5", "CAP_KILL,CAP_CHOWN", "CAP_KILL+ep", "",
		"CAP_", " CAP_KILL", "CAP_KILL ", "CAP_41", "all"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct oci_capabilities capabilities = {.bounding = LIST(wrong[i])};
		struct warnings warnings;

		ck_assert_uint_eq(parse(&capabilities, &warnings).bounding, 0);
		ck_assert_int_eq(warnings.n, 1);
	}
}
END_TEST

START_TEST(an_unknown_name_is_reported_once_over_all_lists)
{
	const struct oci_capabilities capabilities = {
		.bounding = LIST("CAP_NONSENSE", "CAP_OTHER", "CAP_NONSENSE"),
		.effective = LIST("cap_nonsense"),
		.permitted = LIST("CAP_NONSENSE", "CAP_KILL"),
	};
	struct warnings warnings;
	struct capability_sets sets = parse(&capabilities, &warnings);

	ck_assert_uint_eq(sets.permitted, BIT(5));
	ck_assert_int_eq(warnings.n, 2);
	ck_assert_str_eq(warnings.text[0], "capability CAP_NONSENSE is unknown: left out");
	ck_assert_str_eq(warnings.text[1], "capability CAP_OTHER is unknown: left out");
}
END_TEST

START_TEST(an_unknown_name_is_reported_with_the_nearest)
{
	const struct oci_capabilities capabilities = {.bounding = LIST("NET_RAW", "CAP_KLIL")};
	struct warnings warnings;

	(void)parse(&capabilities, &warnings);
	ck_assert_int_eq(warnings.n, 2);
	ck_assert_str_eq(warnings.text[0],
		"capability NET_RAW is unknown (did you mean CAP_NET_RAW?): left out");
	ck_assert_str_eq(warnings.text[1],
		"capability CAP_KLIL is unknown (did you mean CAP_KILL?): left out");
}
END_TEST

START_TEST(a_capability_that_the_caller_lacks_is_left_out)
{
	const struct oci_capabilities capabilities = {
		.bounding = LIST("CAP_KILL", "CAP_CHOWN"),
		.permitted = LIST("CAP_KILL"),
	};
	cap_t own = cap_get_proc();
	const cap_value_t kill_cap = CAP_KILL;
	struct warnings warnings;
	struct capability_sets sets;

	ck_assert_int_eq(cap_set_flag(own, CAP_PERMITTED, 1, &kill_cap, CAP_CLEAR), 0);
	ck_assert_int_eq(cap_set_flag(own, CAP_EFFECTIVE, 1, &kill_cap, CAP_CLEAR), 0);
	ck_assert_int_eq(cap_set_proc(own), 0);
	(void)cap_free(own);
	sets = parse(&capabilities, &warnings);
	ck_assert_uint_eq(sets.bounding, BIT(0));
	ck_assert_uint_eq(sets.permitted, 0);
	ck_assert_int_eq(warnings.n, 1);
	ck_assert_ptr_nonnull(strstr(warnings.text[0], "CAP_KILL"));
}
END_TEST

START_TEST(ambient_is_cut_to_what_is_inheritable_and_permitted)
{
	const struct oci_capabilities capabilities = {
		.inheritable = LIST("CAP_KILL", "CAP_CHOWN"),
		.permitted = LIST("CAP_KILL", "CAP_SETUID"),
		.ambient = LIST("CAP_KILL", "CAP_CHOWN", "CAP_SETUID"),
	};
	struct warnings warnings;

	ck_assert_uint_eq(parse(&capabilities, &warnings).ambient, BIT(5));
	ck_assert_int_eq(warnings.n, 1);
	ck_assert_str_eq(warnings.text[0],
		"can't raise ambient capability CAP_CHOWN CAP_SETUID: not both inheritable and "
		"permitted");
}
END_TEST

START_TEST(an_effective_capability_that_is_not_permitted_is_an_error)
{
	const struct oci_capabilities capabilities = {
		.effective = LIST("CAP_CHOWN", "CAP_KILL"),
		.permitted = LIST("CAP_CHOWN"),
	};
	struct capability_sets sets;

	ck_assert_int_eq(caps_parse(&capabilities, &sets, NULL, NULL, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.capabilities.effective: CAP_KILL is not in "
				   "process.capabilities.permitted");
}
END_TEST

Suite *suite_caps(void);

Suite *suite_caps(void)
{
	Suite *suite = suite_create("caps");
	TCase *tcase = tcase_create("caps");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, each_name_of_this_kernel_is_listed_once_in_order);
	tcase_add_test(tcase, no_capabilities_object_means_none);
	tcase_add_test(tcase, each_list_becomes_its_own_mask);
	tcase_add_test(tcase, a_name_is_taken_in_any_case);
	tcase_add_test(tcase, what_is_not_exactly_a_name_is_left_out_with_a_warning);
	tcase_add_test(tcase, an_unknown_name_is_reported_once_over_all_lists);
	tcase_add_test(tcase, an_unknown_name_is_reported_with_the_nearest);
	tcase_add_test(tcase, a_capability_that_the_caller_lacks_is_left_out);
	tcase_add_test(tcase, ambient_is_cut_to_what_is_inheritable_and_permitted);
	tcase_add_test(tcase, an_effective_capability_that_is_not_permitted_is_an_error);
	suite_add_tcase(suite, tcase);
	return suite;
}
