/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/companion.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nacre_error err;
static char dir[PATH_MAX];

/* The companion of these tests is a shell script in a directory of its own. */
static void setup(void)
{
	(void)strcpy(dir, "/tmp/nacre-test-companion-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(setenv("NACRE_LIBEXECDIR", dir, 1), 0);
}

static void teardown(void)
{
	(void)unlink("nacre-try");
	ck_assert_int_eq(rmdir(dir), 0);
}

static void script(const char *text)
{
	FILE *file = fopen("nacre-try", "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(fprintf(file, "#!/bin/sh\n%s\n", text), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod("nacre-try", 0700), 0);
}

static int run(const char *text)
{
	const struct companion companion = {.name = "nacre-try", .timeout = 20};

	script(text);
	return companion_run(&companion, NULL, &err);
}

START_TEST(arguments_and_input_go_in_and_the_answer_comes_out)
{
	const char *const arguments[] = {"one", "two words", NULL};
	const struct companion companion = {
		.name = "nacre-try", .arguments = arguments, .input = "text", .timeout = 20};
	char *output = NULL;

	script("echo \"$#: $1, $2\"; cat");
	ck_assert_msg(companion_run(&companion, &output, &err) == 0, "%s", err.text);
	ck_assert_str_eq(output, "2: one, two words\ntext");
	free(output);
}
END_TEST

/* The sources overlap with the targets, and a further fd of the caller's is open. */
START_TEST(it_gets_the_fds_that_are_passed_and_no_other)
{
	int first = fcntl(open("/dev/zero", O_RDONLY | O_CLOEXEC), F_DUPFD, 10);
	int fds[2];
	struct companion companion = {.name = "nacre-try", .fds = fds, .n_fds = 2, .timeout = 20};
	char *output = NULL;

	ck_assert_int_ge(first, 10);
	ck_assert_int_eq(dup2(first, 4), 4);
	first = open("/dev/full", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(dup2(first, 3), 3);
	fds[0] = 4;
	fds[1] = 3;
	/* The shell has the script itself open, from 10 up. */
	script("readlink /proc/$$/fd/3 /proc/$$/fd/4 /proc/$$/fd/5 /proc/$$/fd/11; exit 0");
	ck_assert_msg(companion_run(&companion, &output, &err) == 0, "%s", err.text);
	ck_assert_str_eq(output, "/dev/zero\n/dev/full\n");
	free(output);
}
END_TEST

START_TEST(its_stderr_is_the_error_and_its_exit_status_the_code)
{
	ck_assert_int_eq(run("echo 'eth0: no such device' >&2; exit 19"), -ENODEV);
	ck_assert_int_eq(err.code, ENODEV);
	ck_assert_str_eq(err.text, "eth0: no such device");
	ck_assert_int_eq(run("exit 3"), -3);
	ck_assert_str_eq(err.text, "nacre-try: exit status 3");
}
END_TEST

START_TEST(an_error_text_is_cut_and_made_printable)
{
	ck_assert_int_eq(run("printf 'a\\n\\033b\\n\\n' >&2; exit 5"), -EIO);
	ck_assert_str_eq(err.text, "a  b");
	ck_assert_int_eq(run("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 5"), -EIO);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

START_TEST(a_library_that_is_missing_is_told_as_such)
{
	ck_assert_int_eq(
		run("echo 'error while loading shared libraries' >&2; exit 127"), -ELIBACC);
	ck_assert_str_eq(err.text, "error while loading shared libraries");
}
END_TEST

START_TEST(one_that_stays_tells_of_a_missing_library_too)
{
	const struct companion_detached companion = {
		.name = "nacre-try", .netns_fd = -1, .cgroup_fd = -1, .input = ""};

	script("echo 'error while loading shared libraries' >&2; exit 127");
	ck_assert_int_lt(companion_detach(&companion, &err), 0);
	ck_assert_str_eq(err.text, "error while loading shared libraries");
}
END_TEST

START_TEST(a_signal_is_an_error)
{
	ck_assert_int_eq(run("kill -SEGV $$"), -ECANCELED);
	ck_assert_str_eq(err.text, "nacre-try: killed by signal 11 (Segmentation fault)");
}
END_TEST

START_TEST(an_answer_without_end_is_refused)
{
	ck_assert_int_eq(run("head -c 65536 /dev/zero"), 0);
	ck_assert_int_eq(run("head -c 65537 /dev/zero"), -EFBIG);
	ck_assert_str_eq(err.text, "nacre-try: answers with more than 65536 bytes");
}
END_TEST

START_TEST(one_that_does_not_end_is_killed)
{
	const struct companion companion = {.name = "nacre-try", .timeout = 1};

	script("sleep 60");
	ck_assert_int_eq(companion_run(&companion, NULL, &err), -ETIMEDOUT);
	ck_assert_str_eq(err.text, "nacre-try: ran past its timeout of 1 s and was killed");
}
END_TEST

START_TEST(one_that_is_not_installed_is_named_with_the_remedy)
{
	const struct companion companion = {.name = "nacre-try", .timeout = 20};
	char text[2 * PATH_MAX];

	ck_assert_int_eq(companion_run(&companion, NULL, &err), -ENOENT);
	(void)snprintf(text, sizeof(text),
		"nacre-try is missing in %s: install it with nacre, or set NACRE_LIBEXECDIR to "
		"where it is",
		dir);
	ck_assert_str_eq(err.text, text);
}
END_TEST

START_TEST(a_relative_directory_is_refused)
{
	ck_assert_int_eq(setenv("NACRE_LIBEXECDIR", ".", 1), 0);
	ck_assert_int_eq(run("exit 0"), -EINVAL);
	ck_assert_str_eq(err.text, "NACRE_LIBEXECDIR=.: not an absolute path");
}
END_TEST

START_TEST(without_the_variable_the_installed_directory_is_meant)
{
	ck_assert_int_eq(unsetenv("NACRE_LIBEXECDIR"), 0);
	ck_assert_int_eq(run("exit 0"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "missing in " NACRE_LIBEXECDIR ": "));
}
END_TEST

Suite *suite_companion(void);

Suite *suite_companion(void)
{
	Suite *suite = suite_create("companion");
	TCase *tcase = tcase_create("companion");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, arguments_and_input_go_in_and_the_answer_comes_out);
	tcase_add_test(tcase, it_gets_the_fds_that_are_passed_and_no_other);
	tcase_add_test(tcase, its_stderr_is_the_error_and_its_exit_status_the_code);
	tcase_add_test(tcase, an_error_text_is_cut_and_made_printable);
	tcase_add_test(tcase, a_library_that_is_missing_is_told_as_such);
	tcase_add_test(tcase, one_that_stays_tells_of_a_missing_library_too);
	tcase_add_test(tcase, a_signal_is_an_error);
	tcase_add_test(tcase, an_answer_without_end_is_refused);
	tcase_add_test(tcase, one_that_does_not_end_is_killed);
	tcase_add_test(tcase, one_that_is_not_installed_is_named_with_the_remedy);
	tcase_add_test(tcase, a_relative_directory_is_refused);
	tcase_add_test(tcase, without_the_variable_the_installed_directory_is_meant);
	suite_add_tcase(suite, tcase);
	return suite;
}
