/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/foreground_fixture.h"

#include <sys/ioctl.h>
#include <termios.h>

Suite *suite_foreground_terminal(void);

/* Its stdio is a terminal, OUTER the other end of it. */
static pid_t serve_on_terminal(const char *script)
{
	const struct winsize size = {.ws_row = 33, .ws_col = 99};
	pid_t pid = forkpty(&outer, NULL, NULL, &size);

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		serve(script, true);
	return pid;
}

static bool is_raw(void)
{
	struct termios mode;

	ck_assert_int_eq(tcgetattr(outer, &mode), 0);
	return !(mode.c_lflag & ICANON) && !(mode.c_lflag & ISIG) && !(mode.c_lflag & ECHO);
}

START_TEST(the_callers_terminal_is_raw_meanwhile_and_restored)
{
	pid_t pid = serve_on_terminal("echo ready; read x; exit 3");
	int slave = open(ptsname(outer), O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(slave, 0);
	read_until("ready");
	ck_assert(is_raw());
	ck_assert_int_eq(write(outer, "\r", 1), 1);
	ck_assert_int_eq(wait_status(pid), 3);
	ck_assert(!is_raw());
	(void)close(slave);
}
END_TEST

START_TEST(a_signal_leaves_the_callers_terminal_restored)
{
	pid_t pid = serve_on_terminal("echo ready; sleep 10");
	int slave = open(ptsname(outer), O_RDWR | O_NOCTTY | O_CLOEXEC);

	read_until("ready");
	ck_assert(is_raw());
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	ck_assert_int_eq(wait_status(pid), 128 + SIGHUP);
	ck_assert(!is_raw());
	(void)close(slave);
}
END_TEST

START_TEST(keys_reach_the_program_also_those_that_make_signals)
{
	pid_t pid = serve_on_terminal(
		"trap 'echo got; exit 4' INT; echo ready; while :; do sleep 0.02; done");

	read_until("ready");
	ck_assert_int_eq(write(outer, "\x03", 1), 1);
	read_until("got");
	ck_assert_int_eq(wait_status(pid), 4);
}
END_TEST

START_TEST(the_window_size_is_passed_on)
{
	const struct winsize size = {.ws_row = 44, .ws_col = 55};
	pid_t pid = serve_on_terminal(
		"trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.02; done");

	read_until("33 99");
	ck_assert_int_eq(ioctl(outer, TIOCSWINSZ, &size), 0);
	read_until("44 55");
	ck_assert_int_eq(wait_status(pid), 0);
}
END_TEST

START_TEST(a_stop_by_job_control_gives_the_terminal_back)
{
	pid_t pid = serve_on_terminal("echo ready; read x; echo got $x");
	int status;

	read_until("ready");
	ck_assert_int_eq(kill(pid, SIGTSTP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert(!is_raw());
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(write(outer, "word\r", 5), 5);
	read_until("got word");
	ck_assert_int_eq(wait_status(pid), 0);
}
END_TEST

Suite *suite_foreground_terminal(void)
{
	Suite *suite = suite_create("foreground_terminal");
	TCase *tcase = tcase_create("foreground_terminal");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_callers_terminal_is_raw_meanwhile_and_restored);
	tcase_add_test(tcase, a_signal_leaves_the_callers_terminal_restored);
	tcase_add_test(tcase, keys_reach_the_program_also_those_that_make_signals);
	tcase_add_test(tcase, the_window_size_is_passed_on);
	tcase_add_test(tcase, a_stop_by_job_control_gives_the_terminal_back);
	suite_add_tcase(suite, tcase);
	return suite;
}
