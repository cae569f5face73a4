/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/loop.h"
#include "shim/oom.h"
#include "shim/publish.h"
#include "shim/task_cgroup.h"

Suite *suite_shim_oom(void);

/* A cgroup is a directory here. */
static char cgroup[] = "/tmp/nacre-oom-XXXXXX";
static struct container container = {.id = (char *)"one", .cgroup_fd = -1, .oom.fd = -1};
static int told;

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

/* The loop cannot wait for a file that is none of a cgroup's: tests/live has that. */
void log_warning(const char *format, ...)
{
	ck_assert_ptr_nonnull(strstr(format, "watch memory.events"));
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

/* Root has 128 of them, for all programs of a host and all its shims. */
START_TEST(a_watch_takes_no_instance_of_inotify)
{
	set_kills(0);
	oom_watch(&container);
	for (int fd = 0; fd < 64; fd++) {
		char path[64], target[64] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof(target) - 1) > 0)
			ck_assert_ptr_null(strstr(target, "inotify"));
	}
	oom_forget(&container);
	ck_assert_int_eq(container.cgroup_fd, -1);
}
END_TEST

START_TEST(a_kill_is_told_before_the_end_and_once)
{
	set_kills(2); /* of before: a cgroup that is used again */
	oom_watch(&container);
	oom_look(&container);
	ck_assert_int_eq(told, 0);
	set_kills(3);
	oom_look(&container);
	ck_assert_int_eq(told, 1);
	set_kills(3); /* another number of the file has changed */
	oom_look(&container);
	ck_assert_int_eq(told, 1);
	oom_forget(&container);
	set_kills(4);
	oom_look(&container);
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
	tcase_add_test(tests, a_watch_takes_no_instance_of_inotify);
	tcase_add_test(tests, a_kill_is_told_before_the_end_and_once);
	tcase_add_test(tests, without_the_controller_nothing_is_told);
	suite_add_tcase(suite, tests);
	return suite;
}
