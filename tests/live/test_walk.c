/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/life/walk.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_walk(void);

/* What was done, in order, by both processes: a letter a row, in shared memory. */
static struct {
	unsigned n;
	char text[64];
} * trace;

enum {
	FIRST = 1 << 0,
	SECOND = 1 << 1
};

static void note(char letter)
{
	trace->text[__atomic_fetch_add(&trace->n, 1, __ATOMIC_SEQ_CST)] = letter;
}

#define STEP_FUNCTION(letter)                                             \
	static int step_##letter(struct life *l, struct nacre_error *err) \
	{                                                                 \
		(void)l;                                                  \
		(void)err;                                                \
		note(#letter[0]);                                         \
		return 0;                                                 \
	}

STEP_FUNCTION(a)
STEP_FUNCTION(b)
STEP_FUNCTION(c)
STEP_FUNCTION(d)
STEP_FUNCTION(A) /* undo */
STEP_FUNCTION(B)

static int step_fails(struct life *l, struct nacre_error *err)
{
	(void)l;
	return (fail)(err, EPERM, "it does not work"); /* check.h has a macro of that name */
}

static int step_dies(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	raise(SIGSYS);
	return 0;
}

static int step_long(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	usleep(50000);
	note('l');
	return 0;
}

/* Its files are closed long before it ends. */
static int step_dies_slowly(struct life *l, struct nacre_error *err)
{
	fd_close(&l->sync);
	usleep(200000);
	return step_dies(l, err);
}

static int step_stops(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	(void)raise(SIGSTOP);
	return 0;
}

static int step_sleeps(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	(void)pause();
	return 0;
}

static const struct step *steps;
static bool runtime_dies;

static _Noreturn void be_init(struct life *l)
{
	struct walk w = {l, steps, INIT, INIT, -1};
	const struct step *failed;
	struct nacre_error err;

	/* A test that fails must not leave INIT waiting for its turn. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (walk_from_spawn(&w, &failed, &err) < 0)
		(void)sync_send(l->sync, SYNC_FAILED, (unsigned)(failed - steps), err.code, -1,
			err.text, -1);
	_exit(0);
}

static int step_spawns(struct life *l, struct nacre_error *err)
{
	struct clone_args args = {.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&l->container.pidfd,
		.exit_signal = SIGCHLD};
	int pair[2];

	if (sync_pair(pair, err) < 0)
		return -err->code;
	l->container.pid = sys_clone3(&args);
	ck_assert_int_ge(l->container.pid, 0);
	l->sync = pair[l->container.pid == 0];
	fd_close(&pair[l->container.pid != 0]);
	if (l->container.pid == 0)
		be_init(l);
	if (runtime_dies)
		fd_close(&l->sync);
	return 0;
}

static void ignore_warning(void *data, const char *text)
{
	(void)data;
	(void)text;
}

static const struct container_callbacks callbacks = {.warn = ignore_warning};

static int64_t timeout_ms; /* of the command; 0: none */

static int walk_table(const struct step *table, uint64_t active, struct nacre_error *err)
{
	struct life l;
	struct walk w = {&l, table, RUNTIME, RUNTIME, -1};
	const struct step *last;
	struct nacre_error ignored;
	int result;

	steps = table;
	life_init(&l);
	l.container.callbacks = &callbacks;
	l.container.record.active = active;
	l.container.deadline = timeout_ms ? child_now() + timeout_ms * 1000000 : 0;
	result = walk_from(&w, table, &last, err);
	if (result < 0)
		(void)walk_back(&l, table, last + 1, &ignored);
	fd_close(&l.sync);
	waitpid(l.container.pid, NULL, 0);
	life_done(&l);
	return result;
}

static void fresh_trace(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	trace = mmap(
		NULL, sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(trace, MAP_FAILED);
}

START_TEST(rows_run_in_table_order_across_processes)
{
	static const struct step table[] = {
		{RUNTIME, "a", ALWAYS, step_a, NULL, 0},
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{INIT, "a again", ALWAYS, step_a, NULL, 0},
		{RUNTIME, "b again", ALWAYS, step_b, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), 0);
	ck_assert_str_eq(trace->text, "abcdab");
}
END_TEST

START_TEST(inactive_rows_are_skipped_by_both_sides)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{RUNTIME, "a", FIRST, step_a, NULL, 0},
		{INIT, "b", SECOND, step_b, NULL, 0},
		{RUNTIME, "c", FIRST | SECOND, step_c, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{RUNTIME, "end", ALWAYS, NULL, NULL, 0},
		{.name = NULL},
	};
	static const char *const expected[] = {"d", "ad", "bd", "abcd"};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, (uint64_t)_i, &err), 0);
	ck_assert_str_eq(trace->text, expected[_i]);
}
END_TEST

START_TEST(an_overlapping_row_does_not_hold_the_turn)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{RUNTIME, "a", ALWAYS, step_a, NULL, 0},
		{RUNTIME, "long", ALWAYS, step_long, NULL, STEP_OVERLAP},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), 0);
	ck_assert_str_eq(trace->text, "ablc");
}
END_TEST

START_TEST(an_error_of_init_arrives_whole_and_undoes_the_runtime_backwards)
{
	static const struct step table[] = {
		{RUNTIME, "a", ALWAYS, step_a, step_A, 0},
		{RUNTIME, "b", ALWAYS, step_b, step_B, 0},
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "mounts", ALWAYS, step_fails, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -EPERM);
	ck_assert_str_eq(err.text, "mounts: it does not work");
	ck_assert_str_eq(trace->text, "abBA");
}
END_TEST

START_TEST(a_death_of_init_is_an_error_that_names_signal_and_step)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "mounts", ALWAYS, step_dies, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -ECHILD);
	ck_assert_str_eq(err.text, "c: init was killed by signal 31");
	ck_assert_str_eq(trace->text, "");
}
END_TEST

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

START_TEST(an_error_of_the_runtime_ends_init_where_it_waits)
{
	static const struct step table[] = {
		{RUNTIME, "a", ALWAYS, step_a, step_A, 0},
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "hooks", ALWAYS, step_fails, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -EPERM);
	ck_assert_str_eq(err.text, "hooks: it does not work");
	ck_assert_str_eq(trace->text, "abA");
}
END_TEST

START_TEST(silence_without_an_announced_exec_is_no_success)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "exec", ALWAYS, step_a, NULL, STEP_EXEC},
		{.name = NULL},
	};
	struct nacre_error err;

	ck_assert_int_eq(walk_table(table, 0, &err), -ECHILD);
	ck_assert_str_eq(err.text, "exec: init ended without a word");
}
END_TEST

START_TEST(init_ends_when_the_runtime_is_gone)
{
	static const struct step table[] = {
		{RUNTIME, "spawn", ALWAYS, step_spawns, NULL, STEP_SPAWN},
		{INIT, "b", ALWAYS, step_b, NULL, 0},
		{RUNTIME, "c", ALWAYS, step_c, NULL, 0},
		{INIT, "d", ALWAYS, step_d, NULL, 0},
		{.name = NULL},
	};
	struct nacre_error err;

	runtime_dies = true;
	/* walk_table waits for INIT: it hangs here if INIT does not notice. */
	ck_assert_int_lt(walk_table(table, 0, &err), 0);
	ck_assert_ptr_null(strchr(trace->text, 'd'));
}
END_TEST

Suite *suite_walk(void)
{
	Suite *suite = suite_create("walk");
	TCase *tcase = tcase_create("two processes");

	tcase_add_checked_fixture(tcase, fresh_trace, NULL);
	tcase_add_loop_test(tcase, init_is_not_waited_for_beyond_the_deadline, 0, 2);
	tcase_add_test(tcase, an_init_that_is_stopped_is_not_waited_for);
	tcase_add_test(tcase, rows_run_in_table_order_across_processes);
	tcase_add_loop_test(tcase, inactive_rows_are_skipped_by_both_sides, 0, 4);
	tcase_add_test(tcase, an_overlapping_row_does_not_hold_the_turn);
	tcase_add_test(tcase, an_error_of_init_arrives_whole_and_undoes_the_runtime_backwards);
	tcase_add_test(tcase, a_death_of_init_is_an_error_that_names_signal_and_step);
	tcase_add_test(tcase, a_signal_does_not_end_the_wait_for_the_death_of_init);
	tcase_add_test(tcase, a_signal_does_not_end_the_wait_for_the_init_that_is_killed);
	tcase_add_test(tcase, an_error_of_the_runtime_ends_init_where_it_waits);
	tcase_add_test(tcase, silence_without_an_announced_exec_is_no_success);
	tcase_add_test(tcase, init_ends_when_the_runtime_is_gone);
	suite_add_tcase(suite, tcase);
	return suite;
}
