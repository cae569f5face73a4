/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/loop.h"
#include "shim/oom.h"
#include "shim/publish.h"
#include "shim/task_cgroup.h"

Suite *suite_shim_oom(void);

/* A cgroup is a directory here, and an event a number. */
static char cgroup[] = "/tmp/nacre-oom-XXXXXX";
static struct container container = {.cgroup_fd = -1, .oom_watch = -1};
static int told;

struct container *task_first(void)
{
	return &container;
}

int task_cgroup_open(pid_t pid)
{
	(void)pid;
	return open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void publish_named(const char *topic, const char *name, const struct container *of)
{
	ck_assert_str_eq(topic, "/tasks/oom");
	ck_assert_str_eq(name, "TaskOOM");
	ck_assert_ptr_eq(of, &container);
	told++;
}

static void set_kills(unsigned n)
{
	char path[64], text[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/memory.events", cgroup);
	(void)snprintf(text, sizeof(text), "low 0\nhigh 0\nmax 9\noom %u\noom_kill %u\n", n + 5, n);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
}

static void end(struct timer *timer)
{
	(void)timer;
	loop_end();
}

/* What the loop finds, until it has nothing more to do for a while. */
static void run_loop(void)
{
	struct timer timer = {.due = end};

	loop_set(&timer, 50);
	ck_assert_int_eq(loop_run(), 0);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(cgroup));
	ck_assert_int_eq(loop_open(), 0);
}

static void teardown(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/memory.events", cgroup);
	(void)unlink(path);
	(void)rmdir(cgroup);
}

START_TEST(a_kill_is_told)
{
	set_kills(2); /* of before: a cgroup that is used again */
	oom_watch(&container);
	ck_assert_int_eq(told, 0);
	set_kills(3);
	run_loop();
	ck_assert_int_eq(told, 1);
	oom_forget(&container);
	ck_assert_int_eq(container.cgroup_fd, -1);
}
END_TEST

START_TEST(a_kill_is_told_before_the_end_and_once)
{
	set_kills(0);
	oom_watch(&container);
	set_kills(1);
	oom_look(&container);
	ck_assert_int_eq(told, 1);
	run_loop();
	set_kills(1); /* another number of the file has changed */
	run_loop();
	ck_assert_int_eq(told, 1);
	oom_forget(&container);
	set_kills(2);
	run_loop();
	ck_assert_int_eq(told, 1);
}
END_TEST

START_TEST(without_the_controller_nothing_is_told)
{
	oom_watch(&container);
	oom_look(&container);
	ck_assert_int_eq(told, 0);
	oom_forget(&container);
}
END_TEST

Suite *suite_shim_oom(void)
{
	Suite *suite = suite_create("shim_oom");
	TCase *tests = tcase_create("kills");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_kill_is_told);
	tcase_add_test(tests, a_kill_is_told_before_the_end_and_once);
	tcase_add_test(tests, without_the_controller_nothing_is_told);
	suite_add_tcase(suite, tests);
	return suite;
}
