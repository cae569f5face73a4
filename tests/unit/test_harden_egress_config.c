/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_egress_config(void);

/* Rules that config.json has, under the profiles without any of their own: whoever wrote them, an
 * earlier hardening or somebody by hand. */

static const char *const profiles_without[] = {"oci", "nested", "agent"};

static struct oci_config *with_rules(const char *process)
{
	static const char *rules[] = {"10.0.0.0/8"};
	struct oci_config *config = tight("", process, "", LIMITED);

	config->nacre->egress = (struct oci_strings){rules, 1};
	config->nacre->egress_best_effort = false;
	config->nacre->seccomp_filter = NULL;
	return config;
}

START_TEST(they_have_a_filter_of_sockets)
{
	const char *profile_name = profiles_without[_i];
	struct oci_config *got = must(apply(with_rules(""), profile_name, "")).config;

	ck_assert_str_eq(got->nacre->seccomp_filter,
		strcmp(profile_name, "oci") != 0 ? profile_name : "sockets");
	ck_assert_str_eq(joined(&got->nacre->egress), "10.0.0.0/8");
	ck_assert(!got->nacre->egress_best_effort);
	ck_assert(oci_config_equal(got, must(apply(got, profile_name, "")).config));
}
END_TEST

START_TEST(what_goes_past_them_is_refused)
{
	struct oci_config *config = with_rules(
		",\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\"]}");
	struct result result = apply(config, profiles_without[_i], "cap:CAP_NET_RAW");

	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_ptr_nonnull(strstr(result.err.text, "--cap-drop NET_RAW"));
	config = with_rules("");
	oci_find_namespace(config, "pid")->type = "time";
	result = apply(config, profiles_without[_i], "host-pid");
	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_ptr_nonnull(strstr(result.err.text, "{\"type\": \"pid\"}"));
}
END_TEST

Suite *suite_harden_egress_config(void)
{
	Suite *suite = suite_create("harden_egress_config");
	TCase *tcase = tcase_create("harden_egress_config");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tcase, they_have_a_filter_of_sockets, 0, COUNT(profiles_without));
	tcase_add_loop_test(tcase, what_goes_past_them_is_refused, 0, COUNT(profiles_without));
	suite_add_tcase(suite, tcase);
	return suite;
}
