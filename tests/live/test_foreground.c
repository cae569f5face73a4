/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/process.h"
#include "runtime/foreground.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

Suite *suite_foreground(void);

enum {
	WAIT_MS = 10000,
	FAILED = 99,
};

static int outer = -1; /* master of the caller's terminal, or the read end of its stdout */
static char seen[256 * 1024];
static size_t n_seen;

/* What the library does: SCRIPT in a shell, on a terminal of its own if TTY. */
static struct nacre_process *start(const char *script, bool tty)
{
	struct nacre_process *process = process_new();
	sigset_t none;

	if (!process)
		return NULL;
	process->pid = tty ? forkpty(&process->console, NULL, NULL, NULL) : fork();
	if (process->pid == 0) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		/* What nohup or & ignores a shell cannot trap; init resets all signals. */
		(void)signal(SIGHUP, SIG_DFL);
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGQUIT, SIG_DFL);
		(void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(FAILED);
	}
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	return process->pid < 0 || process->pidfd < 0 ? NULL : process;
}

/* The runtime: what stands in for the process, with the stdio that it has. Does not return. */
static void serve(const char *script, bool tty)
{
	struct nacre_process *process = NULL;
	struct foreground fg;
	struct nacre_error err;
	int status = FAILED;

	(void)alarm(0);
	if (foreground_begin(&fg, 0, &err) == 0)
		process = start(script, tty);
	if (process)
		status = foreground_serve(&fg, process, &err);
	foreground_end(&fg);
	_exit(status < 0 ? FAILED : status);
}

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

static bool is_over(const char *text)
{
	return text && strstr(seen, text);
}

/* Reads until TEXT was seen; NULL: to the end. */
static void read_until(const char *text)
{
	while (!is_over(text)) {
		struct pollfd in = {.fd = outer, .events = POLLIN};
		ssize_t n;

		ck_assert_msg(poll(&in, 1, WAIT_MS) == 1, "nothing came after: %s", seen);
		n = read(outer, seen + n_seen, sizeof(seen) - 1 - n_seen);
		if (n <= 0)
			break;
		n_seen += (size_t)n;
		seen[n_seen] = '\0';
	}
	if (text)
		ck_assert_msg(is_over(text), "no \"%s\" in: %s", text, seen);
}

static int wait_status(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool is_raw(void)
{
	struct termios mode;

	ck_assert_int_eq(tcgetattr(outer, &mode), 0);
	return !(mode.c_lflag & ICANON) && !(mode.c_lflag & ISIG) && !(mode.c_lflag & ECHO);
}

static void setup(void)
{
	n_seen = 0;
	seen[0] = '\0';
}

static void teardown(void)
{
	if (outer >= 0)
		(void)close(outer);
	outer = -1;
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
	tcase_add_test(tcase, the_callers_terminal_is_raw_meanwhile_and_restored);
	tcase_add_test(tcase, a_signal_leaves_the_callers_terminal_restored);
	tcase_add_test(tcase, keys_reach_the_program_also_those_that_make_signals);
	tcase_add_test(tcase, the_window_size_is_passed_on);
	tcase_add_test(tcase, a_stop_by_job_control_gives_the_terminal_back);
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
