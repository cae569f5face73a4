/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/hooks_fixture.h"

#include <sys/time.h>

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

Suite *suite_hooks_output(void);

Suite *suite_hooks_output(void)
{
	Suite *suite = suite_create("hooks_output");
	TCase *tcase = tcase_create("hooks_output");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, the_last_line_of_stderr_is_in_the_text);
	tcase_add_test(tcase, a_long_stderr_is_cut_and_passed_on_whole);
	tcase_add_test(tcase, nothing_gets_into_the_stdio_of_the_caller);
	tcase_add_test(tcase, a_stdout_without_an_end_takes_no_memory);
	tcase_add_test(tcase, a_timeout_holds_over_a_hook_that_never_stops_writing);
	tcase_add_test(tcase, a_timeout_holds_over_a_stderr_that_nobody_reads);
	tcase_add_test(tcase, a_stderr_whose_reader_is_gone_does_no_harm);
	tcase_add_test(tcase, no_stderr_is_lost_by_a_signal_that_is_handled);
	tcase_add_test(tcase, output_goes_to_files_that_are_appended_to);
	suite_add_tcase(suite, tcase);
	return suite;
}
