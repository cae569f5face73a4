/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/config_fixture.h"

#include "tests/data_files.h"

#include <errno.h>

Suite *suite_config(void);

START_TEST(an_absent_list_of_seccomp_flags_is_not_an_empty_one)
{
	static const char absent[] = "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":{"
				     "\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}";
	static const char null[] = "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":{"
				   "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":null}}}";
	static const char empty[] = "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":{"
				    "\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]}}}";
	struct oci_config *a = decode(absent), *e = decode(empty);
	char *text = encode(e, false);

	ck_assert(!a->linux_->seccomp->has_flags);
	ck_assert(!decode(null)->linux_->seccomp->has_flags);
	ck_assert(e->linux_->seccomp->has_flags);
	ck_assert_uint_eq(e->linux_->seccomp->flags.n, 0);
	ck_assert(!oci_config_equal(a, e));
	ck_assert_str_eq(text, empty);
	free(text);
}
END_TEST

START_TEST(an_absent_environment_of_a_hook_is_not_an_empty_one)
{
	static const char absent[] = "{\"ociVersion\":\"1.3.0\",\"hooks\":{\"poststop\":[{"
				     "\"path\":\"/bin/true\"}]}}";
	static const char empty[] = "{\"ociVersion\":\"1.3.0\",\"hooks\":{\"poststop\":[{"
				    "\"path\":\"/bin/true\",\"env\":[]}]}}";
	struct oci_config *a = decode(absent), *e = decode(empty), *copy = NULL;
	char *text;

	ck_assert(!a->hooks->poststop.items[0].has_env);
	ck_assert(e->hooks->poststop.items[0].has_env);
	ck_assert(!oci_config_equal(a, e));
	/* As the poststop hook of a later `delete` finds it. */
	ck_assert_int_eq(oci_config_copy(arena, e, &copy, &err), 0);
	text = encode(copy, false);
	ck_assert_str_eq(text, empty);
	free(text);
	text = encode(a, false);
	ck_assert_str_eq(text, absent);
	free(text);
}
END_TEST

START_TEST(null_and_unknown_keys_are_passed_over)
{
	struct oci_config *config = decode("{\"ociVersion\":\"1.3.0\",\"hostname\":null,"
					   "\"process\":null,\"mounts\":null,\"vm\":{\"x\":[1]},"
					   "\"linux\":{\"resources\":{\"memory\":{\"limit\":null,"
					   "\"new\":1}},\"sysctl\":null}}");

	ck_assert_ptr_null(config->hostname);
	ck_assert_ptr_null(config->process);
	ck_assert_uint_eq(config->n_mounts, 0);
	ck_assert(!config->linux_->resources->memory->limit.set);
	ck_assert_uint_eq(config->linux_->sysctl.n, 0);
}
END_TEST

START_TEST(an_empty_string_is_an_absent_one)
{
	struct oci_config *config = decode("{\"ociVersion\":\"1.3.0\",\"hostname\":\"\",\"linux\":{"
					   "\"rootfsPropagation\":\"\",\"cgroupsPath\":\"\","
					   "\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}]},"
					   "\"annotations\":{\"k\":\"\"}}");

	ck_assert_ptr_null(config->hostname);
	ck_assert_ptr_null(config->linux_->rootfs_propagation);
	ck_assert_ptr_null(config->linux_->cgroups_path);
	ck_assert_ptr_null(config->linux_->namespaces[0].path);
	ck_assert_str_eq(config->annotations.items[0].value, "");
	config->hostname = "";
	ck_assert(oci_config_equal(config, decode("{\"ociVersion\":\"1.3.0\",\"linux\":{"
						  "\"namespaces\":[{\"type\":\"pid\"}]},"
						  "\"annotations\":{\"k\":\"\"}}")));
}
END_TEST

START_TEST(pids_without_a_limit_is_no_pids)
{
	struct oci_config *bare = decode("{\"ociVersion\":\"1.3.0\",\"linux\":{\"resources\":{"
					 "\"pids\":{}}}}");
	struct oci_config *null = decode("{\"ociVersion\":\"1.3.0\",\"linux\":{\"resources\":{"
					 "\"pids\":{\"limit\":null,\"new\":1}}}}");
	struct oci_config *zero = decode("{\"ociVersion\":\"1.3.0\",\"linux\":{\"resources\":{"
					 "\"pids\":{\"limit\":0}}}}");
	char *text = encode(zero, false);

	ck_assert_ptr_null(bare->linux_->resources->pids);
	ck_assert_ptr_null(null->linux_->resources->pids);
	ck_assert_int_eq(zero->linux_->resources->pids->limit, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"pids\":{\"limit\":0}"));
	free(text);
}
END_TEST

START_TEST(keyed_objects_become_arrays_that_know_their_keys)
{
	char *text = data_read("config/everything.json", NULL);
	struct oci_config *config = decode(text);
	struct oci_resources *resources = config->linux_->resources;

	ck_assert_uint_eq(config->linux_->n_net_devices, 2);
	ck_assert_str_eq(config->linux_->net_devices[0].host_name, "eth0");
	ck_assert_str_eq(config->linux_->net_devices[0].name, "container_eth0");
	ck_assert_str_eq(config->linux_->net_devices[1].host_name, "ens4");
	ck_assert_ptr_null(config->linux_->net_devices[1].name);
	ck_assert_uint_eq(resources->n_rdma, 2);
	ck_assert_str_eq(resources->rdma[1].device, "mlx4_0");
	ck_assert(!resources->rdma[1].hca_handles.set);
	ck_assert_uint_eq(resources->rdma[1].hca_objects.value, 1000);
	free(text);
}
END_TEST

START_TEST(the_order_of_maps_and_keyed_objects_does_not_count)
{
	ck_assert(oci_config_equal(
		decode("{\"ociVersion\":\"1.3.0\",\"annotations\":{\"a\":\"1\",\"b\":\"2\"},"
		       "\"linux\":{\"netDevices\":{\"e\":{\"name\":\"x\"},\"f\":{}}}}"),
		decode("{\"ociVersion\":\"1.3.0\",\"annotations\":{\"b\":\"2\",\"a\":\"1\"},"
		       "\"linux\":{\"netDevices\":{\"f\":{},\"e\":{\"name\":\"x\"}}}}")));
	ck_assert(!oci_config_equal(
		decode("{\"ociVersion\":\"1.3.0\",\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}"),
		decode("{\"ociVersion\":\"1.3.0\",\"annotations\":{\"b\":\"1\",\"a\":\"2\"}}")));
	ck_assert(!oci_config_equal(decode("{\"ociVersion\":\"1.3.0\",\"linux\":{\"netDevices\":{"
					   "\"e\":{\"name\":\"x\"},"
					   "\"f\":{}}}}"),
		decode("{\"ociVersion\":\"1.3.0\",\"linux\":{\"netDevices\":{\"f\":{\"name\":\"x\"}"
		       ","
		       "\"e\":{}}}}")));
}
END_TEST

START_TEST(numbers_keep_their_full_range)
{
	char *text = data_read("config/everything.json", NULL);
	struct oci_config *config = decode(text);
	struct oci_syscall_arg *arg = &config->linux_->seccomp->syscalls[1].args[0];

	ck_assert_uint_eq(arg->value, UINT64_MAX);
	ck_assert_uint_eq(arg->value_two, UINT64_C(9223372036854775808));
	ck_assert_uint_eq(config->process->rlimits[0].hard, UINT64_MAX);
	ck_assert_int_eq(config->process->scheduler->nice.value, -5);
	ck_assert_int_eq(config->linux_->time_offsets->monotonic->secs.value, -172800);
	ck_assert_int_eq(config->linux_->resources->memory->swap.value, -1);
	ck_assert_uint_eq(config->process->user.additional_gids[2], UINT32_MAX);
	free(text);
}
END_TEST

#define PART(file, json) \
	(&(struct oci_part){.name = (file), .text = (json), .length = strlen(json)})

START_TEST(a_process_alone_is_decoded)
{
	static const char text[] = "{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":7}}";
	struct oci_process *process = NULL, *copy = NULL;

	ck_assert_int_eq(oci_process_decode(arena, PART("p.json", text), &process, &err), 0);
	ck_assert_uint_eq(process->user.uid, 7);
	ck_assert_int_eq(oci_process_copy(arena, process, &copy, &err), 0);
	ck_assert(oci_process_equal(process, copy));
	copy->user.gid = 1;
	ck_assert(!oci_process_equal(process, copy));
	ck_assert_int_eq(
		oci_process_decode(arena, PART("p.json", "{\"cwd\":7}"), &process, &err), -EINVAL);
	ck_assert_str_eq(err.text, "p.json:1: cwd: expected a string, found 7");
}
END_TEST

START_TEST(resources_alone_are_decoded)
{
	static const char text[] = "{\"memory\":{\"limit\":5},\"pids\":{\"limit\":9}}";
	struct oci_resources *resources = NULL, *copy = NULL;

	ck_assert_int_eq(oci_resources_decode(arena, PART("-", text), &resources, &err), 0);
	ck_assert_int_eq(oci_resources_copy(arena, resources, &copy, &err), 0);
	ck_assert_ptr_ne(copy->memory, resources->memory);
	ck_assert_int_eq(copy->memory->limit.value, 5);
	ck_assert_int_eq(copy->pids->limit, 9);
}
END_TEST

/* As update.bats of runc has it. */
START_TEST(an_object_in_two_spellings_has_the_members_of_both)
{
	static const char text[] = "{\"cpu\":{\"shares\":100,\"quota\":500000},"
				   "\"pids\":{\"limit\":20},"
				   "\"CPU\":{\"Cpus\":\"0\",\"Mems\":\"0\"}}";
	struct oci_resources *resources = NULL;

	ck_assert_int_eq(oci_resources_decode(arena, PART("-", text), &resources, &err), 0);
	ck_assert_uint_eq(resources->cpu->shares.value, 100);
	ck_assert_int_eq(resources->cpu->quota.value, 500000);
	ck_assert_str_eq(resources->cpu->cpus, "0");
	ck_assert_str_eq(resources->cpu->mems, "0");
	ck_assert_int_eq(resources->pids->limit, 20);
}
END_TEST

START_TEST(a_copy_that_does_not_fit_is_an_error)
{
	char *text = data_read("config/everything.json", NULL);
	struct oci_config *config = decode(text), *copy = NULL;
	size_t limit = 0;

	for (int r = -E2BIG; r < 0; limit += 16) {
		struct arena *small = arena_new(limit);

		r = oci_config_copy(small, config, &copy, &err);
		ck_assert(r == 0 ? oci_config_equal(config, copy) : r == -E2BIG && !copy);
		arena_free(small);
	}
	ck_assert_uint_gt(limit, 5000);
	free(text);
}
END_TEST

START_TEST(a_document_that_does_not_fit_is_an_error)
{
	char *text = data_read("config/everything.json", NULL);
	struct oci_config *config = NULL;
	size_t limit = 0;

	for (int r = -E2BIG; r < 0; limit += 64) {
		struct arena *small = arena_new(limit);

		r = oci_config_decode(small, "x", text, strlen(text), &config, &err);
		ck_assert(r == 0 ? config != NULL : r == -E2BIG && !config);
		arena_free(small);
	}
	ck_assert_uint_gt(limit, 20000);
	free(text);
}
END_TEST

START_TEST(a_failed_check_names_the_line_of_the_value)
{
	struct oci_config *config = decode(
		"{\n\"ociVersion\":\"1.3.0\",\n\"linux\":{\"namespaces\":"
		"[\n{\"type\":\"pid\"},\n{\"type\":\"pid\"}]}}");

	ck_assert_int_eq(
		oci_fail(config, &err, "linux.namespaces[1].type", "%s is there twice", "pid"),
		-EINVAL);
	ck_assert_str_eq(err.text, "config.json:5: linux.namespaces[1].type: pid is there twice");
	ck_assert_int_eq(oci_fail(config, &err, "linux.seccomp", "is needed"), -EINVAL);
	ck_assert_str_eq(err.text, "config.json:3: linux.seccomp: is needed");
	config->document = NULL;
	ck_assert_int_eq(oci_fail(config, &err, "root.path", "is empty"), -EINVAL);
	ck_assert_str_eq(err.text, "root.path: is empty");
}
END_TEST

START_TEST(namespaces_and_words_are_found)
{
	struct oci_config *config = decode("{\"ociVersion\":\"1.3.0\",\"linux\":{\"namespaces\":["
					   "{\"type\":\"pid\"},{\"type\":\"network\","
					   "\"path\":\"/x\"}],\"maskedPaths\":[\"/a\",\"/b\"]}}");

	ck_assert_str_eq(oci_find_namespace(config, "network")->path, "/x");
	ck_assert_ptr_null(oci_find_namespace(config, "mount"));
	ck_assert_ptr_null(oci_find_namespace(decode("{\"ociVersion\":\"1.3.0\"}"), "pid"));
	ck_assert(oci_strings_have(&config->linux_->masked_paths, "/b"));
	ck_assert(!oci_strings_have(&config->linux_->masked_paths, "/"));
}
END_TEST

Suite *suite_config(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, an_absent_list_of_seccomp_flags_is_not_an_empty_one);
	tcase_add_test(tc, an_absent_environment_of_a_hook_is_not_an_empty_one);
	tcase_add_test(tc, null_and_unknown_keys_are_passed_over);
	tcase_add_test(tc, an_empty_string_is_an_absent_one);
	tcase_add_test(tc, pids_without_a_limit_is_no_pids);
	tcase_add_test(tc, keyed_objects_become_arrays_that_know_their_keys);
	tcase_add_test(tc, the_order_of_maps_and_keyed_objects_does_not_count);
	tcase_add_test(tc, numbers_keep_their_full_range);
	tcase_add_test(tc, a_process_alone_is_decoded);
	tcase_add_test(tc, resources_alone_are_decoded);
	tcase_add_test(tc, an_object_in_two_spellings_has_the_members_of_both);
	tcase_add_test(tc, a_copy_that_does_not_fit_is_an_error);
	tcase_add_test(tc, a_document_that_does_not_fit_is_an_error);
	tcase_add_test(tc, a_failed_check_names_the_line_of_the_value);
	tcase_add_test(tc, namespaces_and_words_are_found);
	suite_add_tcase(suite, tc);
	return suite;
}
