/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/files.h"

#include "libcontainer/base/cleanup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct nacre_error err;
static char directory[64];
static int dir_fd = -1;

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(directory, sizeof(directory), "%s/nacre-files-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void empty(void)
{
	struct dirent *entry;
	DIR *dir = opendir(directory);

	while ((entry = readdir(dir))) {
		(void)unlinkat(dir_fd, entry->d_name, 0);
		(void)unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

static void tear_down(void)
{
	empty();
	(void)rmdir(directory);
	fd_close(&dir_fd);
}

static void put(const char *name, const char *text, size_t length)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
	close(fd);
}

static int count(void)
{
	DIR *dir = opendir(directory);
	int n = -2;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* --- reading --- */

static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};

START_TEST(a_file_of_any_size_is_read_whole)
{
	const size_t size = sizes[_i];
	cleanup_free char *text = malloc(size + 1);
	cleanup_free char *read_text = NULL;
	size_t length = 7;

	for (size_t i = 0; i < size; i++)
		text[i] = (char)(i * 31);
	put("file", text, size);
	ck_assert_msg(
		file_read(dir_fd, "file", size, &read_text, &length, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(length, size);
	ck_assert_int_eq(memcmp(text, read_text, size), 0);
	ck_assert_int_eq(read_text[size], '\0');
}
END_TEST

START_TEST(a_file_past_the_limit_is_refused)
{
	char *text = NULL;
	size_t length;

	put("file", "12345", 5);
	ck_assert_int_eq(file_read(dir_fd, "file", 4, &text, &length, &err), -EFBIG);
	ck_assert_str_eq(err.text, "read file: larger than 4 bytes");
	ck_assert_ptr_null(text);
	ck_assert_int_eq(file_read(dir_fd, "file", 0, &text, &length, &err), -EFBIG);
}
END_TEST

START_TEST(a_pipe_is_read_to_its_end)
{
	cleanup_free char *text = NULL;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "abc", 3), 3);
	close(ends[1]);
	ck_assert_int_eq(file_read_fd(ends[0], "pipe", 100, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "abc");
	close(ends[0]);
}
END_TEST

START_TEST(a_symlink_is_not_read_and_not_written)
{
	char *text;

	put("file", "x", 1);
	ck_assert_int_eq(symlinkat("file", dir_fd, "link"), 0);
	ck_assert_int_eq(file_read(dir_fd, "link", 100, &text, NULL, &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.text, "open link"));
	ck_assert_int_eq(file_write(dir_fd, "link", "y"), -ELOOP);
}
END_TEST

START_TEST(a_fifo_does_not_hang_the_reader)
{
	cleanup_free char *text = NULL;

	ck_assert_int_eq(mkfifoat(dir_fd, "fifo", 0600), 0);
	ck_assert_int_eq(file_read(dir_fd, "fifo", 100, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

/* --- writing --- */

START_TEST(a_write_goes_to_what_exists_only)
{
	cleanup_free char *text = NULL;

	ck_assert_int_eq(file_write(dir_fd, "file", "x"), -ENOENT);
	ck_assert_int_eq(count(), 0);
	put("file", "old", 3);
	ck_assert_int_eq(file_write(dir_fd, "file", "new value"), 0);
	ck_assert_int_eq(file_read(dir_fd, "file", 100, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "new value");
}
END_TEST

START_TEST(a_value_that_the_kernel_refuses_is_its_error)
{
	ck_assert_int_eq(file_write(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}
END_TEST

START_TEST(a_replaced_file_has_the_mode_whatever_the_umask)
{
	struct stat st;

	(void)umask(0777);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(file_replace(dir_fd, "file", "text\0more", 9, 0640, &err) == 0, "%s",
			err.text);
	(void)umask(0);
	ck_assert_int_eq(fstatat(dir_fd, "file", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_int_eq(st.st_size, 9);
	ck_assert_int_eq(count(), 1);
}
END_TEST

START_TEST(a_file_is_replaced_by_its_path_too)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/pid", directory);
	ck_assert_int_eq(file_replace(AT_FDCWD, path, "42", 2, 0644, &err), 0);
	ck_assert_int_eq(faccessat(dir_fd, "pid", F_OK, 0), 0);
	ck_assert_int_eq(count(), 1);
}
END_TEST

START_TEST(a_symlink_is_replaced_and_not_followed)
{
	cleanup_free char *text = NULL;

	put("victim", "old", 3);
	ck_assert_int_eq(symlinkat("victim", dir_fd, "file"), 0);
	ck_assert_int_eq(file_replace(dir_fd, "file", "new", 3, 0600, &err), 0);
	ck_assert_int_eq(file_read(dir_fd, "victim", 100, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "old");
}
END_TEST

/* What a killed process with our pid has left, or an attacker has put there. */
START_TEST(a_leftover_is_not_written_through)
{
	cleanup_free char *text = NULL;
	char name[64];

	(void)snprintf(name, sizeof(name), ".file.%d", (int)getpid());
	put("victim", "old", 3);
	ck_assert_int_eq(symlinkat("victim", dir_fd, name), 0);
	ck_assert_int_eq(file_replace(dir_fd, "file", "new", 3, 0600, &err), 0);
	ck_assert_int_eq(file_read(dir_fd, "victim", 100, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "old");
	ck_assert_int_eq(count(), 2);
}
END_TEST

START_TEST(what_cannot_be_replaced_leaves_nothing_behind)
{
	ck_assert_int_eq(mkdirat(dir_fd, "file", 0755), 0);
	ck_assert_int_eq(file_replace(dir_fd, "file", "new", 3, 0600, &err), -EISDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "write file"));
	ck_assert_int_eq(count(), 1);
	ck_assert_int_eq(unlinkat(dir_fd, "file", AT_REMOVEDIR), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, "/nowhere/at/all", "new", 3, 0600, &err), -ENOENT);
}
END_TEST

/* --- closing --- */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(everything_is_closed_but_stdio_and_what_is_kept)
{
	const int keep[] = {9, -1, 12, 5, 9};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (int fd = 3; fd < 40; fd++)
			(void)dup2(0, fd);
		if (fd_close_all_except(keep, 5) < 0)
			_exit(1);
		for (int fd = 0; fd < 40; fd++) {
			bool kept = fd < 3 || fd == 5 || fd == 9 || fd == 12;

			if (is_open(fd) != kept)
				_exit(100 + fd);
		}
		if (fd_close_all_except(NULL, 0) < 0 || is_open(5) || !is_open(2))
			_exit(2);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(a_closed_fd_is_forgotten_and_errno_stays)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int number = fd;

	errno = ENOTTY;
	fd_close(&fd);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(fd, -1);
	ck_assert(!is_open(number));
	errno = ENOTTY;
	fd_close(&fd);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

Suite *suite_files(void);

Suite *suite_files(void)
{
	Suite *suite = suite_create("files");
	TCase *t = tcase_create("files");

	/* By the runner, so that a test that fails leaves nothing behind. */
	tcase_add_unchecked_fixture(t, set_up, tear_down);
	tcase_add_checked_fixture(t, empty, NULL);
	tcase_add_loop_test(
		t, a_file_of_any_size_is_read_whole, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(t, a_file_past_the_limit_is_refused);
	tcase_add_test(t, a_pipe_is_read_to_its_end);
	tcase_add_test(t, a_symlink_is_not_read_and_not_written);
	tcase_add_test(t, a_fifo_does_not_hang_the_reader);
	tcase_add_test(t, a_write_goes_to_what_exists_only);
	tcase_add_test(t, a_value_that_the_kernel_refuses_is_its_error);
	tcase_add_test(t, a_replaced_file_has_the_mode_whatever_the_umask);
	tcase_add_test(t, a_file_is_replaced_by_its_path_too);
	tcase_add_test(t, a_symlink_is_replaced_and_not_followed);
	tcase_add_test(t, a_leftover_is_not_written_through);
	tcase_add_test(t, what_cannot_be_replaced_leaves_nothing_behind);
	tcase_add_test(t, everything_is_closed_but_stdio_and_what_is_kept);
	tcase_add_test(t, a_closed_fd_is_forgotten_and_errno_stays);
	suite_add_tcase(suite, t);
	return suite;
}
