/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/features.h"

#include "tests/data_files.h"

#include <errno.h>

Suite *suite_features(void);

static struct arena *arena;
static struct nacre_error err;

static void set_up(void)
{
	arena = arena_new(1 << 20);
}

static void tear_down(void)
{
	arena_free(arena);
}

/* The file has every property, in our order, so that the text itself must come back. */
START_TEST(every_property_comes_back)
{
	char *given = data_read("features.json", NULL);
	struct oci_features *features = NULL;
	char *text = NULL;

	ck_assert_int_eq(oci_features_decode(arena, "f", given, strlen(given), &features, &err), 0);
	ck_assert_str_eq(features->oci_version_max, "1.3.0");
	ck_assert(!features->linux_->cgroup->v1.value);
	ck_assert(features->linux_->cgroup->v1.set);
	ck_assert(features->linux_->mount_extensions->idmap->enabled.value);
	ck_assert(features->linux_->intel_rdt->monitoring.set);
	ck_assert_str_eq(features->linux_->memory_policy->modes.items[0], "MPOL_DEFAULT");
	ck_assert_int_eq(oci_features_encode(features, &text, &err), 0);
	given[strlen(given) - 1] = '\0'; /* the newline at the end of the file */
	ck_assert_str_eq(text, given);
	free(given);
	free(text);
}
END_TEST

/* "Unknown" and "no" differ, for callers that only start a container where a feature is there. */
START_TEST(an_unknown_feature_is_not_written)
{
	struct oci_features_enabled unknown = {{false, false}}, no = {{true, false}};
	struct oci_features_linux lin = {.apparmor = &unknown, .selinux = &no};
	struct oci_features features = {
		.oci_version_min = "1.0.0", .oci_version_max = "1.3.0", .linux_ = &lin};
	char *text = NULL;

	ck_assert_int_eq(oci_features_encode(&features, &text, &err), 0);
	ck_assert_str_eq(text,
		"{\n\t\"ociVersionMin\": \"1.0.0\",\n\t\"ociVersionMax\": \"1.3.0\",\n"
		"\t\"linux\": {\n\t\t\"apparmor\": {},\n\t\t\"selinux\": {\n"
		"\t\t\t\"enabled\": false\n\t\t}\n\t}\n}");
	free(text);
}
END_TEST

START_TEST(a_document_without_a_version_is_refused)
{
	static const char text[] = "{\"ociVersionMin\":\"1.0.0\"}";
	struct oci_features *features = NULL;

	ck_assert_int_eq(
		oci_features_decode(arena, "f", text, strlen(text), &features, &err), -EINVAL);
	ck_assert_str_eq(err.text, "f:1: ociVersionMax: is required");
	ck_assert_ptr_null(features);
}
END_TEST

START_TEST(words_are_those_of_the_field_that_a_path_names)
{
	ck_assert_str_eq(oci_features_words("namespaces.type")[0], "pid");
	ck_assert_str_eq(oci_features_words("seccomp.syscalls.args.op")[0], "SCMP_CMP_NE");
	ck_assert_ptr_null(oci_features_words("cgroupsPath"));
	ck_assert_ptr_null(oci_features_words("seccomp"));
	ck_assert_ptr_null(oci_features_words("seccomp.syscalls.none"));
	ck_assert_ptr_null(oci_features_words("seccomp.defaultAction.none"));
	ck_assert_ptr_null(oci_features_words("seccomp.default"));
	ck_assert_ptr_null(oci_features_words(""));
}
END_TEST

Suite *suite_features(void)
{
	Suite *suite = suite_create("features");
	TCase *tc = tcase_create("features");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, every_property_comes_back);
	tcase_add_test(tc, an_unknown_feature_is_not_written);
	tcase_add_test(tc, a_document_without_a_version_is_refused);
	tcase_add_test(tc, words_are_those_of_the_field_that_a_path_names);
	suite_add_tcase(suite, tc);
	return suite;
}
