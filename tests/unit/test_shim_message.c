/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "shim/message.h"
#include "shim/ttrpc.h"

Suite *suite_shim_message(void);

/* As containerd's client writes it: tag, length, text. */
static const uint8_t exec_request[] = {0x0a, 3, 'o', 'n', 'e', 0x12, 5, 'f', 'i', 'r', 's', 't',
	0x18, 1, 0x22, 3, '/', 'i', 'n', 0x3a, 6, 0x0a, 1, 't', 0x12, 1, '{'};

START_TEST(a_request_of_containerd_is_read)
{
	Wire__ExecRequest *exec = message_read(
		&wire__exec_request__descriptor, exec_request, sizeof(exec_request));

	ck_assert_ptr_nonnull(exec);
	ck_assert_str_eq(exec->id, "one");
	ck_assert_str_eq(exec->exec_id, "first");
	ck_assert(exec->terminal);
	ck_assert_str_eq(exec->input, "/in");
	ck_assert_str_eq(exec->output, "");
	ck_assert_str_eq(exec->spec->type_url, "t");
	ck_assert_uint_eq(exec->spec->value.len, 1);
	message_free(exec);
}
END_TEST

START_TEST(one_that_is_cut_is_refused)
{
	/* those at the end of a field are whole messages */
	static const size_t whole[] = {0, 5, 12, 14, 19};
	bool expected = false;
	void *message;

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		expected = expected || whole[i] == (size_t)_i;
	message = message_read(&wire__exec_request__descriptor, exec_request, (size_t)_i);
	ck_assert_int_eq(message != NULL, expected);
	message_free(message);
}
END_TEST

/* Each mount takes two bytes and some sixty in memory. */
START_TEST(memory_is_bounded)
{
	uint8_t *bytes = malloc(TTRPC_MAX);

	for (size_t i = 0; i < TTRPC_MAX; i += 2) {
		bytes[i] = 0x1a;
		bytes[i + 1] = 0;
	}
	ck_assert_ptr_null(message_read(&wire__create_request__descriptor, bytes, TTRPC_MAX));
	free(bytes);
}
END_TEST

START_TEST(an_error_is_a_response)
{
	struct ttrpc_head head;
	Wire__Response *response;
	uint8_t *frame;
	size_t n;

	ck_assert_int_eq(message_respond(7, NULL, 5, "not found", &frame, &n), 0);
	ck_assert_int_eq(ttrpc_head_read(frame, &head), 0);
	ck_assert_uint_eq(head.length, n - TTRPC_HEAD);
	ck_assert_uint_eq(head.stream, 7);
	ck_assert_uint_eq(head.type, TTRPC_RESPONSE);
	response = message_read(&wire__response__descriptor, frame + TTRPC_HEAD, head.length);
	ck_assert_ptr_nonnull(response);
	ck_assert_int_eq(response->status->code, 5);
	ck_assert_str_eq(response->status->message, "not found");
	message_free(response);
	free(frame);
}
END_TEST

START_TEST(an_answer_is_a_response)
{
	Wire__PidResponse answer = WIRE__PID_RESPONSE__INIT, *again;
	Wire__Response *response;
	uint8_t *frame;
	size_t n;

	answer.pid = 300;
	ck_assert_int_eq(message_respond(1, &answer, 0, NULL, &frame, &n), 0);
	response = message_read(&wire__response__descriptor, frame + TTRPC_HEAD, n - TTRPC_HEAD);
	ck_assert_ptr_nonnull(response);
	ck_assert_ptr_null(response->status);
	again = message_read(
		&wire__pid_response__descriptor, response->payload.data, response->payload.len);
	ck_assert_ptr_nonnull(again);
	ck_assert_uint_eq(again->pid, 300);
	message_free(again);
	message_free(response);
	free(frame);
}
END_TEST

START_TEST(a_request_has_its_method)
{
	Wire__TaskStart start = WIRE__TASK_START__INIT;
	Wire__Request *request;
	uint8_t *frame;
	size_t n;

	start.pid = 1;
	ck_assert_int_eq(message_request(3, "a.Service", "Method", &start, 5, &frame, &n), 0);
	request = message_read(&wire__request__descriptor, frame + TTRPC_HEAD, n - TTRPC_HEAD);
	ck_assert_ptr_nonnull(request);
	ck_assert_str_eq(request->service, "a.Service");
	ck_assert_str_eq(request->method, "Method");
	ck_assert_int_eq(request->timeout_nano, 5);
	ck_assert_uint_eq(request->payload.len, 2);
	message_free(request);
	free(frame);
}
END_TEST

Suite *suite_shim_message(void)
{
	Suite *suite = suite_create("shim_message");
	TCase *tests = tcase_create("messages");

	tcase_add_test(tests, a_request_of_containerd_is_read);
	tcase_add_loop_test(tests, one_that_is_cut_is_refused, 0, (int)sizeof(exec_request));
	tcase_add_test(tests, memory_is_bounded);
	tcase_add_test(tests, an_error_is_a_response);
	tcase_add_test(tests, an_answer_is_a_response);
	tcase_add_test(tests, a_request_has_its_method);
	suite_add_tcase(suite, tests);
	return suite;
}
