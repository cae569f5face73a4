/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/resource.h>

#include "libcontainer/cgroup/rollback.h"
#include "tests/unit/cgroup_files.h"

Suite *suite_rollback(void);

static struct rollback rollback;
static struct nacre_error err;

static void setup(void)
{
	make_directory();
}

static void teardown(void)
{
	rollback_done(&rollback);
	remove_directory();
}

/* What a write to FILE is, and what the rollback writes after it. */
static void restores(const char *file, const char *before, const char *value, const char *after)
{
	char *text = NULL;

	put(file, before);
	ck_assert_int_eq(rollback_note(&rollback, dir, file, value), 0);
	put(file, "");
	ck_assert_msg(rollback_restore(&rollback, dir, &err) == 0, "%s", err.text);
	ck_assert_int_eq(file_read(dir, file, 4096, &text, NULL, &err), 0);
	ck_assert_str_eq(text, after);
	free(text);
	rollback_done(&rollback);
}

START_TEST(a_value_is_written_back_as_it_was_read)
{
	restores("pids.max", "20\n", "30", "20\n");
	restores("cpu.max", "max 100000\n", "500 1000", "max 100000\n");
}
END_TEST

START_TEST(an_empty_list_is_made_empty_by_a_line)
{
	restores("cpuset.cpus", "", "0-3", "\n");
	restores("cpuset.cpus", "\n", "0-3", "\n");
}
END_TEST

START_TEST(of_a_file_with_a_line_a_device_that_line_is_written_back)
{
	const char *lines = "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=3 riops=4 "
			    "wiops=5\n";

	restores("io.max", lines, "8:16 rbps=9", "8:16 rbps=2 wbps=3 riops=4 wiops=5");
	restores("io.max", lines, "8:1 rbps=9", "8:1 rbps=max wbps=max riops=max wiops=max");
	restores("io.weight", "default 100\n8:0 50\n", "910", "default 100");
	restores("io.weight", "default 100\n8:0 50\n", "8:0 910", "8:0 50");
	restores("io.weight", "default 100\n", "8:0 910", "8:0 default");
	restores("rdma.max", "mlx4 hca_handle=2 hca_object=max\n", "mlx4 hca_handle=9",
		"mlx4 hca_handle=2 hca_object=max");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_none_to_restore)
{
	ck_assert_int_eq(rollback_note(&rollback, dir, "pids.max", "9"), 0);
	ck_assert_uint_eq(rollback.n, 0);
}
END_TEST

START_TEST(what_could_not_be_read_this_time_is_an_error)
{
	struct rlimit limit, none;

	put("pids.max", "20\n");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){0, limit.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(rollback_note(&rollback, dir, "pids.max", "9"), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(rollback.n, 0);
}
END_TEST

START_TEST(a_failure_is_told_and_the_others_are_restored)
{
	char *text = NULL;

	put("pids.max", "20\n");
	put("memory.max", "4096\n");
	ck_assert_int_eq(rollback_note(&rollback, dir, "pids.max", "9"), 0);
	ck_assert_int_eq(rollback_note(&rollback, dir, "memory.max", "9"), 0);
	put("pids.max", "");
	ck_assert_int_eq(unlinkat(dir, "memory.max", 0), 0);
	ck_assert_int_lt(rollback_restore(&rollback, dir, &err), 0);
	ck_assert_msg(
		strstr(err.text, "write \"4096\" back to memory.max") != NULL, "%s", err.text);
	ck_assert_int_eq(file_read(dir, "pids.max", 64, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "20\n");
	free(text);
}
END_TEST

Suite *suite_rollback(void)
{
	Suite *suite = suite_create("rollback");
	TCase *tcase = tcase_create("rollback");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_value_is_written_back_as_it_was_read);
	tcase_add_test(tcase, an_empty_list_is_made_empty_by_a_line);
	tcase_add_test(tcase, of_a_file_with_a_line_a_device_that_line_is_written_back);
	tcase_add_test(tcase, a_file_that_is_not_there_is_none_to_restore);
	tcase_add_test(tcase, what_could_not_be_read_this_time_is_an_error);
	tcase_add_test(tcase, a_failure_is_told_and_the_others_are_restored);
	suite_add_tcase(suite, tcase);
	return suite;
}
