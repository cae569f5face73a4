/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/foreground_fixture.h"

#include <time.h>

Suite *suite_foreground(void);

/* Its stdin is IN, its stdout a short pipe to OUTER. */
static pid_t serve_on_pipe(const char *script, bool tty, int in)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_gt(fcntl(ends[0], F_SETPIPE_SZ, 4096), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)dup2(in, STDIN_FILENO);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		serve(script, tty);
	}
	(void)close(ends[1]);
	outer = ends[0];
	return pid;
}

static int open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(the_status_is_that_of_the_program)
{
	ck_assert_int_eq(wait_status(serve_on_pipe("exit 7", false, STDIN_FILENO)), 7);
	ck_assert_int_eq(wait_status(serve_on_pipe("kill -9 $$", false, STDIN_FILENO)), 137);
	ck_assert_int_eq(wait_status(serve_on_pipe("exit 7", true, open_null())), 7);
}
END_TEST

START_TEST(signals_are_passed_on)
{
	static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGTERM, SIGCONT};

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		char script[128];
		pid_t pid;

		setup();
		(void)snprintf(script, sizeof(script),
			"trap 'exit 8' %d; echo ready; while :; do sleep 0.02; done", passed[i]);
		pid = serve_on_pipe(script, false, STDIN_FILENO);
		read_until("ready");
		ck_assert_int_eq(kill(pid, passed[i]), 0);
		ck_assert_int_eq(wait_status(pid), 8);
		teardown();
	}
}
END_TEST

/* Each number once and in order: LINES of them, each ended by \r\n. */
static void ck_sequence(int lines)
{
	const char *at = seen;

	for (int i = 1; i <= lines; i++) {
		char line[16];

		(void)snprintf(line, sizeof(line), "%d\r\n", i);
		ck_assert_msg(strncmp(at, line, strlen(line)) == 0, "line %d is missing", i);
		at += strlen(line);
	}
	ck_assert_str_eq(at, "");
}

START_TEST(what_was_written_before_the_end_arrives)
{
	const struct timespec a_while = {.tv_nsec = 300 * 1000 * 1000};
	pid_t pid = serve_on_pipe("seq 1 2000; exit 5", true, open_null());

	/* The program is over, the pipe full, and the rest in the terminal. */
	(void)nanosleep(&a_while, NULL);
	read_until(NULL);
	ck_sequence(2000);
	ck_assert_int_eq(wait_status(pid), 5);
}
END_TEST

START_TEST(much_output_arrives_in_order)
{
	pid_t pid = serve_on_pipe("seq 1 20000", true, open_null());

	read_until(NULL);
	ck_sequence(20000);
	ck_assert_int_eq(wait_status(pid), 0);
}
END_TEST

START_TEST(a_reader_that_never_comes_does_not_hold_up_a_signal)
{
	const struct timespec a_while = {.tv_nsec = 100 * 1000 * 1000};
	pid_t pid = serve_on_pipe("seq 1 2000", true, open_null());
	pid_t ended = 0;

	/* 11 KB: 4 in the pipe, 4 in the runtime's buffer, the rest in the terminal. */
	for (int i = 0; i < 3; i++) {
		(void)nanosleep(&a_while, NULL);
		ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	}
	/* The first may still have gone to the program, on a busy machine. */
	for (int i = 0; i < 50 && ended == 0; i++) {
		ck_assert_int_eq(kill(pid, SIGTERM), 0);
		(void)nanosleep(&a_while, NULL);
		ended = waitpid(pid, NULL, WNOHANG);
	}
	ck_assert_int_eq(ended, pid);
}
END_TEST

START_TEST(the_end_of_stdin_is_typed)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], "one\ntwo", 7), 7);
	ck_assert_int_eq(close(ends[1]), 0);
	pid = serve_on_pipe("stty -echo; cat; echo over", true, ends[0]);
	read_until("two");
	read_until("over");
	ck_assert_int_eq(wait_status(pid), 0);
	(void)close(ends[0]);
}
END_TEST

START_TEST(a_closed_stdout_hangs_up_the_terminal)
{
	pid_t pid = serve_on_pipe("yes", true, open_null());

	read_until("y");
	teardown();
	ck_assert_int_eq(wait_status(pid), 128 + SIGHUP);
}
END_TEST

START_TEST(stdout_may_be_a_file_that_has_something_in_it)
{
	FILE *file = tmpfile();
	pid_t pid;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs("head\n", file), 0);
	ck_assert_int_eq(fflush(file), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(open_null(), STDIN_FILENO);
		(void)dup2(fileno(file), STDOUT_FILENO);
		serve("seq 1 3", true);
	}
	ck_assert_int_eq(wait_status(pid), 0);
	outer = dup(fileno(file));
	ck_assert_int_eq(lseek(outer, 0, SEEK_SET), 0);
	read_until(NULL);
	ck_assert_str_eq(seen, "head\n1\r\n2\r\n3\r\n");
	ck_assert_int_eq(fclose(file), 0);
}
END_TEST

START_TEST(a_process_that_outlives_the_program_holds_nobody_up)
{
	struct timespec begin, end;
	pid_t pid;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
	pid = serve_on_pipe("trap '' HUP; timeout 3 yes & exit 6", true, open_null());
	read_until(NULL);
	ck_assert_int_eq(wait_status(pid), 6);
	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &end), 0);
	ck_assert_int_lt(end.tv_sec - begin.tv_sec, 3);
}
END_TEST

Suite *suite_foreground(void)
{
	Suite *suite = suite_create("foreground");
	TCase *tcase = tcase_create("foreground");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_status_is_that_of_the_program);
	tcase_add_test(tcase, signals_are_passed_on);
	tcase_add_test(tcase, what_was_written_before_the_end_arrives);
	tcase_add_test(tcase, much_output_arrives_in_order);
	tcase_add_test(tcase, a_reader_that_never_comes_does_not_hold_up_a_signal);
	tcase_add_test(tcase, the_end_of_stdin_is_typed);
	tcase_add_test(tcase, a_closed_stdout_hangs_up_the_terminal);
	tcase_add_test(tcase, stdout_may_be_a_file_that_has_something_in_it);
	tcase_add_test(tcase, a_process_that_outlives_the_program_holds_nobody_up);
	suite_add_tcase(suite, tcase);
	return suite;
}
