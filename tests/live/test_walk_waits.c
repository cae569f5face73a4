/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/walk_fixture.h"

#include <sys/time.h>

Suite *suite_walk_waits(void);

static volatile sig_atomic_t alarms;

static void count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* A signal every so many us, as a caller of the library may have them; no call goes on by itself.
 */
static void be_alarmed(suseconds_t us)
{
	const struct sigaction action = {.sa_handler = count_alarm};
	const struct itimerval often = {{0, us}, {0, us}};

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

START_TEST(a_signal_does_not_end_the_wait_for_the_death_of_init)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "mounts", ALWAYS, step_dies_slowly, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	be_alarmed(5000);
	ck_assert_int_eq(walk_table(table, 0, &err), -ECHILD);
	be_alarmed(0);
	ck_assert_str_eq(err.text, "c: init was killed by signal 31");
	ck_assert_int_gt(alarms, 5);
}
END_TEST

START_TEST(a_signal_does_not_end_the_wait_for_the_init_that_is_killed)
{
	struct nacre_error err;
	struct life l;

	for (int i = 0; i < 300; i++) {
		life_init(&l);
		l.container.pid = fork();
		ck_assert_int_ge(l.container.pid, 0);
		if (l.container.pid == 0) {
			(void)pause();
			_exit(0);
		}
		l.container.pidfd = sys_pidfd_open(l.container.pid);
		be_alarmed(100);
		ck_assert_msg(step_kill_init(&l, &err) == 0, "%s", err.text);
		be_alarmed(0);
		ck_assert_int_eq(waitpid(l.container.pid, NULL, 0), -1);
		life_done(&l);
	}
	ck_assert_int_gt(alarms, 5);
}
END_TEST

/* Loop 0: it is stopped, 1: at work. */
START_TEST(init_is_not_waited_for_beyond_the_deadline)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, step_kill_init, STEP_SPAWN},
		{INIT, "mounts", FIRST, step_stops, NULL, 0},
		{INIT, "hooks", SECOND, step_sleeps, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	const int64_t before = child_now();
	struct nacre_error err;

	timeout_ms = 300;
	ck_assert_int_eq(walk_table(table, _i == 0 ? FIRST : SECOND, &err), -ETIMEDOUT);
	timeout_ms = 0;
	ck_assert_ptr_nonnull(strstr(err.text, "c: init has not come so far within the timeout"));
	ck_assert_int_ge(child_now() - before, 300000000);
}
END_TEST

START_TEST(an_init_that_is_stopped_is_not_waited_for)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, step_kill_init, STEP_SPAWN},
		{INIT, "mounts", ALWAYS, step_stops, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -EBUSY);
	ck_assert_str_eq(err.text, "c: init was stopped by a signal, and is killed");
}
END_TEST

Suite *suite_walk_waits(void)
{
	Suite *suite = suite_create("walk_waits");
	TCase *tcase = tcase_create("waiting for init");

	tcase_add_checked_fixture(tcase, fresh_trace, NULL);
	tcase_add_loop_test(tcase, init_is_not_waited_for_beyond_the_deadline, 0, 2);
	tcase_add_test(tcase, an_init_that_is_stopped_is_not_waited_for);
	tcase_add_test(tcase, a_signal_does_not_end_the_wait_for_the_death_of_init);
	tcase_add_test(tcase, a_signal_does_not_end_the_wait_for_the_init_that_is_killed);
	suite_add_tcase(suite, tcase);
	return suite;
}
