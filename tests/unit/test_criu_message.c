/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/criu_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

Suite *suite_criu_message(void);

/* --- what is sent --- */

static void check_request(enum criu_request type, struct criu_options *options,
	const unsigned char *expected, size_t length)
{
	unsigned char *bytes = NULL;
	struct nacre_error err;
	size_t n = 0;

	ck_assert_int_eq(criu_request_encode(type, options, &bytes, &n, &err), 0);
	ck_assert_uint_eq(n, length);
	ck_assert_mem_eq(bytes, expected, length);
	free(bytes);
	if (options)
		criu_options_free(options);
}
#define CHECK_REQUEST(type, options, ...)                                   \
	do {                                                                \
		static const unsigned char expected_[] = {__VA_ARGS__};     \
		check_request(type, options, expected_, sizeof(expected_)); \
	} while (0)

START_TEST(a_number_has_seven_bits_a_byte)
{
	struct criu_options options = {.length = 0};

	criu_add_number(&options, CRIU_PID, 300);
	criu_add_number(&options, CRIU_EMPTY_NS, 0x40000000);
	CHECK_REQUEST(CRIU_DUMP, &options, 0x08, 1, 0x12, 10, 0x10, 0xac, 0x02, 0xb0, 0x02, 0x80,
		0x80, 0x80, 0x80, 0x04);
}
END_TEST

START_TEST(texts_and_messages_have_their_length_in_front)
{
	struct criu_options options = {.length = 0};

	criu_add_text(&options, CRIU_ROOT, "/r");
	criu_add_text_and_number(&options, CRIU_INHERIT_FD, "k", 4);
	criu_add_texts(&options, CRIU_JOIN_NS, "a", "b");
	CHECK_REQUEST(CRIU_RESTORE, &options, 0x08, 2, 0x12, 21, 0x6a, 2, '/', 'r', 0xda, 0x01, 5,
		0x0a, 1, 'k', 0x10, 4, 0xba, 0x02, 6, 0x0a, 1, 'a', 0x12, 1, 'b');
}
END_TEST

START_TEST(a_notification_is_answered_with_success)
{
	CHECK_REQUEST(CRIU_NOTIFY, NULL, 0x08, 6, 0x18, 1);
}
END_TEST

START_TEST(many_options_fit)
{
	struct criu_options options = {.length = 0};
	unsigned char *bytes = NULL;
	struct nacre_error err;
	size_t n = 0;

	for (int i = 0; i < 1000; i++)
		criu_add_text(&options, CRIU_EXTERNAL, "mnt[/some/where]:/some/where");
	ck_assert_int_eq(criu_request_encode(CRIU_DUMP, &options, &bytes, &n, &err), 0);
	ck_assert_uint_eq(n, 2 + 1 + 3 + 1000 * (3 + strlen("mnt[/some/where]:/some/where")));
	free(bytes);
	criu_options_free(&options);
}
END_TEST

/* --- what comes back --- */

static int decode(const unsigned char *bytes, size_t length, struct criu_response *response)
{
	/* A copy of that size, so that a sanitizer sees a read past it. */
	unsigned char *copy = malloc(length ? length : 1);
	struct nacre_error err;
	int r;

	memcpy(copy, bytes, length);
	r = criu_response_decode(copy, length, response, &err);
	free(copy);
	return r;
}

static const unsigned char notification[] = {0x08, 6, 0x10, 1, 0x2a, 17, 0x0a, 12, 'p', 'o', 's',
	't', '-', 'r', 'e', 's', 't', 'o', 'r', 'e', 0x10, 0xac, 0x02};

START_TEST(a_notification_has_a_name_and_a_pid)
{
	struct criu_response response;

	ck_assert_int_eq(decode(notification, sizeof(notification), &response), 0);
	ck_assert_uint_eq(response.type, CRIU_NOTIFY);
	ck_assert(response.success);
	ck_assert_str_eq(response.script, "post-restore");
	ck_assert_int_eq(response.pid, 300);
}
END_TEST

START_TEST(a_failure_has_an_errno_and_unknown_fields_are_skipped)
{
	/* a 64-bit and a 32-bit field, and a text, that nobody knows */
	static const unsigned char bytes[] = {0x08, 1, 0x10, 0, 0x38, 3, 0xf9, 0x07, 1, 2, 3, 4, 5,
		6, 7, 8, 0xfd, 0x07, 1, 2, 3, 4, 0x4a, 2, 'h', 'm'};
	struct criu_response response;

	ck_assert_int_eq(decode(bytes, sizeof(bytes), &response), 0);
	ck_assert_uint_eq(response.type, CRIU_DUMP);
	ck_assert(!response.success);
	ck_assert_int_eq(response.error, 3);
}
END_TEST

START_TEST(the_end_of_a_restore_has_its_pid)
{
	static const unsigned char bytes[] = {0x08, 2, 0x10, 1, 0x22, 2, 0x08, 7};
	struct criu_response response;

	ck_assert_int_eq(decode(bytes, sizeof(bytes), &response), 0);
	ck_assert_int_eq(response.pid, 7);
}
END_TEST

START_TEST(what_is_cut_off_is_refused)
{
	struct criu_response response;

	for (size_t length = 1; length < sizeof(notification); length++) {
		/* These end between two fields. */
		if (length == 2 || length == 4)
			continue;
		ck_assert_int_eq(decode(notification, length, &response), -EBADMSG);
	}
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	static const unsigned char varint[] = {
		0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
	static const unsigned char length[] = {
		0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
	static const unsigned char group[] = {0x0b};
	unsigned char name[2 + 2 + 32] = {0x2a, 34, 0x0a, 32};
	struct criu_response response;

	memset(name + 4, 'x', 32);
	ck_assert_int_eq(decode(varint, sizeof(varint), &response), -EBADMSG);
	ck_assert_int_eq(decode(length, sizeof(length), &response), -EBADMSG);
	ck_assert_int_eq(decode(group, sizeof(group), &response), -EBADMSG);
	ck_assert_int_eq(decode(name, sizeof(name), &response), -EBADMSG);
}
END_TEST

START_TEST(what_no_writer_writes_is_refused)
{
	static const unsigned char field_zero[] = {0x00, 1};
	static const unsigned char nul[] = {0x2a, 5, 0x0a, 3, 'a', 0, 'b'};
	struct criu_response response;

	ck_assert_int_eq(decode(field_zero, sizeof(field_zero), &response), -EBADMSG);
	ck_assert_int_eq(decode(nul, sizeof(nul), &response), -EBADMSG);
}
END_TEST

Suite *suite_criu_message(void)
{
	Suite *suite = suite_create("criu_message");
	TCase *tc = tcase_create("criu_message");

	tcase_add_test(tc, a_number_has_seven_bits_a_byte);
	tcase_add_test(tc, texts_and_messages_have_their_length_in_front);
	tcase_add_test(tc, a_notification_is_answered_with_success);
	tcase_add_test(tc, many_options_fit);
	tcase_add_test(tc, a_notification_has_a_name_and_a_pid);
	tcase_add_test(tc, a_failure_has_an_errno_and_unknown_fields_are_skipped);
	tcase_add_test(tc, the_end_of_a_restore_has_its_pid);
	tcase_add_test(tc, what_is_cut_off_is_refused);
	tcase_add_test(tc, what_is_too_long_is_refused);
	tcase_add_test(tc, what_no_writer_writes_is_refused);
	suite_add_tcase(suite, tc);
	return suite;
}
