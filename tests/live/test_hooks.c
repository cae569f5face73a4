/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/hooks_fixture.h"

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
	struct oci_hook hook = {
		.path = "/bin/sh", .args = {args, 3}, .has_env = true, .env = {own, 2}};

	ck_assert_msg(run_list(&hook, 1, STATE, &env) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "A=1\nB=2\n");
	hook.env.n = 0;
	ck_assert_msg(run_list(&hook, 1, STATE, &env) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "");
	ck_assert_msg(run_list(&hook, 1, STATE, NULL) == 0, "%s", err.text);
	ck_assert_str_eq(out("out"), "");
	hook.has_env = false;
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
	tcase_add_test(tcase, a_signal_is_named);
	tcase_add_test(tcase, a_program_that_cannot_be_executed_says_why);
	tcase_add_test(tcase, a_timeout_kills_the_hook_and_what_it_started);
	tcase_add_test(tcase, a_process_left_behind_is_not_waited_for);
	tcase_add_test(tcase, a_timeout_of_zero_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
