/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/process.h"
#include "libcontainer/base/sys.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *suite_wait(void);

enum {
	CODE = 7,
	LONG_S = 60, /* longer than any wait here */
	WAIT_MS = 10000, /* enough for anything that happens */
};

static struct nacre_error err;

/* The process PID, as the library gives it. */
static struct nacre_process *handle(pid_t pid)
{
	struct nacre_process *process = process_new();

	ck_assert_ptr_nonnull(process);
	ck_assert_int_gt(pid, 0);
	process->pid = pid;
	process->pidfd = sys_pidfd_open(pid);
	ck_assert_int_ge(process->pidfd, 0);
	return process;
}

/* A child that ends with SIG (0: exits with CODE) after DELAY_US. */
static struct nacre_process *child(int sig, useconds_t delay_us)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)usleep(delay_us);
		if (sig)
			(void)raise(sig);
		_exit(CODE);
	}
	return handle(pid);
}

static int wait_status(struct nacre_process *process)
{
	int status = -2;

	ck_assert_msg(nacre_wait(process, WAIT_MS, &status, &err) == 0, "%s", err.text);
	return status;
}

START_TEST(an_exit_code_is_told)
{
	struct nacre_process *process = child(0, 20000);
	int status = wait_status(process);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), CODE);
	nacre_process_release(process);
}
END_TEST

START_TEST(a_signal_is_told)
{
	struct nacre_process *process = child(SIGKILL, 0);
	int status = wait_status(process);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	nacre_process_release(process);
}
END_TEST

START_TEST(it_is_as_waitpid_tells)
{
	static const int signals[] = {SIGUSR1, SIGABRT};

	/* Whether SIGABRT dumps depends on the limits: as the kernel says, in both. */
	for (size_t i = 0; i < 2; i++) {
		struct nacre_process *process = child(signals[i], 0);
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			(void)raise(signals[i]);
			_exit(CODE);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(wait_status(process), status);
		nacre_process_release(process);
	}
}
END_TEST

START_TEST(to_ask_again_gives_the_same)
{
	struct nacre_process *process = child(0, 0);
	int status = wait_status(process);

	ck_assert_int_eq(waitpid(process->pid, NULL, 0), -1);
	ck_assert_int_eq(wait_status(process), status);
	ck_assert_int_eq(nacre_wait(process, 0, &status, &err), 0);
	ck_assert_int_eq(WEXITSTATUS(status), CODE);
	nacre_process_release(process);
}
END_TEST

START_TEST(a_deadline_is_kept)
{
	struct nacre_process *process = child(0, LONG_S * 1000000);
	struct timespec before, after;
	int status = -2;
	double ms;

	ck_assert_int_eq(nacre_wait(process, 0, &status, &err), -ETIMEDOUT);
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	ck_assert_int_eq(nacre_wait(process, 50, &status, &err), -ETIMEDOUT);
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
	     (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	ck_assert_msg(ms >= 50 && ms < WAIT_MS, "%f ms", ms);
	ck_assert_int_eq(status, -2);
	ck_assert_ptr_nonnull(strstr(err.text, "has not ended within 50 ms"));
	/* and then it can be killed and waited for */
	ck_assert_int_eq(nacre_process_kill(process, &err), 0);
	ck_assert_int_eq(WTERMSIG(wait_status(process)), SIGKILL);
	ck_assert_int_eq(nacre_process_kill(process, &err), 0);
	nacre_process_release(process);
}
END_TEST

/* A child that exits with CODE once *RET_TRACER traces it, which never looks at it. */
static struct nacre_process *traced_child(pid_t *ret_tracer)
{
	int ends[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
		_exit(read(ends[0], &byte, 1) == 1 ? CODE : 0);
	}
	*ret_tracer = fork();
	if (*ret_tracer == 0) {
		if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
			(void)!write(ends[1], "", 1);
		(void)pause();
		_exit(0);
	}
	(void)close(ends[1]);
	return handle(pid);
}

START_TEST(a_tracer_that_never_looks_does_not_hold_up_a_deadline)
{
	pid_t tracer;
	struct nacre_process *process = traced_child(&tracer);
	struct pollfd end = {.fd = nacre_process_pidfd(process), .events = POLLIN};
	int status = -2;

	ck_assert_int_eq(poll(&end, 1, WAIT_MS), 1);
	ck_assert_int_eq(nacre_wait(process, 0, &status, &err), -ETIMEDOUT);
	ck_assert_int_eq(nacre_wait(process, 50, &status, &err), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.text, "the process that traces it keeps its status"));
	ck_assert_int_eq(kill(tracer, SIGKILL), 0);
	ck_assert_int_eq(WEXITSTATUS(wait_status(process)), CODE);
	ck_assert_int_eq(waitpid(tracer, NULL, 0), tracer);
	nacre_process_release(process);
}
END_TEST

static volatile sig_atomic_t alarms;

static void count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

START_TEST(a_signal_that_is_handled_does_not_end_the_wait)
{
	const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	const struct sigaction action = {.sa_handler = count_alarm};
	struct nacre_process *process = child(0, 200000);
	struct nacre_process *other = child(0, LONG_S * 1000000);
	int status;

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	ck_assert_int_eq(nacre_wait(other, 100, &status, &err), -ETIMEDOUT);
	ck_assert_int_eq(WEXITSTATUS(wait_status(process)), CODE);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	ck_assert_int_gt(alarms, 5);
	ck_assert_int_eq(nacre_process_kill(other, &err), 0);
	(void)wait_status(other);
	nacre_process_release(process);
	nacre_process_release(other);
}
END_TEST

START_TEST(of_a_process_that_is_no_child_the_end_is_told_alone)
{
	int ends[2];
	pid_t between, pid = 0;
	struct nacre_process *process;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	ck_assert_int_eq(pipe(ends), 0);
	between = fork();
	if (between == 0) {
		pid = fork();
		if (pid == 0) {
			(void)usleep(100000);
			_exit(CODE);
		}
		(void)!write(ends[1], &pid, sizeof(pid));
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	process = handle(pid);
	ck_assert_int_eq(wait_status(process), NACRE_WAIT_UNKNOWN);
	ck_assert_int_eq(wait_status(process), NACRE_WAIT_UNKNOWN);
	nacre_process_release(process);
	ck_assert_int_eq(kill(between, SIGKILL), 0);
	ck_assert_int_eq(waitpid(between, NULL, 0), between);
}
END_TEST

START_TEST(a_status_that_the_kernel_does_not_keep_is_unknown)
{
	struct nacre_process *process;

	ck_assert(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	process = child(0, 50000);
	ck_assert_int_eq(wait_status(process), NACRE_WAIT_UNKNOWN);
	nacre_process_release(process);
}
END_TEST

/* Fewer kills than before are none, not 2^64 - 3. */
START_TEST(a_cgroup_that_is_gone_counts_no_oom_kill)
{
	struct nacre_process *process = process_new();

	ck_assert_ptr_nonnull(process);
	process->oom_kills = 3;
	ck_assert_int_eq(nacre_process_explain(process, &err), 0);
	nacre_process_release(process);
}
END_TEST

Suite *suite_wait(void)
{
	Suite *suite = suite_create("wait");
	TCase *tcase = tcase_create("wait");

	tcase_set_timeout(tcase, LONG_S / 2);
	tcase_add_test(tcase, an_exit_code_is_told);
	tcase_add_test(tcase, a_signal_is_told);
	tcase_add_test(tcase, it_is_as_waitpid_tells);
	tcase_add_test(tcase, to_ask_again_gives_the_same);
	tcase_add_test(tcase, a_deadline_is_kept);
	tcase_add_test(tcase, a_tracer_that_never_looks_does_not_hold_up_a_deadline);
	tcase_add_test(tcase, a_signal_that_is_handled_does_not_end_the_wait);
	tcase_add_test(tcase, of_a_process_that_is_no_child_the_end_is_told_alone);
	tcase_add_test(tcase, a_status_that_the_kernel_does_not_keep_is_unknown);
	tcase_add_test(tcase, a_cgroup_that_is_gone_counts_no_oom_kill);
	suite_add_tcase(suite, tcase);
	return suite;
}
