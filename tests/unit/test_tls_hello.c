/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/tls_hello.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_tls_hello(void);

/* A hello that is put together by hand; each length in it can be falsified afterwards. */
struct hello {
	uint8_t bytes[4 * TLS_HELLO_MAX];
	size_t n;
};

static void add(struct hello *hello, const void *bytes, size_t n)
{
	memcpy(hello->bytes + hello->n, bytes, n);
	hello->n += n;
}

static void add_number(struct hello *hello, size_t value, size_t width)
{
	while (width-- > 0)
		hello->bytes[hello->n++] = (uint8_t)(value >> (8 * width));
}

static void add_name(struct hello *hello, const char *name)
{
	const size_t n = strlen(name);

	add_number(hello, 0, 2);
	add_number(hello, n + 5, 2);
	add_number(hello, n + 3, 2);
	add_number(hello, 0, 1);
	add_number(hello, n, 2);
	add(hello, name, n);
}

/* The message with these extensions; NULL: without any. */
static struct hello *message_with(const struct hello *extensions)
{
	struct hello *hello = calloc(1, sizeof(*hello));
	const size_t body = 2 + 32 + 1 + 4 + 2 + (extensions ? 2 + extensions->n : 0);

	ck_assert_ptr_nonnull(hello);
	add_number(hello, 1, 1);
	add_number(hello, body, 3);
	add_number(hello, 0x0303, 2);
	hello->n += 32;
	add_number(hello, 0, 1); /* session */
	add_number(hello, 2, 2); /* cipher suites */
	add_number(hello, 0x1301, 2);
	add_number(hello, 1, 1); /* compression */
	add_number(hello, 0, 1);
	if (extensions) {
		add_number(hello, extensions->n, 2);
		add(hello, extensions->bytes, extensions->n);
	}
	return hello;
}

/* In records of at most SIZE bytes. Frees MESSAGE. */
static struct hello *in_records(struct hello *message, size_t size)
{
	struct hello *hello = calloc(1, sizeof(*hello));

	ck_assert_ptr_nonnull(hello);
	for (size_t at = 0; at < message->n; at += size) {
		const size_t left = message->n - at, n = left < size ? left : size;

		add_number(hello, 22, 1);
		add_number(hello, 0x0301, 2);
		add_number(hello, n, 2);
		add(hello, message->bytes + at, n);
	}
	free(message);
	return hello;
}

static struct hello *hello_for(const char *name, size_t size)
{
	struct hello extensions = {.n = 0};

	add_number(&extensions, 43, 2); /* another one before it */
	add_number(&extensions, 1, 2);
	add_number(&extensions, 7, 1);
	add_name(&extensions, name);
	return in_records(message_with(&extensions), size);
}

/* In a copy of the exact size, so that a sanitizer sees a read past its end. */
static enum tls_hello read_copy(const uint8_t *bytes, size_t n, char ret_name[TLS_NAME_MAX + 1])
{
	uint8_t *copy = malloc(n ? n : 1);
	enum tls_hello answer;

	memcpy(copy, bytes, n);
	answer = tls_hello_read(copy, n, ret_name);
	free(copy);
	return answer;
}

static void expect(struct hello *hello, enum tls_hello expected)
{
	char name[TLS_NAME_MAX + 1] = "before";

	ck_assert_int_eq(read_copy(hello->bytes, hello->n, name), expected);
	if (expected != TLS_HELLO_NAME)
		ck_assert_str_eq(name, "before");
	free(hello);
}

START_TEST(the_name_is_found_in_lower_case)
{
	struct hello *hello = hello_for("Registry.Example_1.ORG", 16384);
	char name[TLS_NAME_MAX + 1];

	ck_assert_int_eq(read_copy(hello->bytes, hello->n, name), TLS_HELLO_NAME);
	ck_assert_str_eq(name, "registry.example_1.org");
	/* What the client sends ahead of the answer comes in records of its own. */
	hello->bytes[hello->n] = 23;
	ck_assert_int_eq(read_copy(hello->bytes, hello->n + 1, name), TLS_HELLO_NAME);
	free(hello);
}
END_TEST

START_TEST(each_beginning_of_it_wants_more_however_it_is_cut)
{
	const size_t sizes[] = {1, 3, 4, 5, 50, 16384};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hello *hello = hello_for("a.example", sizes[i]);
		char name[TLS_NAME_MAX + 1];

		for (size_t n = 0; n < hello->n; n++)
			ck_assert_int_eq(read_copy(hello->bytes, n, name), TLS_HELLO_MORE);
		expect(hello, TLS_HELLO_NAME);
	}
}
END_TEST

START_TEST(without_the_extension_there_is_no_name)
{
	struct hello extensions = {.n = 0};

	expect(in_records(message_with(NULL), 100), TLS_HELLO_NO_NAME);
	expect(in_records(message_with(&extensions), 100), TLS_HELLO_NO_NAME);
}
END_TEST

START_TEST(other_protocols_are_told_by_the_first_byte)
{
	char name[TLS_NAME_MAX + 1];

	ck_assert_int_eq(read_copy((const uint8_t *)"G", 1, name), TLS_HELLO_NOT_TLS);
	ck_assert_int_eq(read_copy((const uint8_t *)"\x80\x2e\x01", 3, name), TLS_HELLO_NOT_TLS);
	ck_assert_int_eq(read_copy((const uint8_t *)"\x15\x03\x01", 3, name), TLS_HELLO_NOT_TLS);
}
END_TEST

static const char *const wrong_names[] = {
	"", "a b", "a\nb", "a/b", "a:443", "a%62", "\xc3\xa4.example"};

START_TEST(a_name_of_other_letters_is_malformed)
{
	expect(hello_for(wrong_names[_i], 16384), TLS_HELLO_MALFORMED);
}
END_TEST

START_TEST(a_long_name_is_malformed)
{
	char text[TLS_NAME_MAX + 2] = "";

	memset(text, 'a', TLS_NAME_MAX);
	expect(hello_for(text, 16384), TLS_HELLO_NAME);
	text[TLS_NAME_MAX] = 'a';
	expect(hello_for(text, 16384), TLS_HELLO_MALFORMED);
}
END_TEST

START_TEST(two_names_are_malformed)
{
	struct hello twice = {.n = 0}, list = {.n = 0};

	add_name(&twice, "a.example");
	add_name(&twice, "a.example");
	expect(in_records(message_with(&twice), 16384), TLS_HELLO_MALFORMED);
	/* One extension, a list of two. */
	add(&list, "\0\0\0\x0a\0\x08\0\0\1a\0\0\1b", 14);
	expect(in_records(message_with(&list), 16384), TLS_HELLO_MALFORMED);
}
END_TEST

/* Each byte that holds a length, type or version, with what must not stand there. */
static const struct {
	size_t at;
	uint8_t value;
} wrong_bytes[] = {
	{1, 2}, /* version of the record */
	{4, 0}, /* an empty record */
	{5, 2}, /* ServerHello */
	{6, 1}, /* longer than TLS_HELLO_MAX */
	{8, 1}, /* the message ends before its record */
	{43, 33}, /* session */
	{45, 1}, /* cipher suites: an odd number of bytes */
	{45, 200}, /* beyond the end */
	{48, 0}, /* compression methods */
	{51, 1}, /* extensions shorter than what is there */
	{51, 200}, /* longer */
	{55, 200}, /* the first extension */
	{60, 99}, /* server_name */
	{62, 3}, /* its list */
	{63, 1}, /* the type of the name */
	{65, 99}, /* the name */
};

START_TEST(a_wrong_length_is_malformed)
{
	struct hello *hello = hello_for("a.example", 16384);

	hello->bytes[wrong_bytes[_i].at] = wrong_bytes[_i].value;
	expect(hello, TLS_HELLO_MALFORMED);
}
END_TEST

START_TEST(one_of_more_than_the_limit_is_malformed)
{
	struct hello extensions = {.n = 0};
	struct hello *hello;
	char name[TLS_NAME_MAX + 1];

	/* Padding, RFC 7685. */
	add_number(&extensions, 21, 2);
	add_number(&extensions, TLS_HELLO_MAX, 2);
	extensions.n += TLS_HELLO_MAX;
	expect(in_records(message_with(&extensions), 16384), TLS_HELLO_MALFORMED);
	/* Short of it, but not with a header for every byte. */
	hello = hello_for("a.example", 16384);
	hello->bytes[6] = 0x3f;
	hello->bytes[7] = 0;
	hello->n = TLS_HELLO_MAX;
	hello->bytes[3] = 0x3f;
	hello->bytes[4] = 0xff;
	ck_assert_int_eq(read_copy(hello->bytes, hello->n - 1, name), TLS_HELLO_MALFORMED);
	free(hello);
}
END_TEST

START_TEST(another_record_in_between_is_malformed)
{
	struct hello *hello = hello_for("a.example", 20);

	hello->bytes[25] = 20; /* change_cipher_spec */
	expect(hello, TLS_HELLO_MALFORMED);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

Suite *suite_tls_hello(void)
{
	Suite *suite = suite_create("tls_hello");
	TCase *tcase = tcase_create("tls_hello");

	tcase_add_test(tcase, the_name_is_found_in_lower_case);
	tcase_add_test(tcase, each_beginning_of_it_wants_more_however_it_is_cut);
	tcase_add_test(tcase, without_the_extension_there_is_no_name);
	tcase_add_test(tcase, other_protocols_are_told_by_the_first_byte);
	tcase_add_loop_test(tcase, a_name_of_other_letters_is_malformed, 0, COUNT(wrong_names));
	tcase_add_test(tcase, a_long_name_is_malformed);
	tcase_add_test(tcase, two_names_are_malformed);
	tcase_add_loop_test(tcase, a_wrong_length_is_malformed, 0, COUNT(wrong_bytes));
	tcase_add_test(tcase, one_of_more_than_the_limit_is_malformed);
	tcase_add_test(tcase, another_record_in_between_is_malformed);
	suite_add_tcase(suite, tcase);
	return suite;
}
