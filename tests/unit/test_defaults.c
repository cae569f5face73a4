/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/defaults.h"

#include "specs/validate.h"
#include "tests/data_files.h"

#include <errno.h>

Suite *suite_defaults(void);

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

static struct oci_config *make(enum default_kind kind)
{
	struct oci_config *config = NULL;

	ck_assert_int_eq(oci_default_config(arena, kind, 1000, 100, &config, &err), 0);
	return config;
}

static void expect_file(const struct oci_config *config, const char *file)
{
	char *text = NULL;

	ck_assert_int_eq(oci_config_encode(config, true, &text, &err), 0);
	data_expect(file, text);
	free(text);
}

START_TEST(the_default_is_the_file_in_the_tests)
{
	expect_file(make(DEFAULT_ROOT), "spec.json");
}
END_TEST

START_TEST(the_rootless_default_is_the_file_in_the_tests)
{
	expect_file(make(DEFAULT_ROOTLESS), "spec-rootless.json");
}
END_TEST

START_TEST(both_are_valid)
{
	ck_assert_msg(oci_config_validate(make(DEFAULT_ROOT), &err) == 0, "%s", err.text);
	ck_assert_msg(oci_config_validate(make(DEFAULT_ROOTLESS), &err) == 0, "%s", err.text);
}
END_TEST

/* Once the names and what newer versions added are made the same, runc's own file must be equal. */
static void expect_runc(enum default_kind kind, const char *file)
{
	struct oci_config *ours = make(kind), *theirs = NULL;
	char *text = data_read(file, NULL);
	size_t n = 0;

	ck_assert_int_eq(oci_config_decode(arena, file, text, strlen(text), &theirs, &err), 0);
	theirs->oci_version = ours->oci_version;
	theirs->hostname = ours->hostname;
	theirs->process->capabilities->ambient.n = 0;
	for (size_t i = 0; i < theirs->linux_->n_uid_mappings; i++) {
		theirs->linux_->uid_mappings[i].host_id = 1000;
		theirs->linux_->gid_mappings[i].host_id = 100;
	}
	/* Here before the user namespace, there added last on a host with cgroup v2 only. */
	for (size_t i = 0; i < ours->linux_->n_namespaces; i++)
		if (strcmp(ours->linux_->namespaces[i].type, "cgroup") != 0)
			ours->linux_->namespaces[n++] = ours->linux_->namespaces[i];
	ck_assert_uint_eq(n, ours->linux_->n_namespaces - 1);
	ours->linux_->n_namespaces = n;
	n = 0;
	for (size_t i = 0; i < ours->linux_->masked_paths.n; i++)
		if (strcmp(ours->linux_->masked_paths.items[i], "/sys/devices/virtual/powercap") !=
			0)
			ours->linux_->masked_paths.items[n++] = ours->linux_->masked_paths.items[i];
	ck_assert_uint_eq(n, ours->linux_->masked_paths.n - 1);
	ours->linux_->masked_paths.n = n;
	ck_assert(oci_config_equal(ours, theirs));
	free(text);
}

START_TEST(it_is_what_runc_writes)
{
	expect_runc(DEFAULT_ROOT, "config/runc-spec.json");
	expect_runc(DEFAULT_ROOTLESS, "config/runc-spec-rootless.json");
}
END_TEST

START_TEST(each_call_gives_a_config_of_its_own)
{
	struct oci_config *first = make(DEFAULT_ROOT), *second = make(DEFAULT_ROOT);

	first->linux_->masked_paths.items[0] = "/changed";
	first->mounts[1].options.items[0] = "changed";
	first->process->args.items[0] = "changed";
	first->linux_->namespaces[0].type = "time";
	expect_file(second, "spec.json");
	expect_file(make(DEFAULT_ROOT), "spec.json");
}
END_TEST

START_TEST(lack_of_memory_is_reported)
{
	struct oci_config *config = NULL;
	size_t limit = 0;

	for (int r = -E2BIG; r < 0; limit += 16) {
		struct arena *small = arena_new(limit);

		r = oci_default_config(small, DEFAULT_ROOTLESS, 1, 1, &config, &err);
		ck_assert(r == 0 ? config != NULL : r == -E2BIG && !config);
		arena_free(small);
	}
	ck_assert_uint_gt(limit, 1000);
}
END_TEST

Suite *suite_defaults(void)
{
	Suite *suite = suite_create("defaults");
	TCase *tc = tcase_create("defaults");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_default_is_the_file_in_the_tests);
	tcase_add_test(tc, the_rootless_default_is_the_file_in_the_tests);
	tcase_add_test(tc, both_are_valid);
	tcase_add_test(tc, it_is_what_runc_writes);
	tcase_add_test(tc, each_call_gives_a_config_of_its_own);
	tcase_add_test(tc, lack_of_memory_is_reported);
	suite_add_tcase(suite, tc);
	return suite;
}
