/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/annotations.h"

#include "tests/unit/config_fixture.h"

#include <errno.h>
#include <stdio.h>

static int read_one(const char *key, const char *value, struct run_annotations *ret)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		"{\"ociVersion\":\"1.3.0\",\"annotations\":{\"%s\":\"%s\"}}", key, value);
	return annotations_read(decode(text), ret, &err);
}

START_TEST(an_empty_value_is_not_an_absent_one)
{
	struct run_annotations none, read;

	ck_assert_int_eq(read_one("other", "", &none), 0);
	ck_assert(!none.keep_groups && !none.seccomp_fail_unknown && !none.no_criu_config);
	ck_assert(!none.criu_config && !none.delegate_cgroup);

	ck_assert_int_eq(read_one("run.oci.keep_original_groups", "", &read), 0);
	ck_assert(read.keep_groups);
	ck_assert_int_eq(read_one("run.oci.seccomp_fail_unknown_syscall", "", &read), 0);
	ck_assert(read.seccomp_fail_unknown);
	ck_assert_int_eq(read_one("org.criu.config", "", &read), 0);
	ck_assert(read.no_criu_config && !read.criu_config);
	ck_assert_int_eq(read_one("run.oci.delegate-cgroup", "", &read), 0);
	ck_assert_ptr_null(read.delegate_cgroup);
	ck_assert_int_eq(read_one("run.oci.hooks.stdout", "", &read), -EINVAL);
	ck_assert_int_eq(read_one("run.oci.hooks.stderr", "", &read), -EINVAL);
	ck_assert_int_eq(read_one("run.oci.seccomp.receiver", "", &read), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "\"\" is not an absolute path"));
}
END_TEST

START_TEST(zero_turns_off)
{
	struct run_annotations read;

	ck_assert_int_eq(read_one("run.oci.keep_original_groups", "0", &read), 0);
	ck_assert(!read.keep_groups);
	ck_assert_int_eq(read_one("run.oci.seccomp_fail_unknown_syscall", "0", &read), 0);
	ck_assert(!read.seccomp_fail_unknown);
}
END_TEST

Suite *suite_annotations(void);

Suite *suite_annotations(void)
{
	Suite *suite = suite_create("annotations");
	TCase *tcase = tcase_create("annotations");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, an_empty_value_is_not_an_absent_one);
	tcase_add_test(tcase, zero_turns_off);
	suite_add_tcase(suite, tcase);
	return suite;
}
