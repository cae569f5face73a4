/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/resctrl.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory in place of the file system. Its files are not made by mkdir(2): a test that needs
 * them in a group makes the group first. */

Suite *suite_resctrl(void);

static struct nacre_error err;
static char dir[] = "/tmp/nacre-test-resctrl-XXXXXX";
static int root;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void teardown(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	(void)close(root);
}

static void put(const char *path, const char *text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

static void holds(const char *path, const char *text)
{
	char *found;

	ck_assert_msg(file_read(root, path, 4096, &found, NULL, &err) == 0, "%s", err.text);
	ck_assert_str_eq(found, text);
	free(found);
}

static void group(const char *name, const char *schemata)
{
	char path[64];

	if (strcmp(name, ".") != 0)
		ck_assert_int_eq(mkdirat(root, name, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/schemata", name);
	put(path, schemata);
	(void)snprintf(path, sizeof(path), "%s/tasks", name);
	put(path, "");
	(void)snprintf(path, sizeof(path), "%s/mon_groups", name);
	ck_assert_int_eq(mkdirat(root, path, 0700), 0);
}

static bool is_there(const char *path)
{
	return faccessat(root, path, F_OK, 0) == 0;
}

START_TEST(without_closid_the_group_is_the_containers_own)
{
	const struct oci_intel_rdt rdt = {.clos_id = NULL};

	ck_assert_msg(resctrl_create(root, "box", &rdt, &err) == 0, "%s", err.text);
	put("box/tasks", "");
	ck_assert_msg(resctrl_join(root, "box", &rdt, 123, &err) == 0, "%s", err.text);
	holds("box/tasks", "123");
	ck_assert_int_eq(unlinkat(root, "box/tasks", 0), 0);
	ck_assert_msg(resctrl_remove(root, "box", &rdt, &err) == 0, "%s", err.text);
	ck_assert(!is_there("box"));
	/* gone already */
	ck_assert_msg(resctrl_remove(root, "box", &rdt, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(an_own_group_that_exists_is_somebody_elses)
{
	const struct oci_intel_rdt rdt = {.clos_id = NULL};

	group("box", "");
	ck_assert_int_eq(resctrl_create(root, "box", &rdt, &err), -EEXIST);
	ck_assert_str_eq(err.text, "group box exists already: remove it (rmdir "
				   "/sys/fs/resctrl/box), or name it in closID");
	ck_assert(is_there("box/tasks"));
}
END_TEST

START_TEST(a_given_group_stays)
{
	const struct oci_intel_rdt rdt = {.clos_id = "gold"};

	group("gold", "L3:0=ff\n");
	ck_assert_msg(resctrl_create(root, "box", &rdt, &err) == 0, "%s", err.text);
	ck_assert_msg(resctrl_join(root, "box", &rdt, 7, &err) == 0, "%s", err.text);
	holds("gold/tasks", "7");
	holds("gold/schemata", "L3:0=ff\n");
	ck_assert_msg(resctrl_remove(root, "box", &rdt, &err) == 0, "%s", err.text);
	ck_assert(is_there("gold"));
}
END_TEST

START_TEST(a_given_group_without_schemata_must_exist)
{
	const struct oci_intel_rdt rdt = {.clos_id = "gold"};

	ck_assert_int_eq(resctrl_create(root, "box", &rdt, &err), -ENOENT);
	ck_assert_str_eq(err.text, "group gold, which must be there if no schemata are given: No "
				   "such file or directory");
	ck_assert(!is_there("gold"));
}
END_TEST

START_TEST(a_slash_is_the_root)
{
	const struct oci_intel_rdt rdt = {.clos_id = "/", .enable_monitoring = {true, true}};

	group(".", "L3:0=ff\n");
	ck_assert_msg(resctrl_create(root, "box", &rdt, &err) == 0, "%s", err.text);
	put("mon_groups/box/tasks", "");
	ck_assert_msg(resctrl_join(root, "box", &rdt, 7, &err) == 0, "%s", err.text);
	holds("tasks", "7");
	holds("mon_groups/box/tasks", "7");
	ck_assert_int_eq(unlinkat(root, "mon_groups/box/tasks", 0), 0);
	ck_assert_msg(resctrl_remove(root, "box", &rdt, &err) == 0, "%s", err.text);
	ck_assert(!is_there("mon_groups/box"));
	ck_assert(is_there("tasks"));
}
END_TEST

START_TEST(each_schema_is_written_with_those_of_schemata_last)
{
	const char *lines[] = {"L2:0=f", "MB:0=30"};
	const struct oci_intel_rdt rdt = {.clos_id = "gold",
		.l3_cache_schema = "L3:0=f",
		.mem_bw_schema = "MB:0=20",
		.schemata = {lines, 2}};
	char text[256];
	int fifo;
	ssize_t n;

	group("gold", "");
	/* Reading gives the existing schemata once, then a FIFO shows the order of the writes. */
	put("gold/schemata", "    L3:0=000f;1=ff\n    MB:0=  20;1= 100\n");
	ck_assert_msg(resctrl_create(root, "box", &rdt, &err) == 0, "%s", err.text);
	ck_assert_int_eq(unlinkat(root, "gold/schemata", 0), 0);
	ck_assert_int_eq(mkfifoat(root, "gold/schemata", 0600), 0);
	fifo = openat(root, "gold/schemata", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	ck_assert_int_eq(
		resctrl_create(root, "box",
			&(const struct oci_intel_rdt){.clos_id = "gold", .schemata = {lines, 2}},
			&err),
		0);
	n = read(fifo, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, "L2:0=f\nMB:0=30\n");
	(void)close(fifo);
}
END_TEST

static const struct {
	const char *existing, *l3, *mb;
	bool same;
} comparisons[] = {
	{"L3:0=ff;1=ff\nMB:0=100\n", "L3:0=ff;1=ff", NULL, true},
	{"    MB:0= 100\n    L3:0=00ff;1=0f0\n", "L3:1=f0;0=ff", "MB:0=100", true},
	{"L3:0=ff;1=ff\n", "L3:0=ff", NULL, true},
	{"L3:0=ff;1=ff\n", "L3:0=ff;1=f", NULL, false},
	{"L3:0=ff\n", "L3:0=ff;1=ff", NULL, false},
	{"L3:0=ff\nMB:0=10\n", "L3:0=ff", "MB:0=20", false},
	{"L3:0=ff\n", NULL, "MB:0=20", false},
	{"L3CODE:0=ff\n", "L3:0=ff", NULL, false},
	{"MB:0=10\n", NULL, "MB:0=0x10", false},
	{"", "L3:0=ff", NULL, false},
};

START_TEST(a_given_group_must_have_the_schemata_already)
{
	const struct oci_intel_rdt rdt = {.clos_id = "gold",
		.l3_cache_schema = comparisons[_i].l3,
		.mem_bw_schema = comparisons[_i].mb};
	int r;

	group("gold", comparisons[_i].existing);
	r = resctrl_create(root, "box", &rdt, &err);
	ck_assert_int_eq(r, comparisons[_i].same ? 0 : -EEXIST);
	if (r == 0)
		return;
	ck_assert_ptr_nonnull(strstr(err.text, "group gold exists and its schemata are not \""));
	holds("gold/schemata", comparisons[_i].existing);
}
END_TEST

START_TEST(a_failure_takes_the_group_back_and_has_the_kernels_words)
{
	const char *lines[] = {"L3:0=0"};
	const struct oci_intel_rdt rdt = {.clos_id = "gold", .schemata = {lines, 1}};

	ck_assert_int_eq(mkdirat(root, "info", 0700), 0);
	put("info/last_cmd_status", "mask f has non-consecutive 1-bits\n");
	ck_assert_int_eq(resctrl_create(root, "box", &rdt, &err), -ENOENT);
	ck_assert_str_eq(err.text, "write \"L3:0=0\" to schemata (mask f has non-consecutive "
				   "1-bits): No such file or directory");
	ck_assert(!is_there("gold"));
}
END_TEST

START_TEST(a_monitoring_group_that_exists_is_an_error)
{
	const struct oci_intel_rdt rdt = {.clos_id = "gold", .enable_monitoring = {true, true}};

	group("gold", "");
	ck_assert_int_eq(mkdirat(root, "gold/mon_groups/box", 0700), 0);
	ck_assert_int_eq(resctrl_create(root, "box", &rdt, &err), -EEXIST);
	ck_assert_str_eq(err.text, "make the monitoring group mon_groups/box: File exists");
}
END_TEST

START_TEST(a_change_can_be_taken_back)
{
	const struct oci_intel_rdt rdt = {
		.clos_id = "given", .l3_cache_schema = "L3:0=f", .mem_bw_schema = "MB:0=20"};
	char *before = NULL;

	ck_assert_int_eq(resctrl_change(root, "id", &rdt, &before, &err), -ENOENT);
	ck_assert_int_eq(mkdirat(root, "given", 0700), 0);
	put("given/schemata", "    MB:0= 50;1= 60\n    L3:0=ff;1=0f\n");
	ck_assert_msg(resctrl_change(root, "id", &rdt, &before, &err) == 0, "%s", err.text);
	ck_assert_str_eq(before, "    MB:0= 50;1= 60\n    L3:0=ff;1=0f\n");
	put("given/schemata", "");
	ck_assert_msg(resctrl_restore(root, "id", &rdt, before, &err) == 0, "%s", err.text);
	/* A plain file keeps the last line, where the kernel takes each. */
	holds("given/schemata", "L3:0=ff;1=0f\n0\n");
	free(before);
}
END_TEST

Suite *suite_resctrl(void)
{
	Suite *suite = suite_create("resctrl");
	TCase *tcase = tcase_create("resctrl");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_closid_the_group_is_the_containers_own);
	tcase_add_test(tcase, an_own_group_that_exists_is_somebody_elses);
	tcase_add_test(tcase, a_given_group_stays);
	tcase_add_test(tcase, a_given_group_without_schemata_must_exist);
	tcase_add_test(tcase, a_slash_is_the_root);
	tcase_add_test(tcase, each_schema_is_written_with_those_of_schemata_last);
	tcase_add_loop_test(tcase, a_given_group_must_have_the_schemata_already, 0,
		sizeof(comparisons) / sizeof(comparisons[0]));
	tcase_add_test(tcase, a_failure_takes_the_group_back_and_has_the_kernels_words);
	tcase_add_test(tcase, a_monitoring_group_that_exists_is_an_error);
	tcase_add_test(tcase, a_change_can_be_taken_back);
	suite_add_tcase(suite, tcase);
	return suite;
}
