/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/hooks.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define KIND "createRuntime"
#define STATE "{\"ociVersion\":\"1.3.0\",\"id\":\"x\"}"

static struct nacre_error err;
static char dir[PATH_MAX];
static struct hook_output output = {-1, -1};

/* Hooks inherit the working directory: each test has one of its own. */
static void setup(void)
{
	(void)strcpy(dir, "/tmp/nacre-test-hooks-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void teardown(void)
{
	(void)unlink("out");
	(void)unlink("pid");
	ck_assert_int_eq(rmdir(dir), 0);
}

static const char *out(const char *name)
{
	static char text[8192];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return "(no file)";
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static int run_list(
	struct oci_hook *items, size_t n, const char *state, const struct oci_strings *env)
{
	const struct oci_hook_list list = {items, n};

	return hooks_run(KIND, &list, state, env, &output, &err);
}

static int run_shell(const char *script, int64_t timeout)
{
	const char *args[] = {"sh", "-c", script};
	struct oci_hook hook = {.path = "/bin/sh", .args = {args, 3}};

	if (timeout)
		hook.timeout = (struct oci_i64){true, timeout};
	return run_list(&hook, 1, STATE, NULL);
}

static double seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(no_hooks_are_a_success)
{
	ck_assert_int_eq(run_list(NULL, 0, STATE, NULL), 0);
}
END_TEST

START_TEST(the_state_is_on_stdin)
{
	ck_assert_msg(run_shell("cat >out", 0) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), STATE);
}
END_TEST

START_TEST(a_state_larger_than_a_pipe_needs_no_reader)
{
	const size_t size = 4 << 20;
	char *state = malloc(size + 1);
	const char *args[] = {"sh", "-c", "wc -c >out; exit 0"};
	struct oci_hook hooks[] = {{.path = "/bin/true"}, {.path = "/bin/sh", .args = {args, 3}}};

	memset(state, 'x', size);
	state[size] = '\0';
	ck_assert_msg(run_list(hooks, 2, state, NULL) == 0, "%s", err.text);
	ck_assert_int_eq(atol(out("out")), (long)size);
	free(state);
}
END_TEST

START_TEST(hooks_run_in_order_until_one_fails)
{
	const char *one[] = {"sh", "-c", "echo one >>out"};
	const char *two[] = {"sh", "-c", "echo two >>out; exit 3"};
	struct oci_hook hooks[] = {{.path = "/bin/sh", .args = {one, 3}},
		{.path = "/bin/sh", .args = {two, 3}}, {.path = "/bin/sh", .args = {one, 3}}};

	ck_assert_int_eq(run_list(hooks, 3, STATE, NULL), -ECANCELED);
	ck_assert_str_eq(
		err.text, "error running createRuntime hook #1: exit status 3, stderr: \"\"");
	ck_assert_str_eq(out("out"), "one\ntwo\n");
}
END_TEST

START_TEST(the_program_is_the_path_and_the_first_argument_its_name)
{
	const char *args[] = {
		"a name", "-c", "echo \"$0\" >out; tr '\\0' ' ' </proc/$$/cmdline >>out"};
	struct oci_hook hook = {.path = "/bin/sh", .args = {args, 3}};

	ck_assert_msg(run_list(&hook, 1, STATE, NULL) == 0, "%s", err.text);
	ck_assert_int_eq(strncmp(out("out"), "a name\na name -c ", 17), 0);
}
END_TEST

START_TEST(the_environment_is_the_hooks_own)
{
	const char *args[] = {"sh", "-c", "tr '\\0' '\\n' </proc/$$/environ >out"};
	const char *own[] = {"A=1", "B=2"};
	const char *container[] = {"C=3"};
	const struct oci_strings env = {container, 1};
	struct oci_hook hook = {.path = "/bin/sh", .args = {args, 3}, .env = {own, 2}};

	ck_assert_msg(run_list(&hook, 1, STATE, &env) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "A=1\nB=2\n");
	hook.env.n = 0;
	ck_assert_msg(run_list(&hook, 1, STATE, &env) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "C=3\n");
	ck_assert_int_eq(clearenv(), 0);
	ck_assert_int_eq(setenv("D", "4", 1), 0);
	ck_assert_msg(run_list(&hook, 1, STATE, NULL) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "D=4\n");
}
END_TEST

START_TEST(only_stdio_is_inherited)
{
	int fd = fcntl(0, F_DUPFD, 100);

	ck_assert_int_eq(fd, 100);
	ck_assert_msg(run_shell("for f in /proc/$$/fd/*; do echo ${f##*/}; done >out", 0) == 0,
		"%s", err.text);
	ck_assert_ptr_null(strstr(out("out"), "100"));
	ck_assert_int_eq(strncmp(out("out"), "0\n1\n", 4), 0);
	ck_assert_int_eq(run_shell("test -e /proc/$$/fd/3", 0), -ECANCELED);
}
END_TEST

START_TEST(ignored_and_blocked_signals_are_not_inherited)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_msg(run_shell("grep SigBlk /proc/self/status >out", 0) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "SigBlk:\t0000000000000000\n");
	ck_assert_msg(run_shell("grep SigIgn /proc/self/status >out", 0) == 0, "%s", err.text);
	/* posix_spawn(3) of glibc ignores the two signals that it keeps to itself. */
	ck_assert_uint_eq(strtoull(out("out") + 8, NULL, 16) & ~0x180000000ULL, 0);
}
END_TEST

START_TEST(the_last_line_of_stderr_is_in_the_text)
{
	ck_assert_int_eq(
		run_shell("echo first >&2; printf 'the \\033[1mlast\\n\\n' >&2; exit 7", 0),
		-ECANCELED);
	ck_assert_str_eq(err.text,
		"error running createRuntime hook #0: exit status 7, stderr: \"the "
		" [1mlast\"");
}
END_TEST

START_TEST(a_long_stderr_is_cut_and_passed_on_whole)
{
	int fd = open("out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	output.stderr_fd = fd;
	ck_assert_int_eq(
		run_shell("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1", 0), -ECANCELED);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 300000);
	ck_assert_uint_lt(strlen(err.text), 600);
	ck_assert_ptr_nonnull(strstr(err.text, "xxxxxxxx\""));
}
END_TEST

/* It is the container's: a word of a hook in it is taken for one of the program, and one whose
 * reader is gone would end the hook by SIGPIPE. */
START_TEST(nothing_gets_into_the_stdio_of_the_caller)
{
	int ends[2];
	char c;

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(run_shell("echo said; echo why >&2; exit 1", 0), -ECANCELED);
	ck_assert_str_eq(err.text,
		"error running createRuntime hook #0: exit status 1, stdout: \"said\", stderr: "
		"\"why\"");
	ck_assert_int_eq((int)read(ends[0], &c, 1), -1);
	(void)close(ends[0]);
	ck_assert_msg(run_shell("echo said && echo why >&2", 0) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_stdout_without_an_end_takes_no_memory)
{
	ck_assert_msg(run_shell("head -c 300000000 /dev/zero", 0) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_signal_is_named)
{
	ck_assert_int_eq(run_shell("kill -SEGV $$", 0), -ECANCELED);
	ck_assert_str_eq(err.text, "error running createRuntime hook #0: signal: segmentation "
				   "fault, stderr: \"\"");
}
END_TEST

START_TEST(a_program_that_cannot_be_executed_says_why)
{
	struct oci_hook hook = {.path = "/nonexistent"};

	ck_assert_int_eq(run_list(&hook, 1, STATE, NULL), -ENOENT);
	ck_assert_str_eq(err.text,
		"error running createRuntime hook #0: exec /nonexistent: No such "
		"file or directory");
	hook.path = "/etc/passwd";
	ck_assert_int_eq(run_list(&hook, 1, STATE, NULL), -EACCES);
}
END_TEST

static bool is_gone(pid_t pid)
{
	char path[32], state = 'Z';
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	(void)!fscanf(file, "%*d (%*[^)]) %c", &state);
	(void)fclose(file);
	return state == 'Z' || state == 'X';
}

START_TEST(a_timeout_kills_the_hook_and_what_it_started)
{
	const double start = seconds();
	pid_t grandchild;

	ck_assert_int_eq(run_shell("sleep 60 & echo $! >pid; wait", 1), -ETIMEDOUT);
	ck_assert_str_eq(err.text,
		"error running createRuntime hook #0: ran past its timeout of 1 s "
		"and was killed");
	ck_assert_double_ge(seconds() - start, 0.99);
	ck_assert_double_lt(seconds() - start, 10);
	grandchild = (pid_t)atoi(out("pid"));
	ck_assert_int_gt(grandchild, 1);
	for (int i = 0; i < 200 && !is_gone(grandchild); i++)
		(void)usleep(10000);
	ck_assert(is_gone(grandchild));
}
END_TEST

START_TEST(a_timeout_holds_over_a_hook_that_never_stops_writing)
{
	const double start = seconds();

	ck_assert_int_eq(run_shell("while :; do echo x >&2; done", 1), -ETIMEDOUT);
	ck_assert_double_lt(seconds() - start, 10);
}
END_TEST

START_TEST(a_timeout_holds_over_a_stderr_that_nobody_reads)
{
	const double start = seconds();
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	output.stderr_fd = ends[1];
	ck_assert_int_eq(run_shell("head -c 1000000 /dev/zero >&2", 1), -ETIMEDOUT);
	ck_assert_double_lt(seconds() - start, 10);
}
END_TEST

START_TEST(a_stderr_whose_reader_is_gone_does_no_harm)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	output.stderr_fd = ends[1];
	(void)close(ends[0]);
	ck_assert_int_eq(run_shell("echo why >&2; exit 1", 0), -ECANCELED);
	ck_assert_ptr_nonnull(strstr(err.text, "stderr: \"why\""));
}
END_TEST

static void ignore_alarm(int sig)
{
	(void)sig;
}

START_TEST(no_stderr_is_lost_by_a_signal_that_is_handled)
{
	const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	FILE *reader = popen("sleep 0.2; test $(wc -c) = 300000", "w");

	output.stderr_fd = fileno(reader);
	ck_assert_ptr_ne(signal(SIGALRM, ignore_alarm), SIG_ERR);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	ck_assert_msg(run_shell("head -c 300000 /dev/zero >&2", 0) == 0, "%s", err.text);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	ck_assert_int_eq(pclose(reader), 0);
}
END_TEST

START_TEST(a_process_left_behind_is_not_waited_for)
{
	const double start = seconds();
	pid_t left;

	ck_assert_msg(run_shell("sleep 60 & echo $! >pid", 0) == 0, "%s", err.text);
	ck_assert_double_lt(seconds() - start, 10);
	left = (pid_t)atoi(out("pid"));
	ck_assert_int_gt(left, 1);
	ck_assert(!is_gone(left));
	ck_assert_int_eq(kill(left, SIGKILL), 0);
}
END_TEST

START_TEST(a_timeout_of_zero_is_refused)
{
	struct oci_hook hook = {.path = "/bin/true", .timeout = {true, 0}};

	ck_assert_int_eq(run_list(&hook, 1, STATE, NULL), -EINVAL);
	hook.timeout.value = INT64_MAX;
	ck_assert_msg(run_list(&hook, 1, STATE, NULL) == 0, "%s", err.text);
}
END_TEST

START_TEST(output_goes_to_files_that_are_appended_to)
{
	char path[2 * PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/out", dir);
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(hooks_open_output(path, path, &output, &err) == 0, "%s", err.text);
		ck_assert_msg(run_shell("echo to stdout; sleep 0.1; echo to stderr >&2", 0) == 0,
			"%s", err.text);
		(void)close(output.stdout_fd);
		(void)close(output.stderr_fd);
	}
	ck_assert_str_eq(out("out"), "to stdout\nto stderr\nto stdout\nto stderr\n");
	ck_assert_int_eq(hooks_open_output(NULL, "/no/such/file", &output, &err), -ENOENT);
	ck_assert_str_eq(
		err.text, "output of hooks: open /no/such/file: No such file or directory");
}
END_TEST

Suite *suite_hooks(void);

Suite *suite_hooks(void)
{
	Suite *suite = suite_create("hooks");
	TCase *tcase = tcase_create("hooks");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, no_hooks_are_a_success);
	tcase_add_test(tcase, the_state_is_on_stdin);
	tcase_add_test(tcase, a_state_larger_than_a_pipe_needs_no_reader);
	tcase_add_test(tcase, hooks_run_in_order_until_one_fails);
	tcase_add_test(tcase, the_program_is_the_path_and_the_first_argument_its_name);
	tcase_add_test(tcase, the_environment_is_the_hooks_own);
	tcase_add_test(tcase, only_stdio_is_inherited);
	tcase_add_test(tcase, ignored_and_blocked_signals_are_not_inherited);
	tcase_add_test(tcase, the_last_line_of_stderr_is_in_the_text);
	tcase_add_test(tcase, a_long_stderr_is_cut_and_passed_on_whole);
	tcase_add_test(tcase, nothing_gets_into_the_stdio_of_the_caller);
	tcase_add_test(tcase, a_stdout_without_an_end_takes_no_memory);
	tcase_add_test(tcase, a_signal_is_named);
	tcase_add_test(tcase, a_program_that_cannot_be_executed_says_why);
	tcase_add_test(tcase, a_timeout_kills_the_hook_and_what_it_started);
	tcase_add_test(tcase, a_timeout_holds_over_a_hook_that_never_stops_writing);
	tcase_add_test(tcase, a_timeout_holds_over_a_stderr_that_nobody_reads);
	tcase_add_test(tcase, a_stderr_whose_reader_is_gone_does_no_harm);
	tcase_add_test(tcase, no_stderr_is_lost_by_a_signal_that_is_handled);
	tcase_add_test(tcase, a_process_left_behind_is_not_waited_for);
	tcase_add_test(tcase, a_timeout_of_zero_is_refused);
	tcase_add_test(tcase, output_goes_to_files_that_are_appended_to);
	suite_add_tcase(suite, tcase);
	return suite;
}
