/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_stats.h"
#include "tests/unit/cgroup_files.h"

#include <errno.h>

Suite *suite_cgroup_stats(void);

static struct arena *arena;
static struct container_stats stats;
static struct nacre_error err;

static void setup(void)
{
	make_directory();
	arena = arena_new(1 << 22);
}

static void teardown(void)
{
	arena_free(arena);
	remove_directory();
}

static void reads(void)
{
	ck_assert_msg(cgroup_stats_read(arena, dir, &stats, &err) == 0, "%s", err.text);
}

START_TEST(without_files_there_is_nothing)
{
	reads();
	ck_assert(!stats.has_memory);
	ck_assert(!stats.cpu_pressure.set);
	ck_assert_uint_eq(stats.n_hugetlb, 0);
}
END_TEST

START_TEST(cpu_times_become_nanoseconds)
{
	put("cpu.stat", "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnice_usec 0\n"
			"core_sched.force_idle_usec 0\nnr_periods 4\nnr_throttled 5\n"
			"throttled_usec 6\nnr_bursts 0\nburst_usec 0\n");
	reads();
	ck_assert_uint_eq(stats.cpu.total, 3000);
	ck_assert_uint_eq(stats.cpu.user, 2000);
	ck_assert_uint_eq(stats.cpu.kernel, 1000);
	ck_assert_uint_eq(stats.throttling.periods, 4);
	ck_assert_uint_eq(stats.throttling.throttled_periods, 5);
	ck_assert_uint_eq(stats.throttling.throttled_time, 6000);
}
END_TEST

START_TEST(swap_is_counted_with_memory)
{
	put("memory.stat", "anon 10\nfile 20\nslab 30\n");
	put("memory.current", "4096\n");
	put("memory.max", "8192\n");
	put("memory.peak", "5000\n");
	put("memory.swap.current", "1\n");
	put("memory.swap.max", "100\n");
	reads();
	ck_assert(stats.has_memory);
	ck_assert_uint_eq(stats.cache, 20);
	ck_assert_uint_eq(stats.n_memory_stat, 3);
	ck_assert_str_eq(stats.memory_stat[2].name, "slab");
	ck_assert_uint_eq(stats.memory_stat[2].value, 30);
	ck_assert_uint_eq(stats.memory.usage, 4096);
	ck_assert_uint_eq(stats.memory.limit, 8192);
	ck_assert_uint_eq(stats.memory.max, 5000);
	ck_assert_uint_eq(stats.swap.usage, 4097);
	ck_assert_uint_eq(stats.swap.limit, 8292);
	ck_assert_uint_eq(stats.swap.max, 0);
	put("memory.max", "max\n");
	reads();
	ck_assert_uint_eq(stats.memory.limit, UINT64_MAX);
	ck_assert_uint_eq(stats.swap.limit, UINT64_MAX);
}
END_TEST

START_TEST(processes_are_counted_without_the_controller)
{
	put("cgroup.procs", "1\n22\n333\n");
	reads();
	ck_assert_uint_eq(stats.pids.current, 3);
	put("pids.current", "7\n");
	put("pids.max", "max\n");
	reads();
	ck_assert_uint_eq(stats.pids.current, 7);
	ck_assert_uint_eq(stats.pids.limit, 0);
	put("pids.max", "9\n");
	reads();
	ck_assert_uint_eq(stats.pids.limit, 9);
}
END_TEST

START_TEST(io_is_counted_by_device)
{
	put("io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=0.5\n"
		       "7:0 \n7:1\n253:1048575 rbytes=18446744073709551615 wbytes=0\n");
	reads();
	ck_assert_uint_eq(stats.n_io_bytes, 4);
	ck_assert_uint_eq(stats.n_io_operations, 2);
	ck_assert_uint_eq(stats.io_bytes[1].major, 8);
	ck_assert_uint_eq(stats.io_bytes[1].minor, 16);
	ck_assert_str_eq(stats.io_bytes[1].op, "Write");
	ck_assert_uint_eq(stats.io_bytes[1].value, 2);
	ck_assert_str_eq(stats.io_operations[0].op, "Read");
	ck_assert_uint_eq(stats.io_operations[0].value, 3);
	ck_assert_uint_eq(stats.io_bytes[2].minor, 1048575);
	ck_assert_uint_eq(stats.io_bytes[2].value, UINT64_MAX);
}
END_TEST

START_TEST(huge_pages_count_from_when_they_are_reserved)
{
	put("hugetlb.2MB.current", "1\n");
	put("hugetlb.2MB.rsvd.current", "2\n");
	put("hugetlb.2MB.events", "max 3\n");
	put("hugetlb.1GB.current", "4\n");
	put("hugetlb.1GB.max", "max\n");
	reads();
	ck_assert_uint_eq(stats.n_hugetlb, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct stats_hugetlb *page = &stats.hugetlb[i];

		ck_assert_uint_eq(page->usage, strcmp(page->page_size, "2MB") == 0 ? 2 : 4);
		ck_assert_uint_eq(page->failcnt, strcmp(page->page_size, "2MB") == 0 ? 3 : 0);
	}
}
END_TEST

START_TEST(pressure_is_in_hundredths)
{
	put("cpu.pressure", "some avg10=1.05 avg60=100.00 avg300=0.00 total=12\n"
			    "full avg10=0.00 avg60=0.10 avg300=0.00 total=13\n");
	put("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.07 total=0\n");
	reads();
	ck_assert(stats.cpu_pressure.set);
	ck_assert(stats.io_pressure.set);
	ck_assert(!stats.memory_pressure.set);
	ck_assert_uint_eq(stats.cpu_pressure.some.avg10, 105);
	ck_assert_uint_eq(stats.cpu_pressure.some.avg60, 10000);
	ck_assert_uint_eq(stats.cpu_pressure.some.total, 12);
	ck_assert_uint_eq(stats.cpu_pressure.full.avg60, 10);
	ck_assert_uint_eq(stats.io_pressure.some.avg300, 7);
}
END_TEST

START_TEST(what_is_not_of_the_form_is_refused)
{
	static const struct {
		const char *file;
		const char *text;
	} cases[] = {
		/* clang-format off */
		{"cpu.stat", "usage_usec\n"},
		{"cpu.stat", "usage_usec 1 2\n"},
		{"cpu.stat", "usage_usec -1\n"},
		{"cpu.stat", "usage_usec 18446744073709551616\n"},
		{"memory.stat", "anon ten\n"},
		{"pids.current", "\n"},
		{"pids.current", "1x\n"},
		{"io.stat", "8 rbytes=1\n"},
		{"io.stat", "8:x rbytes=1\n"},
		{"io.stat", "8:0 rbytes=\n"},
		{"io.stat", "8:0 rbytes=1k\n"},
		{"io.stat", "8:0 rbytes=1 rbytes=1 rbytes=1 rbytes=1 rbytes=1\n"},
		{"cpu.pressure", "some avg10=0.0 avg60=0.00 avg300=0.00 total=0\n"},
		{"cpu.pressure", "some avg10=0.00 avg60=0.00 total=0\n"},
		{"cpu.pressure", "none avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"},
		{"cpu.pressure", "some avg10=101.00 avg60=0.00 avg300=0.00 total=0\n"},
		{"cpu.pressure", "some avg10=max.00 avg60=0.00 avg300=0.00 total=0\n"},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].file, cases[i].text);
		ck_assert_msg(cgroup_stats_read(arena, dir, &stats, &err) == -EINVAL, "%s: %s",
			cases[i].file, cases[i].text);
		ck_assert_msg(strncmp(err.text, cases[i].file, strlen(cases[i].file)) == 0, "%s",
			err.text);
		ck_assert_int_eq(unlinkat(dir, cases[i].file, 0), 0);
	}
}
END_TEST

Suite *suite_cgroup_stats(void)
{
	Suite *suite = suite_create("cgroup_stats");
	TCase *tcase = tcase_create("stats");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_files_there_is_nothing);
	tcase_add_test(tcase, cpu_times_become_nanoseconds);
	tcase_add_test(tcase, swap_is_counted_with_memory);
	tcase_add_test(tcase, processes_are_counted_without_the_controller);
	tcase_add_test(tcase, io_is_counted_by_device);
	tcase_add_test(tcase, huge_pages_count_from_when_they_are_reserved);
	tcase_add_test(tcase, pressure_is_in_hundredths);
	tcase_add_test(tcase, what_is_not_of_the_form_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
