/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/denials.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Suite *suite_denials(void);

static char place[32];
static int dir;
static int counts_fd;
static struct denial_count read_back[DENIALS_MAX];
static struct nacre_error err;

static void set_up(void)
{
	(void)snprintf(place, sizeof(place), "/tmp/nacre-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place));
	dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	counts_fd = denials_open(dir, true, &err);
	ck_assert_int_ge(counts_fd, 0);
}

static void tear_down(void)
{
	(void)close(counts_fd);
	(void)unlinkat(dir, DENIALS_FILE, 0);
	(void)close(dir);
	(void)rmdir(place);
}

static void add(const char *call, uint64_t count)
{
	struct denial_count more = {.count = count, .rule = 7, .error = EPERM};

	(void)snprintf(more.call, sizeof(more.call), "%s", call);
	ck_assert_int_eq(denials_add(counts_fd, &more), 0);
}

START_TEST(a_call_has_one_count)
{
	ck_assert_int_eq(denials_read(dir, read_back, &err), 0);
	add("bpf", 1);
	add("mount", 1);
	add("bpf", 2);
	ck_assert_int_eq(denials_read(dir, read_back, &err), 2);
	ck_assert_str_eq(read_back[0].call, "bpf");
	ck_assert_uint_eq(read_back[0].count, 3);
	ck_assert_int_eq(read_back[0].rule, 7);
	ck_assert_int_eq(read_back[0].error, EPERM);
	ck_assert_str_eq(read_back[0].grant, "");
	ck_assert_uint_eq(read_back[1].count, 1);
}
END_TEST

START_TEST(what_has_no_line_is_among_others)
{
	char call[16];

	for (int i = 0; i < DENIALS_MAX + 5; i++) {
		(void)snprintf(call, sizeof(call), "call%d", i);
		add(call, 1);
	}
	ck_assert_int_eq(denials_read(dir, read_back, &err), DENIALS_MAX);
	ck_assert_str_eq(read_back[DENIALS_MAX - 1].call, denials_others.call);
	ck_assert_uint_eq(read_back[DENIALS_MAX - 1].count, 6);
	ck_assert_int_eq(read_back[DENIALS_MAX - 1].error, 0);
}
END_TEST

/* Of a tracer that left no room behind its lines. */
START_TEST(a_file_that_ends_has_no_more_lines)
{
	add("bpf", 1);
	ck_assert_int_eq(ftruncate(counts_fd, lseek(counts_fd, 0, SEEK_END) / DENIALS_MAX), 0);
	ck_assert_int_eq(denials_read(dir, read_back, &err), 1);
	add("mount", 1);
	ck_assert_int_eq(denials_read(dir, read_back, &err), 2);
}
END_TEST

START_TEST(what_cannot_be_read_or_written_is_an_error)
{
	struct denial_count more = {.count = 1, .call = "bpf"};
	int read_only = denials_open(dir, false, &err);

	ck_assert_int_ge(read_only, 0);
	(void)close(read_only);
	read_only = openat(dir, DENIALS_FILE, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(denials_add(read_only, &more), -EBADF);
	(void)close(read_only);
	ck_assert_int_eq(pwrite(counts_fd, "noise", 5, 0), 5);
	ck_assert_int_eq(denials_add(counts_fd, &more), -EBADMSG);
	ck_assert_int_eq(denials_read(dir, read_back, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "line 1 of \"denials\""));
}
END_TEST

Suite *suite_denials(void)
{
	Suite *suite = suite_create("denials");
	TCase *t = tcase_create("denials");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_call_has_one_count);
	tcase_add_test(t, what_has_no_line_is_among_others);
	tcase_add_test(t, a_file_that_ends_has_no_more_lines);
	tcase_add_test(t, what_cannot_be_read_or_written_is_an_error);
	suite_add_tcase(suite, t);
	return suite;
}
