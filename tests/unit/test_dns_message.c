/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/dns_message.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_dns_message(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define HEADER "\x12\x34\x01\x00\0\1\0\0\0\0\0\0"
#define QUESTION "\3wWw\7example\0\0\1\0\1"
#define OPT "\0\0\x29\4\xd0\0\0\0\0\0\0"

/* In a copy of the exact size, so that a sanitizer sees a read past its end. */
static int read_copy(const void *bytes, size_t n, struct dns_question *ret_question)
{
	uint8_t *copy = malloc(n ? n : 1);
	int r;

	memcpy(copy, bytes, n);
	r = dns_question_read(copy, n, ret_question);
	free(copy);
	return r;
}
#define READ(text, question) read_copy(text, sizeof(text) - 1, question)

START_TEST(a_question_is_read)
{
	struct dns_question question;

	ck_assert_int_eq(READ(HEADER QUESTION, &question), DNS_OK);
	ck_assert_str_eq(question.name, "www.example");
	ck_assert_uint_eq(question.id, 0x1234);
	ck_assert_uint_eq(question.type, DNS_TYPE_A);
	ck_assert(!question.extended);
}
END_TEST

START_TEST(edns_is_tolerated)
{
	static const char options[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1" QUESTION
				      "\0\0\x29\4\xd0\0\0\0\0\0\6\0\xa\0\2xy";
	struct dns_question question;

	ck_assert_int_eq(READ("\x12\x34\x01\0\0\1\0\0\0\0\0\1" QUESTION OPT, &question), DNS_OK);
	ck_assert(question.extended);
	ck_assert_int_eq(READ(options, &question), DNS_OK);
	ck_assert_str_eq(question.name, "www.example");
}
END_TEST

START_TEST(an_answer_has_the_question_as_it_came_and_one_address)
{
	static const char expected[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION
				       "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x12\0\x10";
	uint8_t bytes[DNS_MESSAGE_MAX];
	struct dns_question question;
	size_t n;

	ck_assert_int_eq(READ(HEADER QUESTION, &question), DNS_OK);
	n = dns_answer_write(&question, DNS_OK, 0xc6120010, 60, bytes);
	ck_assert_uint_eq(n, sizeof(expected) - 1);
	ck_assert_mem_eq(bytes, expected, n);
}
END_TEST

START_TEST(an_error_and_no_address_are_answers_without_records)
{
	static const char none[] = "\x12\x34\x81\x80\0\1\0\0\0\0\0\1" QUESTION
				   "\0\0\x29\2\0\0\0\0\0\0\0";
	static const char no_name[] = "\x12\x34\x81\x83\0\1\0\0\0\0\0\0" QUESTION;
	uint8_t bytes[DNS_MESSAGE_MAX];
	struct dns_question question;
	size_t n;

	ck_assert_int_eq(READ("\x12\x34\x01\0\0\1\0\0\0\0\0\1" QUESTION OPT, &question), DNS_OK);
	n = dns_answer_write(&question, DNS_OK, 0, 60, bytes);
	ck_assert_uint_eq(n, sizeof(none) - 1);
	ck_assert_mem_eq(bytes, none, n);
	question.extended = false;
	n = dns_answer_write(&question, DNS_NO_NAME, 1, 60, bytes);
	ck_assert_uint_eq(n, sizeof(no_name) - 1);
	ck_assert_mem_eq(bytes, no_name, n);
}
END_TEST

#define WRONG(text, answer)                    \
	{                                      \
		text, sizeof(text) - 1, answer \
	}
static const struct {
	const char *bytes;
	size_t n;
	int answer;
} wrong[] = {
	WRONG("", -EBADMSG),
	WRONG("\x12\x34\x01\0\0\1\0\0\0\0\0", -EBADMSG),
	WRONG("\x12\x34\x81\x80\0\1\0\0\0\0\0\0" QUESTION, -EBADMSG), /* an answer */
	WRONG("\x12\x34\x29\0\0\1\0\0\0\0\0\0" QUESTION, DNS_NOT_IMPLEMENTED), /* UPDATE */
	WRONG(HEADER "\1a\0\0\1\0\3", DNS_NOT_IMPLEMENTED), /* class CHAOS */
	WRONG(HEADER, DNS_FORMAT_ERROR),
	WRONG("\x12\x34\x01\0\0\2\0\0\0\0\0\0" QUESTION QUESTION, DNS_FORMAT_ERROR),
	WRONG("\x12\x34\x01\0\0\1\0\1\0\0\0\0" QUESTION, DNS_FORMAT_ERROR),
	WRONG("\x12\x34\x01\0\0\1\0\0\0\1\0\0" QUESTION, DNS_FORMAT_ERROR),
	WRONG("\x12\x34\x01\0\0\1\0\0\0\0\0\1" QUESTION, DNS_FORMAT_ERROR),
	WRONG("\x12\x34\x01\0\0\1\0\0\0\0\0\2" QUESTION OPT OPT, DNS_FORMAT_ERROR),
	WRONG("\x12\x34\x01\0\0\1\0\0\0\0\0\1" QUESTION OPT "x", DNS_FORMAT_ERROR),
	WRONG(HEADER QUESTION "x", DNS_FORMAT_ERROR),
	WRONG(HEADER "\1a\0\0\1\0", DNS_FORMAT_ERROR),
	WRONG(HEADER "\1a", DNS_FORMAT_ERROR),
	WRONG(HEADER "\3a\0\0\1\0\1", DNS_FORMAT_ERROR),
	WRONG(HEADER "\xc0\x0c\0\1\0\1", DNS_FORMAT_ERROR), /* compressed */
	WRONG(HEADER "\1a\xc0\x0c\0\1\0\1", DNS_FORMAT_ERROR),
	WRONG(HEADER "\x40\0\1\0\1", DNS_FORMAT_ERROR),
};

START_TEST(what_is_no_question_gets_an_error_or_nothing)
{
	struct dns_question question;
	uint8_t bytes[DNS_MESSAGE_MAX];

	ck_assert_int_eq(read_copy(wrong[_i].bytes, wrong[_i].n, &question), wrong[_i].answer);
	if (wrong[_i].answer < 0)
		return;
	ck_assert_uint_ge(
		dns_answer_write(&question, (enum dns_code)wrong[_i].answer, 0, 0, bytes), 12);
	ck_assert_uint_eq(bytes[3] & 0xf, wrong[_i].answer);
}
END_TEST

/* The names that no host has are told from those that are not allowed by nothing: "". */
START_TEST(names_of_other_letters_and_the_root_are_no_names)
{
	struct dns_question question;

	ck_assert_int_eq(READ(HEADER "\0\0\1\0\1", &question), DNS_OK);
	ck_assert_str_eq(question.name, "");
	ck_assert_int_eq(READ(HEADER "\3a.b\1c\0\0\1\0\1", &question), DNS_OK);
	ck_assert_str_eq(question.name, "");
	ck_assert_int_eq(READ(HEADER "\1a\2\0b\0\0\1\0\1", &question), DNS_OK);
	ck_assert_str_eq(question.name, "");
}
END_TEST

START_TEST(a_name_has_at_most_253_letters_whatever_they_are)
{
	const char letters[] = {'a', '\xff'};

	for (size_t i = 0; i < 2; i++) {
		char bytes[400] = HEADER;
		struct dns_question question;
		size_t n = 12;

		for (int label = 0; label < 127; label++) {
			bytes[n++] = 1;
			bytes[n++] = letters[i];
		}
		memcpy(bytes + n, "\0\0\1\0\1", 5);
		ck_assert_int_eq(read_copy(bytes, n + 5, &question), DNS_OK);
		ck_assert_uint_eq(strlen(question.name), i == 0 ? 253 : 0);
		bytes[n - 2] = 2;
		memcpy(bytes + n, "a\0\0\1\0\1", 6);
		ck_assert_int_eq(read_copy(bytes, n + 6, &question), DNS_FORMAT_ERROR);
	}
}
END_TEST

Suite *suite_dns_message(void)
{
	Suite *suite = suite_create("dns_message");
	TCase *tcase = tcase_create("dns_message");

	tcase_add_test(tcase, a_question_is_read);
	tcase_add_test(tcase, edns_is_tolerated);
	tcase_add_test(tcase, an_answer_has_the_question_as_it_came_and_one_address);
	tcase_add_test(tcase, an_error_and_no_address_are_answers_without_records);
	tcase_add_loop_test(tcase, what_is_no_question_gets_an_error_or_nothing, 0, COUNT(wrong));
	tcase_add_test(tcase, names_of_other_letters_and_the_root_are_no_names);
	tcase_add_test(tcase, a_name_has_at_most_253_letters_whatever_they_are);
	suite_add_tcase(suite, tcase);
	return suite;
}
