/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "runtime/traced.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_traced(void);

static void be_traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(99);
}

static void *be_traced_and_end(void *unused)
{
	(void)unused;
	be_traced();
	return NULL;
}

static void die_of_a_signal(void)
{
	be_traced();
	(void)raise(SIGUSR2);
	_exit(98);
}

static void handle(int sig)
{
	_exit(sig == SIGUSR1 ? 7 : 97);
}

static void handle_a_signal(void)
{
	be_traced();
	(void)signal(SIGUSR1, handle);
	(void)raise(SIGUSR1);
	_exit(98);
}

static void execute(void)
{
	be_traced();
	(void)execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
	_exit(98);
}

static void end_a_thread(void)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, be_traced_and_end, NULL);
	(void)pthread_join(thread, NULL);
	_exit(7);
}

static void be_traced_again_and_again(void)
{
	for (int i = 0; i < 1000; i++) {
		be_traced();
		(void)raise(SIGCHLD);
	}
	_exit(7);
}

static const struct {
	void (*run)(void);
	int status; /* as waitpid(2) gives it */
} children[] = {
	{die_of_a_signal, SIGUSR2},
	{handle_a_signal, 7 << 8},
	{execute, 7 << 8},
	{end_a_thread, 7 << 8},
	{be_traced_again_and_again, 7 << 8},
};

START_TEST(a_child_that_is_traced_comes_to_its_end)
{
	const struct timespec a_while = {.tv_sec = 5};
	sigset_t chld, none;
	int pidfd, status;
	pid_t pid;

	(void)sigemptyset(&none);
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &chld, NULL), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		children[_i].run();
	}
	pidfd = sys_pidfd_open(pid);
	while (pidfd_wait_end(pidfd, 0) == 0) {
		ck_assert_int_eq(sigtimedwait(&chld, NULL, &a_while), SIGCHLD);
		traced_let_go(pid);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, children[_i].status);
	(void)close(pidfd);
}
END_TEST

/* A stop by job control is the program's own affair. */
START_TEST(a_child_that_stops_stays_so)
{
	siginfo_t info = {.si_pid = 0};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)raise(SIGSTOP);
		_exit(7);
	}
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
	traced_let_go(pid);
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 7 << 8);
}
END_TEST

Suite *suite_traced(void)
{
	Suite *suite = suite_create("traced");
	TCase *t = tcase_create("traced");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, a_child_that_is_traced_comes_to_its_end, 0,
		sizeof(children) / sizeof(children[0]));
	tcase_add_test(t, a_child_that_stops_stays_so);
	suite_add_tcase(suite, t);
	return suite;
}
