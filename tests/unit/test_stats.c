/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/stats.h"

#include <check.h>
#include <stdlib.h>

Suite *suite_stats(void);

static struct nacre_error err;

static void expect(int result, char *text, const char *expected)
{
	ck_assert_msg(result == 0, "%s", err.text);
	ck_assert_str_eq(text, expected);
	free(text);
}

#define CPUSET                                                                    \
	"\"cpuset\":{\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0," \
	"\"memory_migrate\":0,\"memory_spread_page\":0,\"memory_spread_slab\":0," \
	"\"memory_pressure\":0,\"sched_load_balance\":0,\"sched_relax_domain_level\":0},"

START_TEST(without_controllers_the_objects_are_empty)
{
	const struct container_stats stats = {.has_memory = false};
	char *text = NULL;
	int r = stats_event_encode("x", &stats, &text, &err);

	expect(r, text,
		"{\"type\":\"stats\",\"id\":\"x\",\"data\":{\"cpu\":{\"usage\":{\"kernel\":0,"
		"\"user\":0},\"throttling\":{}}," CPUSET "\"memory\":{},\"pids\":{},\"blkio\":{},"
		"\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}}");
}
END_TEST

START_TEST(the_layout_is_that_of_runc)
{
	struct stats_count counts[] = {{"anon", 1}, {"file", 0}};
	struct stats_io_entry bytes[] = {{8, 0, "Read", 4096}, {8, 0, "Write", 0}};
	struct stats_io_entry operations[] = {{8, 16, "Read", 1}};
	struct stats_hugetlb hugetlb[] = {{"2MB", 2097152, 3}, {"1GB", 0, 0}};
	const struct container_stats stats = {
		.cpu = {3000, 1000, 2000},
		.throttling = {1, 2, 3},
		.cpu_pressure = {true, {5, 10000, 1234, 9}, {0, 0, 0, 0}},
		.has_memory = true,
		.cache = 7,
		.memory = {UINT64_MAX, 10, 20, 0},
		.swap = {4096, 0, 0, 0},
		.memory_stat = counts,
		.n_memory_stat = 2,
		.pids = {4, 512},
		.io_bytes = bytes,
		.n_io_bytes = 2,
		.io_operations = operations,
		.n_io_operations = 1,
		.hugetlb = hugetlb,
		.n_hugetlb = 2,
	};
	char *text = NULL;
	int r = stats_event_encode("a", &stats, &text, &err);

	expect(r, text,
		"{\"type\":\"stats\",\"id\":\"a\",\"data\":{\"cpu\":{\"usage\":{\"total\":3000,"
		"\"kernel\":1000,\"user\":2000},\"throttling\":{\"periods\":1,"
		"\"throttledPeriods\":2,\"throttledTime\":3},\"psi\":{\"some\":{\"avg10\":0.05,"
		"\"avg60\":100.00,\"avg300\":12.34,\"total\":9},\"full\":{\"avg10\":0.00,"
		"\"avg60\":0.00,\"avg300\":0.00,\"total\":0}}}," CPUSET
		"\"memory\":{\"cache\":7,\"usage\":{\"limit\":18446744073709551615,\"usage\":10,"
		"\"max\":20,\"failcnt\":0},\"swap\":{\"limit\":4096,\"failcnt\":0},"
		"\"raw\":{\"anon\":1,\"file\":0}},\"pids\":{\"current\":4,\"limit\":512},"
		"\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\","
		"\"value\":4096},{\"major\":8,\"op\":\"Write\"}],\"ioServicedRecursive\":["
		"{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":1}]},"
		"\"hugetlb\":{\"2MB\":{\"usage\":2097152,\"failcnt\":3},\"1GB\":{\"failcnt\":0}},"
		"\"intel_rdt\":{},\"network_interfaces\":null}}");
}
END_TEST

START_TEST(an_oom_event_has_no_data)
{
	char *text = NULL;
	int r = stats_oom_event_encode("x", &text, &err);

	expect(r, text, "{\"type\":\"oom\",\"id\":\"x\"}");
}
END_TEST

Suite *suite_stats(void)
{
	Suite *suite = suite_create("stats");
	TCase *tcase = tcase_create("events");

	tcase_add_test(tcase, without_controllers_the_objects_are_empty);
	tcase_add_test(tcase, the_layout_is_that_of_runc);
	tcase_add_test(tcase, an_oom_event_has_no_data);
	suite_add_tcase(suite, tcase);
	return suite;
}
