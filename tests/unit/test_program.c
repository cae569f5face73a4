/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/program.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST(...)                                                                    \
	{                                                                            \
		(const char *[]){__VA_ARGS__},                                       \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *) \
	}

static struct nacre_error err;
static struct arena *arena;
static struct program program;
static char dir[PATH_MAX];

static void make(const char *name, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

/* a/tool is not executable, b/tool is, c/tool is a directory, d/tool is executable too. */
static void setup(void)
{
	arena = arena_new(16 << 20);
	ck_assert_ptr_nonnull(arena);
	(void)strcpy(dir, "/tmp/nacre-test-process-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(
		mkdir("a", 0755) | mkdir("b", 0755) | mkdir("c", 0755) | mkdir("d", 0755), 0);
	make("a/tool", 0644);
	make("b/tool", 0755);
	ck_assert_int_eq(mkdir("c/tool", 0755), 0);
	make("d/tool", 0755);
}

static void teardown(void)
{
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(
		unlink("a/tool") | unlink("b/tool") | rmdir("c/tool") | unlink("d/tool"), 0);
	ck_assert_int_eq(rmdir("a") | rmdir("b") | rmdir("c") | rmdir("d"), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	arena_free(arena);
}

static int prepare(const char *name, const char *path_variable)
{
	char variable[4 * PATH_MAX];
	const struct oci_process process = {
		.args = LIST(name, "-x"),
		.env = LIST(variable, "HOME=/h"),
	};

	ck_assert_int_lt(snprintf(variable, sizeof(variable), "PATH=%s", path_variable),
		(int)sizeof(variable));
	return program_prepare(arena, &process, NULL, &program, &err);
}

static const char *in_dir(const char *name)
{
	static char path[4][PATH_MAX + 16];
	static int next;

	next = (next + 1) % 4;
	(void)snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

START_TEST(the_first_executable_file_in_path_is_found)
{
	char path[4 * PATH_MAX];

	(void)snprintf(path, sizeof(path), "/nonexistent:%s:%s:%s:%s", in_dir("a"), in_dir("c"),
		in_dir("b"), in_dir("d"));
	ck_assert_msg(prepare("tool", path) == 0, "%s", err.text);
	ck_assert_str_eq(program.path, in_dir("b/tool"));
	ck_assert_str_eq(program.argv[0], "tool");
	ck_assert_str_eq(program.argv[1], "-x");
	ck_assert_ptr_null(program.argv[2]);
}
END_TEST

START_TEST(a_name_that_is_in_no_directory_is_reported_as_engines_match_it)
{
	ck_assert_int_eq(prepare("nonexistent", "/bin"), -ENOENT);
	ck_assert_str_eq(err.text, "exec: \"nonexistent\": executable file not found in $PATH");
	ck_assert_int_eq(prepare("tool", in_dir("a")), -ENOENT);
	ck_assert_int_eq(prepare("tool", ""), -ENOENT);
	ck_assert_int_eq(prepare("", "/bin"), -ENOENT);
	ck_assert_str_eq(err.text, "exec: \"\": executable file not found in $PATH");
}
END_TEST

START_TEST(a_name_with_a_slash_is_not_searched_for)
{
	ck_assert_msg(prepare("./d/tool", in_dir("b")) == 0, "%s", err.text);
	ck_assert_str_eq(program.path, "./d/tool");
	ck_assert_int_eq(prepare("./tool", in_dir("b")), -ENOENT);
	ck_assert_str_eq(err.text, "exec: \"./tool\": stat ./tool: no such file or directory");
}
END_TEST

START_TEST(a_file_that_cannot_be_executed_says_why)
{
	ck_assert_int_eq(prepare("./a/tool", ""), -EACCES);
	ck_assert_str_eq(err.text, "exec: \"./a/tool\": permission denied");
	ck_assert_int_eq(prepare("./c/tool", ""), -EISDIR);
	ck_assert_str_eq(err.text, "exec: \"./c/tool\": is a directory: permission denied");
	ck_assert_int_eq(prepare("./b/tool/x", ""), -ENOTDIR);
	ck_assert_str_eq(err.text, "exec: \"./b/tool/x\": stat ./b/tool/x: not a directory");
	ck_assert_int_eq(prepare("/dev/null", ""), -EACCES);
}
END_TEST

START_TEST(a_path_element_longer_than_path_max_is_passed_over)
{
	char path[3 * PATH_MAX];

	memset(path, 'x', 2 * PATH_MAX);
	(void)snprintf(path + 2 * PATH_MAX, PATH_MAX, ":%s", in_dir("b"));
	ck_assert_msg(prepare("tool", path) == 0, "%s", err.text);
	ck_assert_str_eq(program.path, in_dir("b/tool"));
}
END_TEST

START_TEST(an_empty_path_element_is_the_working_directory)
{
	ck_assert_int_eq(chdir("d"), 0);
	ck_assert_msg(prepare("tool", ":/nonexistent") == 0, "%s", err.text);
	ck_assert_str_eq(program.path, "./tool");
}
END_TEST

START_TEST(without_path_the_usual_directories_are_searched)
{
	const struct oci_process process = {.args = LIST("sh"), .env = LIST("HOME=/h")};

	ck_assert_msg(program_prepare(arena, &process, NULL, &program, &err) == 0, "%s", err.text);
	ck_assert(strcmp(program.path, "/usr/bin/sh") == 0 || strcmp(program.path, "/bin/sh") == 0);
	ck_assert_str_eq(program.envp[0], "HOME=/h");
	ck_assert_ptr_null(program.envp[1]);
}
END_TEST

START_TEST(no_arguments_are_an_error)
{
	const struct oci_process process = {0};

	ck_assert_int_eq(program_prepare(arena, &process, NULL, &program, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.args: is empty");
}
END_TEST

START_TEST(the_last_variable_of_a_name_wins_where_it_stands)
{
	const struct oci_process process = {
		.args = LIST("/bin/sh"),
		.env = LIST("A=1", "HOME=/x", "AB=2", "A=3=4", "B=", "AB=5", "HOME=/y"),
	};
	static const char *const expected[] = {"A=3=4", "B=", "AB=5", "HOME=/y"};

	ck_assert_msg(program_prepare(arena, &process, NULL, &program, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(program.envp[i], expected[i]);
	ck_assert_ptr_null(program.envp[4]);
}
END_TEST

START_TEST(an_empty_home_is_replaced)
{
	const struct oci_process process = {
		.args = LIST("/bin/sh"),
		.env = LIST("HOME=/x", "HOME=", "A=1"),
		.user = {.uid = 4000000000},
	};

	ck_assert_msg(program_prepare(arena, &process, NULL, &program, &err) == 0, "%s", err.text);
	ck_assert_str_eq(program.envp[0], "A=1");
	ck_assert_str_eq(program.envp[1], "HOME=/");
	ck_assert_ptr_null(program.envp[2]);
}
END_TEST

START_TEST(a_variable_without_a_name_or_equals_sign_is_an_error)
{
	const struct oci_process no_equals = {
		.args = LIST("/bin/sh"), .env = LIST("A=1", "BROKEN")};
	const struct oci_process no_name = {.args = LIST("/bin/sh"), .env = LIST("=x")};

	ck_assert_int_eq(program_prepare(arena, &no_equals, NULL, &program, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.env: \"BROKEN\" has no \"=\"");
	ck_assert_int_eq(program_prepare(arena, &no_name, NULL, &program, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.env: \"=x\" has no name");
}
END_TEST

START_TEST(a_large_environment_keeps_every_name)
{
	enum {
		N = 20000
	};
	const char **items = arena_array(arena, N, sizeof(*items));
	const struct oci_process process = {.args = LIST("/bin/sh"), .env = {items, N}};

	for (int i = 0; i < N; i++)
		items[i] = arena_printf(arena, "VARIABLE_%d=%d", i % (N / 2), i);
	ck_assert_msg(program_prepare(arena, &process, NULL, &program, &err) == 0, "%s", err.text);
	for (int i = 0; i < N / 2; i++)
		ck_assert_str_eq(program.envp[i], items[N / 2 + i]);
	ck_assert_int_eq(strncmp(program.envp[N / 2], "HOME=", 5), 0);
	ck_assert_ptr_null(program.envp[N / 2 + 1]);
}
END_TEST

/* Check's own fds have to be out of the way. */
static void close_from_3(void)
{
	for (int fd = 3; fd < 1024; fd++)
		(void)close(fd);
}

START_TEST(only_stdio_and_preserved_fds_stay_open_over_exec)
{
	close_from_3();
	for (int fd = 3; fd < 8; fd++)
		ck_assert_int_eq(dup2(0, fd), fd);
	ck_assert_msg(program_limit_fds(2, false, &err) == 0, "%s", err.text);
	for (int fd = 0; fd < 8; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD), fd < 5 ? 0 : FD_CLOEXEC);
	close_from_3();
}
END_TEST

START_TEST(a_preserved_fd_that_the_caller_did_not_open_is_an_error)
{
	close_from_3();
	ck_assert_int_eq(dup2(0, 3), 3);
	ck_assert_int_eq(program_limit_fds(2, false, &err), -EBADF);
	ck_assert_str_eq(err.text, "unable to ensure that fd 4 is open for --preserve-fds");
	/* One of our own that took the number. */
	ck_assert_int_eq(dup3(0, 4, O_CLOEXEC), 4);
	ck_assert_int_eq(program_limit_fds(2, false, &err), -EBADF);
	ck_assert_int_eq(program_limit_fds(UINT_MAX, false, &err), -EBADF);
	close_from_3();
}
END_TEST

static unsigned long long status_mask(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long mask = ~0ULL;
	char line[256];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			mask = strtoull(line + strlen(name) + 1, NULL, 16);
	(void)fclose(file);
	return mask;
}

START_TEST(ignored_and_blocked_signals_are_reset)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGRTMAX, SIG_IGN);
	(void)sigfillset(&set);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_uint_ne(status_mask("SigIgn:"), 0);
	ck_assert_uint_ne(status_mask("SigBlk:"), 0);
	ck_assert_msg(program_reset_signals(&err) == 0, "%s", err.text);
	ck_assert_uint_eq(status_mask("SigIgn:"), 0);
	ck_assert_uint_eq(status_mask("SigBlk:"), 0);
	ck_assert_uint_eq(status_mask("SigCgt:"), 0);
}
END_TEST

Suite *suite_program(void);

Suite *suite_program(void)
{
	Suite *suite = suite_create("program");
	TCase *program_case = tcase_create("program");
	TCase *state_case = tcase_create("fds and signals");

	tcase_add_checked_fixture(program_case, setup, teardown);
	tcase_add_test(program_case, the_first_executable_file_in_path_is_found);
	tcase_add_test(
		program_case, a_name_that_is_in_no_directory_is_reported_as_engines_match_it);
	tcase_add_test(program_case, a_name_with_a_slash_is_not_searched_for);
	tcase_add_test(program_case, a_file_that_cannot_be_executed_says_why);
	tcase_add_test(program_case, a_path_element_longer_than_path_max_is_passed_over);
	tcase_add_test(program_case, an_empty_path_element_is_the_working_directory);
	tcase_add_test(program_case, without_path_the_usual_directories_are_searched);
	tcase_add_test(program_case, no_arguments_are_an_error);
	tcase_add_test(program_case, the_last_variable_of_a_name_wins_where_it_stands);
	tcase_add_test(program_case, an_empty_home_is_replaced);
	tcase_add_test(program_case, a_variable_without_a_name_or_equals_sign_is_an_error);
	tcase_add_test(program_case, a_large_environment_keeps_every_name);
	suite_add_tcase(suite, program_case);
	tcase_add_test(state_case, only_stdio_and_preserved_fds_stay_open_over_exec);
	tcase_add_test(state_case, a_preserved_fd_that_the_caller_did_not_open_is_an_error);
	tcase_add_test(state_case, ignored_and_blocked_signals_are_reset);
	suite_add_tcase(suite, state_case);
	return suite;
}
