/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/json_fixture.h"

Suite *suite_json_writer(void);

static void write_sample(struct json_writer *w)
{
	json_open_object(w);
	json_key(w, "s");
	json_string(w, "/a/b \"\\\b\f\n\r\t\x01\x1f\x7f\xc3\xa9");
	json_key(w, "empty");
	json_open_object(w);
	json_close_object(w);
	json_key(w, "list");
	json_open_array(w);
	json_i64(w, INT64_MIN);
	json_u64(w, UINT64_MAX);
	json_bool(w, true);
	json_open_array(w);
	json_close_array(w);
	json_open_object(w);
	json_key(w, "k");
	json_bool(w, false);
	json_close_object(w);
	json_close_array(w);
	json_close_object(w);
}

static void expect_text(struct json_writer *w, const char *expected)
{
	char *text = NULL;

	ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(compact_text_has_no_white_space_and_plain_slashes)
{
	struct json_writer *w = json_writer_new(false);

	write_sample(w);
	expect_text(w,
		"{\"s\":\"/a/b \\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\",\"empty\":{},"
		"\"list\":[-9223372036854775808,18446744073709551615,true,[],{\"k\":false}]}");
}
END_TEST

START_TEST(pretty_text_is_indented_by_tabs)
{
	struct json_writer *w = json_writer_new(true);

	write_sample(w);
	expect_text(w,
		"{\n\t\"s\": \"/a/b \\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\",\n"
		"\t\"empty\": {},\n\t\"list\": [\n\t\t-9223372036854775808,\n"
		"\t\t18446744073709551615,\n\t\ttrue,\n\t\t[],\n\t\t{\n\t\t\t\"k\": false\n\t\t}\n"
		"\t]\n}");
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
	struct json_writer *w = json_writer_new(true);
	char *text = NULL;

	write_sample(w);
	ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
	ck_assert_str_eq(json_member(parse(text)->root, "s")->text,
		"/a/b \"\\\b\f\n\r\t\x01\x1f\x7f\xc3\xa9");
	free(text);
}
END_TEST

START_TEST(ready_made_json_is_put_in_as_it_is)
{
	struct json_writer *w = json_writer_new(false);

	json_open_array(w);
	json_raw(w, "{\"a\":[1]}");
	json_raw(w, "null");
	json_close_array(w);
	expect_text(w, "[{\"a\":[1]},null]");
}
END_TEST

START_TEST(a_long_text_is_written_whole)
{
	struct json_writer *w = json_writer_new(false);
	char *long_text = malloc(100001);
	char *text = NULL;

	memset(long_text, 'y', 100000);
	long_text[100000] = '\0';
	json_string(w, long_text);
	ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
	ck_assert_uint_eq(strlen(text), 100002);
	ck_assert_int_eq(text[100001], '"');
	free(long_text);
	free(text);
}
END_TEST

START_TEST(a_text_that_could_not_be_read_back_is_refused)
{
	struct json_writer *w = json_writer_new(false);
	char *text = NULL;

	json_open_array(w);
	json_string(w, "/srv/\xff");
	json_close_array(w);
	ck_assert_int_eq(json_writer_finish(w, &text, &err), -EILSEQ);
	ck_assert_ptr_null(text);
}
END_TEST

START_TEST(a_writer_that_could_not_be_made_reports_it_at_the_end)
{
	char *text = NULL;

	write_sample(NULL);
	ck_assert_int_eq(json_writer_finish(NULL, &text, &err), -ENOMEM);
	ck_assert_ptr_null(text);
}
END_TEST

Suite *suite_json_writer(void)
{
	Suite *suite = suite_create("json_writer");
	TCase *tc = tcase_create("json_writer");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, compact_text_has_no_white_space_and_plain_slashes);
	tcase_add_test(tc, pretty_text_is_indented_by_tabs);
	tcase_add_test(tc, what_is_written_can_be_read);
	tcase_add_test(tc, ready_made_json_is_put_in_as_it_is);
	tcase_add_test(tc, a_long_text_is_written_whole);
	tcase_add_test(tc, a_text_that_could_not_be_read_back_is_refused);
	tcase_add_test(tc, a_writer_that_could_not_be_made_reports_it_at_the_end);
	suite_add_tcase(suite, tc);
	return suite;
}
