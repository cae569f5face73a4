/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/close_aside.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *suite_shim_close_aside(void);

enum {
	HELD_S = 10, /* how long the lock is held if nobody ends it */
	WAIT_MS = 10000,
};

#define SYS(call) ck_assert_msg((call) >= 0, "%s: %s", #call, strerror(errno))

/* A description of FD's pipe of its own, as a FIFO that is opened has. */
static int open_pipe(int fd, int flags)
{
	char path[64];
	int own;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SYS(own = open(path, flags | O_CLOEXEC));
	return own;
}

/* Holds the lock of FD's pipe. Writes a byte to READY just before. */
static _Noreturn void hold_lock(int fd, int ready)
{
	static const char bytes[4096];
	int ends[2];

	(void)alarm(HELD_S);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		_exit(1);
	while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	(void)!write(fd, bytes, sizeof(bytes));
	(void)!write(ready, "", 1);
	(void)splice(fd, NULL, ends[0], NULL, sizeof(bytes), 0);
	_exit(0);
}

/* HELD: what the caller closes later; another copy would make its close not the last. */
static pid_t holder(int fd, int held)
{
	const struct timespec a_while = {.tv_nsec = 200 * 1000 * 1000};
	int ready[2];
	pid_t pid;
	char byte;

	SYS(pipe(ready));
	SYS(pid = fork());
	if (pid == 0) {
		(void)close(held);
		hold_lock(open_pipe(fd, O_RDWR), ready[1]);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)nanosleep(&a_while, NULL);
	return pid;
}

static double now(void)
{
	struct timespec time;

	SYS(clock_gettime(CLOCK_MONOTONIC, &time));
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

START_TEST(a_program_that_holds_the_lock_holds_up_nobody)
{
	int ends[2], held[3] = {-1, -1, -1};
	double begin;
	pid_t pid;

	SYS(pipe(ends));
	held[1] = open_pipe(ends[0], O_RDWR | O_NONBLOCK);
	pid = holder(ends[0], held[1]);
	begin = now();
	close_aside(held, 3);
	ck_assert_msg(now() - begin < HELD_S / 2, "%f s", now() - begin);
	ck_assert_int_eq(held[1], -1);
	SYS(kill(pid, SIGKILL));
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}
END_TEST

START_TEST(a_reader_finds_the_end)
{
	int ends[2];
	struct pollfd end;
	char byte;

	SYS(pipe(ends));
	end = (struct pollfd){.fd = ends[0], .events = POLLIN};
	close_aside(&ends[1], 1);
	ck_assert_int_eq(poll(&end, 1, WAIT_MS), 1);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
}
END_TEST

START_TEST(what_is_not_open_takes_no_child)
{
	int none[3] = {-1, -1, -1};

	close_aside(none, 3);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

Suite *suite_shim_close_aside(void)
{
	Suite *suite = suite_create("shim_close_aside");
	TCase *tcase = tcase_create("shim_close_aside");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_program_that_holds_the_lock_holds_up_nobody);
	tcase_add_test(tcase, a_reader_finds_the_end);
	tcase_add_test(tcase, what_is_not_open_takes_no_child);
	suite_add_tcase(suite, tcase);
	return suite;
}
