/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/child_call.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/child.h"

Suite *suite_child_call(void);

static int report(void *pid, struct nacre_error *err)
{
	return getpid() == *(pid_t *)pid ? 0 : fail_errno(err, ESRCH, "in the child");
}

static int hang(void *pid, struct nacre_error *err)
{
	(void)err;
	*(pid_t *)pid = 0; /* in the child's memory */
	return pause();
}

static int die(void *data, struct nacre_error *err)
{
	(void)data;
	(void)err;
	(void)kill(getpid(), SIGKILL);
	return 0;
}

static int succeed(void *data, struct nacre_error *err)
{
	(void)data;
	(void)err;
	return 0;
}

START_TEST(a_child_reports_its_result)
{
	struct nacre_error err = {.code = 7};
	pid_t pid = getpid();

	ck_assert_int_eq(child_call(succeed, NULL, 0, 0, &err), 0);
	ck_assert_int_eq(err.code, 7);
	ck_assert_int_eq(child_call(report, &pid, 0, 0, &err), -ESRCH);
	ck_assert_str_eq(err.text, "in the child: No such process");
	ck_assert_int_eq(child_call(die, NULL, 0, 0, &err), -ECHILD);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

START_TEST(a_child_that_takes_too_long_is_killed)
{
	const int64_t start = child_now(), soon = start + 100 * 1000 * 1000;
	struct nacre_error err;
	pid_t pid = getpid();

	ck_assert_int_eq(child_call(hang, &pid, 600, soon, &err), -ETIMEDOUT);
	ck_assert_int_eq(child_call(hang, &pid, 1, 0, &err), -ETIMEDOUT);
	ck_assert_int_ge(child_now() - start, 1000 * 1000 * 1000);
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

Suite *suite_child_call(void)
{
	Suite *s = suite_create("child_call");
	TCase *tc = tcase_create("calls");

	tcase_add_test(tc, a_child_reports_its_result);
	tcase_add_test(tc, a_child_that_takes_too_long_is_killed);
	suite_add_tcase(s, tc);
	return s;
}
