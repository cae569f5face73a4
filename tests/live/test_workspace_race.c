/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/workspace_walk_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/workspace/diff_text.h"

Suite *suite_workspace_race(void);

static int rounds(void)
{
	const char *text = getenv("NACRE_RACE_ROUNDS");

	return text ? atoi(text) : 200;
}

/* Exchanges two names of the source until this test ends. */
static pid_t begin_swapping(const char *a, const char *b)
{
	pid_t pid = fork();

	SYS(pid);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)renameat2(walk.source_fd, a, walk.source_fd, b, RENAME_EXCHANGE);
}

static void end_swapping(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	SYS(waitpid(pid, NULL, 0));
}

static bool is_listed(const char *path)
{
	for (size_t i = 0; i < changes.n; i++)
		if (!strcmp(changes.items[i].path, path))
			return true;
	return false;
}

/* Outside is what the container has written: who followed the link would see no change. */
START_TEST(a_directory_of_the_source_that_becomes_a_link_is_not_followed)
{
	pid_t pid;

	shell("", "mkdir -p outside/e");
	shell("source", "mkdir -p d/e; echo 11 >d/e/f; ln -s ../outside x");
	begin(false);
	shell("merged", "echo 22 >d/e/f; chmod 700 d");
	shell("outside", "echo 22 >e/f");
	end();
	pid = begin_swapping("d", "x");
	for (int i = 0; i < rounds(); i++) {
		arena_free(arena);
		arena = arena_new(1 << 20);
		read_changes();
		ck_assert(is_listed("d/e/f"));
	}
	end_swapping(pid);
}
END_TEST

START_TEST(nor_is_a_file)
{
	pid_t pid;

	shell("", "echo 22 >outside");
	shell("source", "echo 11 >f; ln -s ../outside x");
	begin(false);
	shell("merged", "echo 22 >f");
	end();
	pid = begin_swapping("f", "x");
	for (int i = 0; i < rounds(); i++) {
		arena_free(arena);
		arena = arena_new(1 << 20);
		read_changes();
		ck_assert(is_listed("f"));
	}
	end_swapping(pid);
}
END_TEST

/* --- diff_text.h --- */

static int file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	SYS(fd);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	SYS(lseek(fd, 0, SEEK_SET));
	return fd;
}

START_TEST(a_child_makes_the_diff)
{
	cleanup_close int a = file_of("1\n2\n", 4), b = file_of("1\n3\n", 4);
	cleanup_close int zero = file_of("\0", 1), large = file_of("", 0);
	enum line_diff_result result;
	size_t length;
	char *hunks;

	ck_assert_int_eq(diff_text_run(a, b, &hunks, &length, &result, &err), 0);
	ck_assert_int_eq(result, LINE_DIFF_DONE);
	ck_assert_str_eq(hunks, "@@ -1,2 +1,2 @@\n 1\n-2\n+3\n");
	free(hunks);
	SYS(lseek(a, 0, SEEK_SET));
	ck_assert_int_eq(diff_text_run(-1, a, &hunks, &length, &result, &err), 0);
	ck_assert_str_eq(hunks, "@@ -0,0 +1,2 @@\n+1\n+2\n");
	free(hunks);
	ck_assert_int_eq(diff_text_run(zero, -1, &hunks, &length, &result, &err), 0);
	ck_assert_int_eq(result, LINE_DIFF_BINARY);
	free(hunks);
	SYS(ftruncate(large, 1));
	for (int i = 0; i <= LINE_DIFF_BYTES; i += 4096) {
		char page[4096];

		memset(page, 'x', sizeof(page));
		ck_assert_int_eq(pwrite(large, page, sizeof(page), i), (int)sizeof(page));
	}
	ck_assert_int_eq(diff_text_run(-1, large, &hunks, &length, &result, &err), 0);
	ck_assert_int_eq(result, LINE_DIFF_LARGE);
	free(hunks);
}
END_TEST

/* What cannot be read is no empty file. */
START_TEST(a_child_that_fails_is_an_error)
{
	cleanup_close int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum line_diff_result result;
	size_t length;
	char *hunks;

	ck_assert_int_eq(diff_text_run(directory, -1, &hunks, &length, &result, &err), -EIO);
	ck_assert_str_eq(err.text, "the diff of a file failed");
}
END_TEST

Suite *suite_workspace_race(void)
{
	Suite *s = suite_create("workspace_race");
	TCase *tc = tcase_create("workspace_race");

	tcase_add_checked_fixture(tc, set_up_workspace, tear_down_workspace);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_directory_of_the_source_that_becomes_a_link_is_not_followed);
	tcase_add_test(tc, nor_is_a_file);
	tcase_add_test(tc, a_child_makes_the_diff);
	tcase_add_test(tc, a_child_that_fails_is_an_error);
	suite_add_tcase(s, tc);
	return s;
}
