/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/traced_threads.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *suite_shim_traced_threads(void);

static int told[2];

static void *be_traced(void *data)
{
	(void)ptrace(PTRACE_TRACEME, 0, 0, 0);
	(void)!write(told[1], "", 1);
	(void)pause();
	return data;
}

/* A child with a thread that its parent traces. */
static pid_t child_of_two_threads(void)
{
	pthread_t thread;
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		if (pthread_create(&thread, NULL, be_traced, NULL) == 0)
			(void)pause();
		_exit(1);
	}
	ck_assert_int_eq(read(told[0], &byte, 1), 1);
	return pid;
}

static bool ends(pid_t pid)
{
	const struct timespec a_while = {.tv_nsec = 10 * 1000 * 1000};
	siginfo_t info = {.si_pid = 0};

	for (int i = 0; i < 100 && info.si_pid == 0; i++) {
		(void)nanosleep(&a_while, NULL);
		traced_threads_reap(pid);
		ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
	}
	return info.si_pid == pid;
}

START_TEST(a_killed_process_with_a_traced_thread_ends)
{
	const pid_t pid = child_of_two_threads();

	traced_threads_reap(pid); /* reaps none that lives */
	ck_assert_int_eq(kill(pid, 0), 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert(ends(pid));
}
END_TEST

START_TEST(of_a_process_that_is_gone_it_reaps_nothing)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	traced_threads_reap(pid);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

Suite *suite_shim_traced_threads(void)
{
	Suite *suite = suite_create("shim_traced_threads");
	TCase *tcase = tcase_create("shim_traced_threads");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_killed_process_with_a_traced_thread_ends);
	tcase_add_test(tcase, of_a_process_that_is_gone_it_reaps_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}
