/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/state.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

Suite *suite_state_lock(void);

enum {
	HELD_US = 500000,
	PATIENCE_S = 5, /* less than the ten seconds that the lock is waited for */
	CPU_MS = 100, /* that a wait of half a second may cost */
};

static const struct container_record record = {.version = RECORD_VERSION, .id = "locked"};

static struct nacre_error err;
static char root[32];
static int root_fd, state_fd;

static void set_up(void)
{
	int lock_fd;

	(void)snprintf(root, sizeof(root), "/tmp/state-lock-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root_fd, 0);
	ck_assert_msg(state_make(root_fd, &record, &state_fd, &lock_fd, &err) == 0, "%s", err.text);
	ck_assert_int_eq(close(lock_fd), 0);
}

static void tear_down(void)
{
	ck_assert_msg(state_remove(root_fd, record.id, state_fd, &err) == 0, "%s", err.text);
	ck_assert_int_eq(rmdir(root), 0);
}

static int64_t ms_of(clockid_t clock)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(clock, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int lock(void)
{
	int lock_fd = -1;

	ck_assert_msg(state_lock(state_fd, record.id, &lock_fd, &err) == 0, "%s", err.text);
	return lock_fd;
}

/* A process that has the lock for HELD_US, and then goes on. */
static pid_t hold(void)
{
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd = lock();

		(void)!write(ready[1], "", 1);
		(void)usleep(HELD_US);
		(void)close(fd);
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void end(pid_t holder)
{
	ck_assert_int_eq(kill(holder, SIGKILL), 0);
	ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
}

/* As a foreground `run` has it while it creates, and an engine with the library in it. */
START_TEST(a_lock_is_had_when_it_is_free_and_not_when_its_holder_ends)
{
	pid_t holder = hold();
	int64_t before = ms_of(CLOCK_MONOTONIC), waited;

	ck_assert_int_eq(close(lock()), 0);
	waited = ms_of(CLOCK_MONOTONIC) - before;
	ck_assert_msg(
		waited >= HELD_US / 2000 && waited < PATIENCE_S * 1000, "%ld ms", (long)waited);
	end(holder);
}
END_TEST

/* Of a holder outside its pid namespace a waiter learns no pid. */
START_TEST(the_wait_for_an_unseen_holder_does_not_spin)
{
	pid_t holder = hold(), waiter;
	int status;

	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	waiter = fork();
	ck_assert_int_ge(waiter, 0);
	if (waiter == 0) {
		struct nacre_error why;
		int fd;

		_exit(state_lock(state_fd, record.id, &fd, &why) < 0 ||
			ms_of(CLOCK_PROCESS_CPUTIME_ID) > CPU_MS);
	}
	ck_assert_int_eq(waitpid(waiter, &status, 0), waiter);
	ck_assert_int_eq(status, 0);
	end(holder);
}
END_TEST

Suite *suite_state_lock(void)
{
	Suite *suite = suite_create("state_lock");
	TCase *tcase = tcase_create("state_lock");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_lock_is_had_when_it_is_free_and_not_when_its_holder_ends);
	tcase_add_test(tcase, the_wait_for_an_unseen_holder_does_not_spin);
	suite_add_tcase(suite, tcase);
	return suite;
}
