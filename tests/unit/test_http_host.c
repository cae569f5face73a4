/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/http_host.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_http_host(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* In a copy of the exact size, so that a sanitizer sees a read past its end. */
static enum http_answer read_copy(struct http_stream *stream, const char *bytes, size_t n,
	size_t *ret_length, char ret_name[HTTP_NAME_MAX + 1])
{
	uint8_t *copy = malloc(n ? n : 1);
	enum http_answer answer;

	memcpy(copy, bytes, n);
	answer = http_host_read(stream, copy, n, ret_length, ret_name);
	free(copy);
	return answer;
}

/* Reads TEXT as it comes, STEP bytes more at a time. Returns the last answer; RET_NAMES: those of
 * all requests, each with a blank behind it. */
static enum http_answer read_all(const char *text, size_t step, char ret_names[1024])
{
	struct http_stream stream = {.left = 0};
	enum http_answer answer = HTTP_MORE;
	size_t at = 0, end = 0, length = 0;
	const size_t n = strlen(text);

	ret_names[0] = '\0';
	while (end < n) {
		end = end + step < n ? end + step : n;
		do {
			char name[HTTP_NAME_MAX + 1];

			answer = read_copy(&stream, text + at, end - at, &length, name);
			if (answer == HTTP_REQUEST)
				(void)snprintf(ret_names + strlen(ret_names), 300, "%s ", name);
			if (answer > HTTP_BODY)
				return answer;
			if (answer != HTTP_MORE) {
				ck_assert_uint_gt(length, 0);
				ck_assert_uint_le(length, end - at);
				at += length;
			}
		} while (answer != HTTP_MORE && at < end);
	}
	return answer;
}

static const struct {
	const char *text, *names;
} taken[] = {
	{"GET / HTTP/1.1\r\nHost: A.example\r\n\r\n", "a.example "},
	{"GET / HTTP/1.0\r\nhOST:a.example:8080 \t\r\n\r\n", "a.example "},
	{"OPTIONS * HTTP/1.1\r\nHost: a_b-c.9\r\n\r\n", "a_b-c.9 "},
	{"GET http://A.example HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example "},
	{"GET http://a.example:80/x?http://b/ HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example "},
	{"GET http://a.example?x HTTP/1.1\r\nHost: a.example\r\n\r\n", "a.example "},
	{"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n", "a b "},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyzGET / HTTP/1.1\r\nHost: "
	 "b\r\n\r\n",
		"a b "},
	{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
		"a b "},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
	 "5;x=y\r\nGET /\r\n0A\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
		"a b "},
	{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "1\r\nx\r\n000\r\nDigest: x\r\nHost: c\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
		"a b "},
	{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "a "},
};

START_TEST(every_request_of_a_connection_tells_its_name)
{
	const size_t whole = strlen(taken[_i].text);
	char names[1024];

	for (size_t step = 1; step <= whole; step++) {
		(void)read_all(taken[_i].text, step, names);
		ck_assert_str_eq(names, taken[_i].names);
	}
}
END_TEST

#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *text;
	enum http_answer answer;
} refused[] = {
	{GET "\r\n", HTTP_NO_NAME},
	{"GET / HTTP/1.0\r\nA: b\r\n\r\n", HTTP_NO_NAME},
	{"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TUNNEL},
	{"\x16\x03\x01", HTTP_NOT_HTTP},
	{"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_NOT_HTTP},
	{"SSH-2.0-OpenSSH_9.2\r\n", HTTP_NOT_HTTP},
	{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", HTTP_NOT_HTTP},
	{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_MALFORMED},
	{"GET /\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET * HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET b HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\r\nHost: a\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\r\nhost: b\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a, b\r\n\r\n", HTTP_MALFORMED},
	{GET "Host:\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a:\x01\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a:b\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a:999999\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: [::1]\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: u@a\r\n\r\n", HTTP_MALFORMED},
	{GET "Host : a\r\n\r\n", HTTP_MALFORMED},
	{GET " Host: a\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\r\n b\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\r\nX\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\r\n: x\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\nX: y\r\n\r\n", HTTP_MALFORMED},
	{GET "Host: a\rHost: b\r\n\r\n", HTTP_MALFORMED},
	{POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", HTTP_MALFORMED},
	{POST "Content-Length: +1\r\n\r\n", HTTP_MALFORMED},
	{POST "Content-Length: 1, 1\r\n\r\n", HTTP_MALFORMED},
	{POST "Content-Length: 9999999999999999999\r\n\r\n", HTTP_MALFORMED},
	{POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_MALFORMED},
	{POST "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP_MALFORMED},
	{POST "Transfer-Encoding: identity\r\n\r\n", HTTP_MALFORMED},
	{"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_MALFORMED},
	{POST "Upgrade: h2c\r\nContent-Length: 1\r\n\r\n", HTTP_MALFORMED},
	{CHUNKED "\r\n", HTTP_MALFORMED},
	{CHUNKED "x\r\n", HTTP_MALFORMED},
	{CHUNKED "1 \r\n", HTTP_MALFORMED},
	{CHUNKED "1\n", HTTP_MALFORMED},
	{CHUNKED "1000000000000\r\n", HTTP_MALFORMED},
	{CHUNKED "1\r\nxy", HTTP_MALFORMED},
	{CHUNKED "1\r\nx\r\r", HTTP_MALFORMED},
	{CHUNKED "0\r\nHost\r\n\r\n", HTTP_MALFORMED},
	{POST "Content-Length: 1\r\n\r\nx\r\n", HTTP_NOT_HTTP},
};

START_TEST(what_two_readers_could_take_differently_is_refused)
{
	const size_t whole = strlen(refused[_i].text);
	char names[1024];

	for (size_t step = 1; step <= whole; step++)
		ck_assert_int_eq(read_all(refused[_i].text, step, names), refused[_i].answer);
}
END_TEST

START_TEST(a_zero_is_refused)
{
	static const char text[] = GET "Host: a\0b\r\n\r\n";
	struct http_stream stream = {.left = 0};
	char name[HTTP_NAME_MAX + 1];
	size_t length;

	ck_assert_int_eq(read_copy(&stream, text, sizeof(text) - 1, &length, name), HTTP_MALFORMED);
}
END_TEST

START_TEST(a_head_a_chunk_line_and_a_trailer_have_a_limit)
{
	const char *const begin[] = {GET "Host: a\r\nX: ", CHUNKED "1;", CHUNKED "0\r\nX: "};
	char names[1024], *text = malloc(HTTP_HEAD_MAX + 1024);

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		memset(text, 'x', HTTP_HEAD_MAX + 1023);
		text[HTTP_HEAD_MAX + 1023] = '\0';
		memcpy(text, begin[i], strlen(begin[i]));
		ck_assert_int_eq(read_all(text, HTTP_HEAD_MAX + 1024, names), HTTP_MALFORMED);
	}
	free(text);
}
END_TEST

START_TEST(a_long_name_is_refused)
{
	char text[1024], names[1024];

	(void)snprintf(text, sizeof(text), GET "Host: %0*d\r\n\r\n", HTTP_NAME_MAX, 0);
	ck_assert_int_eq(read_all(text, 1024, names), HTTP_REQUEST);
	(void)snprintf(text, sizeof(text), GET "Host: %0*d\r\n\r\n", HTTP_NAME_MAX + 1, 0);
	ck_assert_int_eq(read_all(text, 1024, names), HTTP_MALFORMED);
}
END_TEST

Suite *suite_http_host(void)
{
	Suite *suite = suite_create("http_host");
	TCase *tcase = tcase_create("http_host");

	tcase_add_loop_test(tcase, every_request_of_a_connection_tells_its_name, 0, COUNT(taken));
	tcase_add_loop_test(
		tcase, what_two_readers_could_take_differently_is_refused, 0, COUNT(refused));
	tcase_add_test(tcase, a_zero_is_refused);
	tcase_add_test(tcase, a_head_a_chunk_line_and_a_trailer_have_a_limit);
	tcase_add_test(tcase, a_long_name_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
