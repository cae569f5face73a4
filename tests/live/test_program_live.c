/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/program.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct nacre_error err;
static struct arena *arena;
static struct program program;
static int host_fd = -1; /* a directory outside, as CVE-2024-21626 left one open */

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

/* The test's root is a tmpfs that goes away with its mount namespace. */
static void setup(void)
{
	arena = arena_new(1 << 20);
	ck_assert_ptr_nonnull(arena);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	host_fd = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(host_fd, 0);
	ck_assert_int_eq(mount("tmpfs", "/tmp", "tmpfs", 0, "mode=755"), 0);
	ck_assert_int_eq(
		mkdir("/tmp/proc", 0755) | mkdir("/tmp/etc", 0755) | mkdir("/tmp/bin", 0755), 0);
	ck_assert_int_eq(mount("/proc", "/tmp/proc", NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(chroot("/tmp") | chdir("/"), 0);
}

static void teardown(void)
{
	arena_free(arena);
}

/* --- HOME --- */

static const char *home_of(uint32_t uid)
{
	const char *args[] = {"/bin/x"};
	const struct oci_process process = {.args = {args, 1}, .user = {.uid = uid}};

	put("/bin/x", "", 0755);
	ck_assert_msg(program_prepare(arena, &process, NULL, &program, &err) == 0, "%s", err.text);
	ck_assert_ptr_null(program.envp[1]);
	ck_assert_int_eq(strncmp(program.envp[0], "HOME=", 5), 0);
	return program.envp[0] + 5;
}

START_TEST(home_is_that_of_the_uid)
{
	put("/etc/passwd",
		"root:x:0:0:root:/root:/bin/sh\n"
		"x:x:1000:0::/first:\n"
		"y:x:1000:0::/second:\n"
		"last:x:7:7::/last:/bin/sh",
		0644);
	ck_assert_str_eq(home_of(0), "/root");
	ck_assert_str_eq(home_of(1000), "/first");
	ck_assert_str_eq(home_of(7), "/last");
	ck_assert_str_eq(home_of(8), "/");
}
END_TEST

START_TEST(lines_of_passwd_that_are_not_proper_are_passed_over)
{
	put("/etc/passwd",
		"\n:\n#root:x:0:0::/comment:\n"
		"short:x:5:5:/short\n"
		"sign:x:+5:0::/sign:\nblank:x: 5:0::/blank:\ntail:x:5x:0::/tail:\n"
		"wrap:x:4294967301:0::/wrap:\nhuge:x:99999999999999999999999:0::/huge:\n"
		"none:x::0::/none:\n"
		"good:x:5:5::/good:\n",
		0644);
	ck_assert_str_eq(home_of(5), "/good");
	ck_assert_str_eq(home_of(0), "/");
}
END_TEST

START_TEST(a_home_that_is_not_absolute_is_the_root)
{
	put("/etc/passwd", "a:x:5:5::home/a:\nb:x:6:6:::\n", 0644);
	ck_assert_str_eq(home_of(5), "/");
	ck_assert_str_eq(home_of(6), "/");
}
END_TEST

START_TEST(passwd_is_read_up_to_a_bound)
{
	char *text = malloc((2 << 20) + 64);

	memset(text, 'x', 2 << 20);
	text[1000] = '\n';
	/* A line too long, which ends in one that would do; then one behind the bound. */
	(void)memcpy(text + 100000, "\nok:x:5:5::/ok:\n", 16);
	(void)strcpy(text + (2 << 20), "\nfar:x:6:6::/far:\n");
	put("/etc/passwd", text, 0644);
	free(text);
	ck_assert_str_eq(home_of(5), "/ok");
	ck_assert_str_eq(home_of(6), "/");
}
END_TEST

START_TEST(a_passwd_that_is_no_file_is_not_waited_for)
{
	ck_assert_int_eq(mkfifo("/etc/passwd", 0644), 0);
	ck_assert_str_eq(home_of(0), "/");
	ck_assert_int_eq(unlink("/etc/passwd"), 0);
	ck_assert_str_eq(home_of(0), "/");
	ck_assert_int_eq(mkdir("/etc/passwd", 0755), 0);
	ck_assert_str_eq(home_of(0), "/");
}
END_TEST

/* --- cwd --- */

static void check_cwd(const char *expected)
{
	char path[256];

	ck_assert_ptr_nonnull(getcwd(path, sizeof(path)));
	ck_assert_str_eq(path, expected);
}

START_TEST(a_missing_working_directory_is_made_if_asked_for)
{
	struct stat st;

	ck_assert_int_eq(program_enter_cwd("/a/b/c", false, &err), -ENOENT);
	ck_assert_str_eq(err.text, "process.cwd: chdir /a/b/c: no such file or directory");
	ck_assert_msg(program_enter_cwd("/a/b/c", true, &err) == 0, "%s", err.text);
	check_cwd("/a/b/c");
	ck_assert_int_eq(stat("/a/b", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_msg(program_enter_cwd("/a", true, &err) == 0, "%s", err.text);
	check_cwd("/a");
}
END_TEST

START_TEST(a_working_directory_through_a_symlink_stays_inside)
{
	ck_assert_int_eq(symlink("../../etc", "/link"), 0);
	ck_assert_msg(program_enter_cwd("/link", true, &err) == 0, "%s", err.text);
	check_cwd("/etc");
}
END_TEST

START_TEST(a_working_directory_that_the_user_may_not_enter_says_so)
{
	ck_assert_int_eq(mkdir("/closed", 0700), 0);
	ck_assert_int_eq(setresuid(1000, 1000, 1000), 0);
	ck_assert_int_eq(program_enter_cwd("/closed", true, &err), -EACCES);
	ck_assert_str_eq(err.text, "process.cwd: chdir /closed: permission denied");
}
END_TEST

START_TEST(a_file_is_no_working_directory)
{
	put("/file", "", 0644);
	ck_assert_int_eq(program_enter_cwd("/file", true, &err), -ENOTDIR);
}
END_TEST

/* CVE-2024-21626. */
START_TEST(a_working_directory_outside_the_root_is_refused)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", host_fd);
	ck_assert_int_eq(program_enter_cwd(path, true, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "lies outside the container's root"));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/../usr/bin", host_fd);
	ck_assert_int_eq(program_enter_cwd(path, true, &err), -EPERM);
}
END_TEST

/* --- exec --- */

static int run_program(const char *path)
{
	char *argv[] = {(char *)path, NULL};
	char *envp[] = {NULL};
	const struct program run = {(char *)path, argv, envp};

	return program_exec(&run, &err);
}

START_TEST(a_missing_interpreter_is_told_from_a_missing_file)
{
	put("/bin/script", "#!/nonexistent\n", 0755);
	ck_assert_int_eq(run_program("/bin/script"), -ENOENT);
	ck_assert_str_eq(err.text,
		"exec /bin/script: no such file or directory (its interpreter is missing)");
}
END_TEST

START_TEST(what_is_no_program_says_why)
{
	put("/bin/text", "hello\n", 0755);
	ck_assert_int_eq(run_program("/bin/text"), -ENOEXEC);
	ck_assert_str_eq(err.text, "exec /bin/text: exec format error");
	put("/bin/closed", "", 0644);
	ck_assert_int_eq(run_program("/bin/closed"), -EACCES);
	ck_assert_str_eq(err.text, "exec /bin/closed: permission denied");
}
END_TEST

START_TEST(a_program_on_a_noexec_mount_is_not_found_executable)
{
	const char *args[] = {"/noexec/x"};
	const struct oci_process process = {.args = {args, 1}};

	ck_assert_int_eq(mkdir("/noexec", 0755), 0);
	ck_assert_int_eq(mount("tmpfs", "/noexec", "tmpfs", MS_NOEXEC, NULL), 0);
	put("/noexec/x", "", 0755);
	ck_assert_int_eq(program_prepare(arena, &process, NULL, &program, &err), -EACCES);
	ck_assert_str_eq(err.text, "exec: \"/noexec/x\": permission denied");
}
END_TEST

START_TEST(the_ids_of_the_process_decide_what_is_executable)
{
	const char *args[] = {"/bin/x"};
	const struct oci_process process = {.args = {args, 1}};

	put("/bin/x", "", 0700);
	ck_assert_msg(program_prepare(arena, &process, NULL, &program, &err) == 0, "%s", err.text);
	ck_assert_int_eq(setresuid(1000, 1000, 1000), 0);
	ck_assert_int_eq(program_prepare(arena, &process, NULL, &program, &err), -EACCES);
}
END_TEST

Suite *suite_program_live(void);

Suite *suite_program_live(void)
{
	Suite *suite = suite_create("program_live");
	TCase *tcase = tcase_create("process");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, home_is_that_of_the_uid);
	tcase_add_test(tcase, lines_of_passwd_that_are_not_proper_are_passed_over);
	tcase_add_test(tcase, a_home_that_is_not_absolute_is_the_root);
	tcase_add_test(tcase, passwd_is_read_up_to_a_bound);
	tcase_add_test(tcase, a_passwd_that_is_no_file_is_not_waited_for);
	tcase_add_test(tcase, a_missing_working_directory_is_made_if_asked_for);
	tcase_add_test(tcase, a_working_directory_through_a_symlink_stays_inside);
	tcase_add_test(tcase, a_working_directory_that_the_user_may_not_enter_says_so);
	tcase_add_test(tcase, a_file_is_no_working_directory);
	tcase_add_test(tcase, a_working_directory_outside_the_root_is_refused);
	tcase_add_test(tcase, a_missing_interpreter_is_told_from_a_missing_file);
	tcase_add_test(tcase, what_is_no_program_says_why);
	tcase_add_test(tcase, a_program_on_a_noexec_mount_is_not_found_executable);
	tcase_add_test(tcase, the_ids_of_the_process_decide_what_is_executable);
	suite_add_tcase(suite, tcase);
	return suite;
}
