/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include <stdlib.h>
#include <string.h>

Suite *suite_harden_filter(void);

/* nacre's own seccomp filter and Landlock: what stands of them in the tightened config. */

static const struct oci_hardened *hardened(const struct result *result)
{
	ck_assert_ptr_nonnull(result->config->nacre);
	return result->config->nacre;
}

#define BIND(words) \
	",{\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"/s\",\"options\":[" words "]}"

/* A config with this in "nacre". */
static struct oci_config *with(const char *members)
{
	struct oci_config *config = tight("", "", "", LIMITED);

	config->nacre->seccomp_filter = NULL;
	config->nacre->landlock = NULL;
	if (*members)
		config->nacre->seccomp_filter = members;
	return config;
}

START_TEST(each_profile_has_its_filter_and_a_config_may_only_ask_for_a_tighter_one)
{
	static const struct {
		const char *given, *profile, *wanted;
	} cases[] = {
		{"", "agent", "agent"},
		{"", "nested", "nested"},
		{"", "strict", "strict"},
		{"nested", "agent", "agent"},
		{"agent", "agent", "agent"},
		{"strict", "agent", "strict"},
		{"agent", "nested", "agent"},
		{"agent", "oci", "agent"},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct result result = must(apply(with(cases[i].given), cases[i].profile, ""));

		ck_assert_str_eq(hardened(&result)->seccomp_filter, cases[i].wanted);
	}
	ck_assert_ptr_null(must(apply(with(""), "oci", "")).config->nacre->seccomp_filter);
}
END_TEST

START_TEST(grants_of_the_filter_are_kept_with_it_and_reported)
{
	const char *grants = "syscall:bpf socket:AF_VSOCK abi:x86";
	struct result result = must(apply(with(""), "agent", grants));
	const struct oci_strings *kept = &hardened(&result)->seccomp_grants;

	ck_assert_uint_eq(kept->n, 3);
	ck_assert_str_eq(kept->items[0], "syscall:bpf");
	ck_assert_str_eq(kept->items[1], "socket:AF_VSOCK");
	ck_assert_str_eq(kept->items[2], "abi:x86");
	ck_assert_uint_eq(result.report->granted.n, 3);
}
END_TEST

START_TEST(a_grant_of_the_filter_is_used_where_the_filter_refuses)
{
	static const struct {
		const char *profile, *grant;
		bool used;
	} rows[] = {
		{"agent", "syscall:msgget", false},
		{"strict", "syscall:msgget", true},
		{"nested", "syscall:unshare", false},
		{"agent", "syscall:unshare", true},
		{"nested", "socket:AF_VSOCK", true},
		{"strict", "abi:x86", true},
	};

	for (int i = 0; i < COUNT(rows); i++) {
		struct result result = must(apply(with(""), rows[i].profile, rows[i].grant));

		ck_assert_msg(result.report->granted.n == rows[i].used, "%s", rows[i].grant);
		ck_assert_uint_eq(hardened(&result)->seccomp_grants.n, rows[i].used);
	}
}
END_TEST

START_TEST(a_config_grants_itself_nothing)
{
	const char *words[] = {"syscall:bpf", "socket:AF_ALG"};
	struct oci_config *config = with("agent");
	struct result result;

	config->nacre->seccomp_grants = (struct oci_strings){words, 2};
	result = must(apply(config, "agent", ""));
	ck_assert_uint_eq(hardened(&result)->seccomp_grants.n, 0);
	result = must(apply(config, "agent", "syscall:bpf syscall:setns"));
	ck_assert_uint_eq(hardened(&result)->seccomp_grants.n, 1);
	ck_assert_str_eq(hardened(&result)->seccomp_grants.items[0], "syscall:bpf");
	/* Without a filter of its own what it says of grants counts for nothing at all. */
	config->nacre->seccomp_filter = NULL;
	result = must(apply(config, "agent", ""));
	ck_assert_uint_eq(hardened(&result)->seccomp_grants.n, 0);
}
END_TEST

START_TEST(a_required_filter_takes_no_grants)
{
	const char *grants[] = {"syscall:bpf"}, *rules[] = {"own-seccomp-filter"};
	const char *by[] = {"command line"};
	struct harden_request request = {.profile = "agent",
		.grants = {grants, 1},
		.granted_by = by,
		.require = {rules, 1},
		.host = {.memory_bytes = 16 * GIB}};
	struct harden_report *report;
	struct oci_config *config;
	struct nacre_error err;

	ck_assert_int_eq(harden(arena, with(""), &request, &config, &report, &err), 0);
	ck_assert_uint_eq(config->nacre->seccomp_grants.n, 0);
	rules[0] = "landlock";
	request.profile = "strict";
	ck_assert_int_eq(harden(arena, with(""), &request, &config, &report, &err), 0);
	ck_assert_str_eq(config->nacre->landlock, "required");
	/* Required once, it stays so. */
	request.require.n = 0;
	ck_assert_int_eq(harden(arena, config, &request, &config, &report, &err), 0);
	ck_assert_str_eq(config->nacre->landlock, "required");
	/* A sandbox asks for less than strict. */
	config->nacre->landlock = "files";
	ck_assert_int_eq(harden(arena, config, &request, &config, &report, &err), 0);
	ck_assert_str_eq(config->nacre->landlock, "best-effort");
}
END_TEST

/* Also where all mounts are read-only: stdout may be a file of the host. S4. */
START_TEST(setuid_files_are_refused_whatever_the_mounts_are)
{
	static const char *const mounts[] = {
		"",
		",{\"destination\":\"/a\",\"type\":\"tmpfs\"}",
		BIND("\"rbind\",\"rro\",\"rprivate\""),
		BIND("\"rbind\""),
	};

	for (int i = 0; i < COUNT(mounts); i++) {
		struct oci_config *config = tight(mounts[i], "", "", LIMITED);
		struct result result;

		config->nacre->no_setuid_files = false;
		result = must(apply(config, "agent", ""));
		ck_assert_msg(hardened(&result)->no_setuid_files, "%s", mounts[i]);
		result = must(apply(config, "strict", ""));
		ck_assert(hardened(&result)->no_setuid_files);
		result = must(apply(config, "agent", "setuid-files"));
		ck_assert(!hardened(&result)->no_setuid_files);
		result = must(apply(config, "nested", ""));
		ck_assert(!hardened(&result)->no_setuid_files);
	}
}
END_TEST

START_TEST(landlock_is_of_strict_alone)
{
	ck_assert_ptr_null(must(apply(with(""), "agent", "")).config->nacre->landlock);
	ck_assert_ptr_null(must(apply(with(""), "nested", "")).config->nacre->landlock);
	ck_assert_str_eq(
		must(apply(with(""), "strict", "")).config->nacre->landlock, "best-effort");
}
END_TEST

Suite *suite_harden_filter(void)
{
	Suite *suite = suite_create("harden_filter");
	TCase *tcase = tcase_create("harden_filter");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(
		tcase, each_profile_has_its_filter_and_a_config_may_only_ask_for_a_tighter_one);
	tcase_add_test(tcase, grants_of_the_filter_are_kept_with_it_and_reported);
	tcase_add_test(tcase, a_grant_of_the_filter_is_used_where_the_filter_refuses);
	tcase_add_test(tcase, a_config_grants_itself_nothing);
	tcase_add_test(tcase, a_required_filter_takes_no_grants);
	tcase_add_test(tcase, setuid_files_are_refused_whatever_the_mounts_are);
	tcase_add_test(tcase, landlock_is_of_strict_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}
