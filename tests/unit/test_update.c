/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/update.h"

#include "specs/json.h"
#include "specs/validate.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_update(void);

static struct arena *arena;
static struct nacre_error err;

static void set_up(void)
{
	arena = arena_new(1 << 22);
}

static void tear_down(void)
{
	arena_free(arena);
}

static struct oci_resources *resources(const char *text)
{
	const struct oci_part part = {.name = "r", .text = text, .length = strlen(text)};
	struct oci_resources *decoded = NULL;

	ck_assert_msg(oci_resources_decode(arena, &part, &decoded, &err) == 0, "%s", err.text);
	return decoded;
}

/* A config that is valid, with TEXT as linux.resources; NULL: without any. */
static struct oci_config *config(const char *text)
{
	struct oci_config *decoded = NULL;
	char *document = arena_printf(arena,
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"args\":"
		"[\"a\"],\"cwd\":\"/\",\"user\":{}}%s%s%s}",
		text ? ",\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],\"resources\":" : "",
		text ? text : "", text ? "}" : "");

	ck_assert_msg(
		oci_config_decode(arena, "c", document, strlen(document), &decoded, &err) == 0,
		"%s", err.text);
	return decoded;
}

/* What STORED becomes by GIVEN, and what is to be written. */
static void becomes(
	const char *stored, const char *given, const char *expected, const char *expected_changes)
{
	struct oci_config *before = config(stored), *next = NULL, *wanted = config(expected);
	struct oci_resources *over = resources(given), changes;
	struct oci_linux linux_ = {.resources = &changes};
	struct oci_config written = {.linux_ = &linux_};
	char *text = NULL, *all = NULL, *start;

	ck_assert_msg(update_merge(arena, before, over, &next, &err) == 0, "%s", err.text);
	ck_assert_int_eq(oci_config_encode(next, false, &all, &err), 0);
	ck_assert_msg(oci_config_equal(next, wanted), "%s", all);
	ck_assert_msg(
		update_changes(arena, before, over, next, &changes, &err) == 0, "%s", err.text);
	ck_assert_int_eq(oci_config_encode(&written, false, &text, &err), 0);
	start = strstr(text, "\"resources\":");
	ck_assert_ptr_nonnull(start);
	start += strlen("\"resources\":");
	start[strlen(start) - 2] = '\0';
	ck_assert_str_eq(start, expected_changes);
	free(text);
	free(all);
}

static void refuses(const char *stored, const char *given, const char *text)
{
	struct oci_config *next = NULL;

	ck_assert_int_eq(
		update_merge(arena, config(stored), resources(given), &next, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_ptr_null(next);
}

START_TEST(what_is_absent_or_zero_stays)
{
	const char *all = "{\"memory\":{\"limit\":4096,\"swap\":8192},\"pids\":{\"limit\":5},"
			  "\"cpu\":{\"shares\":7,\"quota\":9000,\"cpus\":\"0\"}}";

	becomes(all, "{}", all, "{}");
	becomes(all,
		"{\"memory\":{\"limit\":0},\"pids\":{},\"cpu\":{\"shares\":0,\"cpus\":\"\"},"
		"\"blockIO\":{\"weight\":0},\"unified\":{},\"devices\":[],\"rdma\":{}}",
		"{\"memory\":{\"limit\":4096,\"swap\":8192},\"pids\":{\"limit\":5},"
		"\"cpu\":{\"shares\":7,\"quota\":9000,\"cpus\":\"0\"},\"blockIO\":{}}",
		"{\"memory\":{\"limit\":4096,\"swap\":8192},\"cpu\":{\"shares\":0},"
		"\"blockIO\":{\"weight\":0}}");
}
END_TEST

START_TEST(a_container_without_resources_gets_some)
{
	becomes("{}", "{\"pids\":{\"limit\":9}}", "{\"pids\":{\"limit\":9}}",
		"{\"pids\":{\"limit\":9}}");
	struct oci_config *next = NULL;

	ck_assert_msg(update_merge(arena, config(NULL), resources("{\"pids\":{\"limit\":9}}"),
			      &next, &err) == 0,
		"%s", err.text);
	ck_assert_int_eq(next->linux_->resources->pids->limit, 9);
}
END_TEST

START_TEST(the_amount_of_swap_stays_when_memory_changes)
{
	becomes("{\"memory\":{\"limit\":4096,\"swap\":12288}}", "{\"memory\":{\"limit\":8192}}",
		"{\"memory\":{\"limit\":8192,\"swap\":16384}}",
		"{\"memory\":{\"limit\":8192,\"swap\":16384}}");
	becomes("{\"memory\":{\"limit\":4096,\"swap\":4096}}", "{\"memory\":{\"limit\":8192}}",
		"{\"memory\":{\"limit\":8192,\"swap\":8192}}",
		"{\"memory\":{\"limit\":8192,\"swap\":8192}}");
	becomes("{\"memory\":{\"limit\":4096,\"swap\":-1}}", "{\"memory\":{\"limit\":8192}}",
		"{\"memory\":{\"limit\":8192,\"swap\":-1}}",
		"{\"memory\":{\"limit\":8192,\"swap\":-1}}");
	becomes("{\"memory\":{\"limit\":4096}}", "{\"memory\":{\"limit\":8192}}",
		"{\"memory\":{\"limit\":8192}}", "{\"memory\":{\"limit\":8192}}");
	becomes("{\"memory\":{\"limit\":1,\"swap\":9223372036854775807}}",
		"{\"memory\":{\"limit\":9223372036854775806}}",
		"{\"memory\":{\"limit\":9223372036854775806,\"swap\":-1}}",
		"{\"memory\":{\"limit\":9223372036854775806,\"swap\":-1}}");
}
END_TEST

START_TEST(no_limit_of_memory_is_none_of_swap)
{
	becomes("{\"memory\":{\"limit\":4096,\"swap\":8192}}", "{\"memory\":{\"limit\":-1}}",
		"{\"memory\":{\"limit\":-1}}", "{\"memory\":{\"limit\":-1}}");
}
END_TEST

START_TEST(quota_and_period_are_written_together_and_nothing_else_with_them)
{
	const char *cpu = "{\"cpu\":{\"shares\":7,\"quota\":9000,\"period\":10000,\"cpus\":\"0\"}}";

	becomes(cpu, "{\"cpu\":{\"quota\":5000}}",
		"{\"cpu\":{\"shares\":7,\"quota\":5000,\"period\":10000,\"cpus\":\"0\"}}",
		"{\"cpu\":{\"quota\":5000,\"period\":10000}}");
	becomes(cpu, "{\"cpu\":{\"period\":20000}}",
		"{\"cpu\":{\"shares\":7,\"quota\":9000,\"period\":20000,\"cpus\":\"0\"}}",
		"{\"cpu\":{\"quota\":9000,\"period\":20000}}");
	becomes(cpu, "{\"cpu\":{\"mems\":\"1\"}}",
		"{\"cpu\":{\"shares\":7,\"quota\":9000,\"period\":10000,\"cpus\":\"0\","
		"\"mems\":\"1\"}}",
		"{\"cpu\":{\"mems\":\"1\"}}");
	refuses(cpu, "{\"cpu\":{\"burst\":9001}}", "linux.resources.cpu.burst");
}
END_TEST

START_TEST(idle_and_burst_can_be_zero)
{
	becomes("{\"cpu\":{\"shares\":7,\"idle\":1,\"burst\":5}}",
		"{\"cpu\":{\"idle\":0,\"burst\":0}}",
		"{\"cpu\":{\"shares\":7,\"burst\":0,\"idle\":0}}",
		"{\"cpu\":{\"shares\":7,\"burst\":0,\"idle\":0}}");
	becomes("{\"cpu\":{\"shares\":7,\"idle\":1}}", "{\"cpu\":{\"shares\":8}}",
		"{\"cpu\":{\"shares\":8,\"idle\":0}}", "{\"cpu\":{\"shares\":8,\"idle\":0}}");
	becomes("{\"cpu\":{\"shares\":7}}", "{\"cpu\":{\"idle\":1}}",
		"{\"cpu\":{\"shares\":7,\"idle\":1}}", "{\"cpu\":{\"shares\":7,\"idle\":1}}");
}
END_TEST

START_TEST(elements_are_found_by_their_keys)
{
	becomes("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1},"
		"{\"major\":8,\"minor\":0,\"rate\":2},{\"major\":8,\"minor\":1,\"rate\":3}],"
		"\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10,\"leafWeight\":11}]}}",
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":9},"
		"{\"major\":8,\"minor\":2,\"rate\":4}],"
		"\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":20}]}}",
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":9},"
		"{\"major\":8,\"minor\":0,\"rate\":9},{\"major\":8,\"minor\":1,\"rate\":3},"
		"{\"major\":8,\"minor\":2,\"rate\":4}],"
		"\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":20,\"leafWeight\":11}]}}",
		"{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":20}],"
		"\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":9},"
		"{\"major\":8,\"minor\":2,\"rate\":4}]}}");
	becomes("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4}],"
		"\"rdma\":{\"a\":{\"hcaHandles\":1,\"hcaObjects\":2}}}",
		"{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":0},{\"pageSize\":\"2MB\","
		"\"limit\":0}],\"rdma\":{\"b\":{\"hcaHandles\":3},\"a\":{\"hcaHandles\":4}}}",
		"{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0},{\"pageSize\":\"1GB\","
		"\"limit\":0}],\"rdma\":{\"a\":{\"hcaHandles\":4,\"hcaObjects\":2},"
		"\"b\":{\"hcaHandles\":3}}}",
		"{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":0},{\"pageSize\":\"2MB\","
		"\"limit\":0}],\"rdma\":{\"b\":{\"hcaHandles\":3},\"a\":{\"hcaHandles\":4}}}");
}
END_TEST

START_TEST(unified_files_are_found_by_their_names)
{
	becomes("{\"unified\":{\"memory.high\":\"1\",\"pids.max\":\"2\"}}",
		"{\"unified\":{\"pids.max\":\"3\",\"cpu.weight\":\"4\"}}",
		"{\"unified\":{\"memory.high\":\"1\",\"pids.max\":\"3\",\"cpu.weight\":\"4\"}}",
		"{\"unified\":{\"pids.max\":\"3\",\"cpu.weight\":\"4\"}}");
	refuses("{}", "{\"unified\":{\"../pids.max\":\"3\"}}", "linux.resources.unified");
}
END_TEST

START_TEST(a_list_of_device_rules_is_replaced)
{
	const char *one = "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}";
	const char *two = "{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1},"
			  "{\"allow\":false,\"type\":\"b\"}]}";

	becomes(one, two, two, two);
	becomes(two, one, one, one);
	becomes(two, "{\"pids\":{\"limit\":3}}",
		"{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1},{\"allow\":false,"
		"\"type\":\"b\"}],\"pids\":{\"limit\":3}}",
		"{\"pids\":{\"limit\":3}}");
}
END_TEST

START_TEST(the_weight_of_a_cgroup_is_written_with_those_of_its_devices)
{
	const char *stored = "{\"blockIO\":{\"weight\":300,\"weightDevice\":"
			     "[{\"major\":7,\"minor\":0,\"weight\":400}],\"throttleReadBpsDevice\":"
			     "[{\"major\":7,\"minor\":0,\"rate\":5}]}}";

	becomes(stored, "{\"blockIO\":{\"weight\":100}}",
		"{\"blockIO\":{\"weight\":100,\"weightDevice\":"
		"[{\"major\":7,\"minor\":0,\"weight\":400}],\"throttleReadBpsDevice\":"
		"[{\"major\":7,\"minor\":0,\"rate\":5}]}}",
		"{\"blockIO\":{\"weight\":100,\"weightDevice\":"
		"[{\"major\":7,\"minor\":0,\"weight\":400}]}}");
}
END_TEST

START_TEST(what_comes_out_is_checked_as_a_whole)
{
	refuses("{\"memory\":{\"limit\":8192}}", "{\"memory\":{\"swap\":4096}}",
		"linux.resources.memory.swap: memory+swap limit 4096 should be >= memory limit "
		"8192");
	refuses("{}", "{\"memory\":{\"swap\":4096}}",
		"unable to set swap limit without memory limit");
	refuses("{}", "{\"blockIO\":{\"weight\":5}}", "blockIO.weight");
}
END_TEST

START_TEST(a_limit_that_is_asked_for_is_no_best_effort)
{
	static const char *words[] = {"pids", "memory", "swap", "cpu"};
	struct oci_hardened hardened = {.best_effort = {words, 4}};
	struct oci_config *stored = config("{\"pids\":{\"limit\":512}}"), *next = NULL;

	stored->nacre = &hardened;
	ck_assert_int_eq(update_merge(arena, stored,
				 resources("{\"pids\":{\"limit\":9},\"cpu\":{\"quota\":-1},"
					   "\"unified\":{\"memory.max\":\"9999\"}}"),
				 &next, &err),
		0);
	ck_assert_uint_eq(oci_best_effort(next), OCI_LIMIT_SWAP | OCI_LIMIT_CPU);
	ck_assert_uint_eq(oci_best_effort(stored),
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP | OCI_LIMIT_CPU);
}
END_TEST

START_TEST(what_a_rule_changed_is_written_as_well)
{
	struct oci_config *stored = config("{\"memory\":{\"limit\":4096,\"swap\":4096}}");
	struct oci_config *next = config("{\"memory\":{\"limit\":4096,\"swap\":8192},"
					 "\"pids\":{\"limit\":5},"
					 "\"unified\":{\"memory.oom.group\":\"1\"}}");
	struct oci_resources changes;

	ck_assert_int_eq(update_changes(arena, stored, resources("{}"), next, &changes, &err), 0);
	ck_assert_int_eq(changes.memory->swap.value, 8192);
	ck_assert_int_eq(changes.pids->limit, 5);
	ck_assert_uint_eq(changes.unified.n, 1);
}
END_TEST

Suite *suite_update(void)
{
	Suite *suite = suite_create("update");
	TCase *tcase = tcase_create("merge");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, what_is_absent_or_zero_stays);
	tcase_add_test(tcase, a_container_without_resources_gets_some);
	tcase_add_test(tcase, the_amount_of_swap_stays_when_memory_changes);
	tcase_add_test(tcase, no_limit_of_memory_is_none_of_swap);
	tcase_add_test(tcase, quota_and_period_are_written_together_and_nothing_else_with_them);
	tcase_add_test(tcase, idle_and_burst_can_be_zero);
	tcase_add_test(tcase, elements_are_found_by_their_keys);
	tcase_add_test(tcase, unified_files_are_found_by_their_names);
	tcase_add_test(tcase, a_list_of_device_rules_is_replaced);
	tcase_add_test(tcase, the_weight_of_a_cgroup_is_written_with_those_of_its_devices);
	tcase_add_test(tcase, what_comes_out_is_checked_as_a_whole);
	tcase_add_test(tcase, a_limit_that_is_asked_for_is_no_best_effort);
	tcase_add_test(tcase, what_a_rule_changed_is_written_as_well);
	suite_add_tcase(suite, tcase);
	return suite;
}
