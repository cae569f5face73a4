/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/journal.h"
#include "tests/live/mount_fixture.h" /* last: check.h has a macro fail */

#include <endian.h>
#include <stdint.h>
#include <sys/socket.h>

Suite *suite_journal(void);

static int journald = -1;

/* A journald of our own, in a mount namespace that ends with the test. */
static void set_up(void)
{
	int dir;

	own_namespace();
	SYS(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"));
	SYS(mkdir("/run/systemd", 0755));
	SYS(mkdir("/run/systemd/journal", 0755));
	SYS(dir = open("/run/systemd/journal", O_PATH | O_DIRECTORY | O_CLOEXEC));
	journald = socket_bind(dir, "socket", SOCK_DGRAM, 0666);
	ck_assert_int_ge(journald, 0);
	(void)close(dir);
}

/* The value of field NAME, whose length must be there; NULL: it is not among them. */
static const char *value_of(char *message, size_t size, const char *name, size_t *ret_length)
{
	for (char *at = message; at < message + size;) {
		size_t length = strcspn(at, "\n") + 1;
		bool found = strlen(name) == length - 1 && !strncmp(at, name, length - 1);
		uint64_t n;

		at += length;
		memcpy(&n, at, sizeof(n));
		at += sizeof(n) + le64toh(n) + 1;
		ck_assert(at <= message + size);
		ck_assert_int_eq(at[-1], '\n');
		*ret_length = le64toh(n);
		if (found)
			return at - 1 - le64toh(n);
	}
	return NULL;
}

START_TEST(a_message_has_its_fields_whatever_is_in_them)
{
	static const struct journal_field fields[] = {
		{"MESSAGE", "two\nPRIORITY=0\nlines"}, {"NACRE_ID", "x"}, {"NACRE_RULE", NULL}};
	cleanup_close int fd = -1;
	char message[512];
	const char *value;
	ssize_t n;
	size_t length;

	OK(fd = journal_open(&err));
	OK(journal_send(fd, fields, 3, &err));
	n = recv(journald, message, sizeof(message), 0);
	ck_assert_int_gt(n, 0);
	value = value_of(message, (size_t)n, "MESSAGE", &length);
	ck_assert_uint_eq(length, strlen(fields[0].value));
	ck_assert_mem_eq(value, fields[0].value, length);
	ck_assert_ptr_nonnull(value_of(message, (size_t)n, "NACRE_ID", &length));
	ck_assert_ptr_null(value_of(message, (size_t)n, "PRIORITY", &length));
	ck_assert_ptr_null(value_of(message, (size_t)n, "NACRE_RULE", &length));
}
END_TEST

/* journald takes a file only if it is sealed. */
START_TEST(a_long_message_goes_in_a_sealed_file)
{
	enum {
		LONG = 1 << 20
	};
	char *text = malloc(LONG + 1), *message = malloc(2 * LONG), byte;
	const struct journal_field fields[] = {{"MESSAGE", text}};
	int fd = -1, file = -1;
	size_t length;
	ssize_t n;

	memset(text, 'a', LONG);
	text[LONG] = '\0';
	OK(fd = journal_open(&err));
	OK(journal_send(fd, fields, 1, &err));
	ck_assert_int_eq(fd_receive(journald, &byte, 1, &file, 1), 0);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(fcntl(file, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	n = read(file, message, 2 * LONG);
	ck_assert_int_gt(n, LONG);
	ck_assert_ptr_nonnull(value_of(message, (size_t)n, "MESSAGE", &length));
	ck_assert_uint_eq(length, LONG);
	(void)close(file);
	(void)close(fd);
	free(text);
	free(message);
}
END_TEST

START_TEST(without_journald_it_says_so)
{
	SYS(unlink("/run/systemd/journal/socket"));
	ck_assert_int_eq(journal_open(&err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "is systemd-journald running?"));
}
END_TEST

/* A reader that is stuck: the queue of datagrams fills up. */
START_TEST(a_journald_that_hangs_holds_nobody_up_for_long)
{
	const struct journal_field field = {"MESSAGE", "x"};
	cleanup_close int fd = -1;
	int r = 0;

	OK(fd = journal_open(&err));
	for (int i = 0; i < 100000 && r == 0; i++)
		r = journal_send(fd, &field, 1, &err);
	ck_assert_int_eq(r, -EAGAIN);
}
END_TEST

Suite *suite_journal(void)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("journal");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, a_message_has_its_fields_whatever_is_in_them);
	tcase_add_test(tcase, a_long_message_goes_in_a_sealed_file);
	tcase_add_test(tcase, without_journald_it_says_so);
	tcase_add_test(tcase, a_journald_that_hangs_holds_nobody_up_for_long);
	suite_add_tcase(suite, tcase);
	return suite;
}
