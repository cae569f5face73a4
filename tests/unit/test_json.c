/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/json_fixture.h"

Suite *suite_json(void);

static void refuse(const char *text, size_t length, int code, const char *message)
{
	struct json_document *document = NULL;

	ck_assert_int_eq(json_parse(arena, "x.json", text, length, &document, &err), -code);
	ck_assert_ptr_null(document);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.text, message);
}

START_TEST(every_kind_of_value_is_read)
{
	struct json_document *d = parse("{\"n\":null,\"t\":true,\"f\":false,\"i\":-12,\"s\":"
					"\"a\\n\\u00e9\\ud83d\\ude00/\\/\","
					"\"a\":[1,[],{}],\"o\":{\"k\":\"v\"}}");
	const struct json_node *root = d->root;

	ck_assert_str_eq(d->name, "x.json");
	ck_assert_int_eq(root->type, JSON_OBJECT);
	ck_assert_uint_eq(root->n_children, 7);
	ck_assert_int_eq(json_member(root, "n")->type, JSON_NULL);
	ck_assert(json_member(root, "t")->truth);
	ck_assert(!json_member(root, "f")->truth);
	ck_assert_int_eq(json_member(root, "f")->type, JSON_BOOL);
	ck_assert_str_eq(json_member(root, "i")->text, "-12");
	ck_assert_int_eq(json_member(root, "i")->type, JSON_NUMBER);
	ck_assert_str_eq(json_member(root, "s")->text, "a\n\xc3\xa9\xf0\x9f\x98\x80//");
	ck_assert_uint_eq(json_member(root, "a")->n_children, 3);
	ck_assert_int_eq(json_member(root, "a")->child->next->type, JSON_ARRAY);
	ck_assert_ptr_null(json_member(root, "a")->child->next->child);
	ck_assert_str_eq(json_member(root, "o")->child->key, "k");
	ck_assert_ptr_null(json_member(root, "absent"));
	ck_assert_ptr_null(json_member(json_member(root, "a"), "k"));
}
END_TEST

START_TEST(a_value_knows_the_line_where_it_begins)
{
	struct json_document *d = parse(
		"\n{\n\"a\": [1,\n2,\n\n\"x\\ny\"],\"b\":\n{\"c\":\n7\n}}\n\n");
	const struct json_node *a = json_member(d->root, "a");

	ck_assert_uint_eq(d->root->line, 2);
	ck_assert_uint_eq(a->line, 3);
	ck_assert_uint_eq(a->child->line, 3);
	ck_assert_uint_eq(a->child->next->line, 4);
	ck_assert_uint_eq(a->child->next->next->line, 6);
	ck_assert_uint_eq(json_member(d->root, "b")->line, 7);
	ck_assert_uint_eq(json_find(d, "b.c")->line, 8);
}
END_TEST

START_TEST(a_document_may_be_a_scalar)
{
	ck_assert_str_eq(parse("12")->root->text, "12");
	ck_assert_str_eq(parse(" \"x\" ")->root->text, "x");
	ck_assert_int_eq(parse("null\n")->root->type, JSON_NULL);
}
END_TEST

START_TEST(the_bytes_are_not_needed_after_parsing)
{
	char text[] = "{\"key\":\"value\",\"n\":17}";
	struct json_document *d = parse(text);

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_str_eq(json_member(d->root, "key")->text, "value");
	ck_assert_str_eq(json_member(d->root, "n")->text, "17");
}
END_TEST

START_TEST(the_limits_are_exact)
{
	char *text = malloc(JSON_MAX_BYTES + 1);
	char nested[2 * JSON_MAX_DEPTH + 3];
	struct json_document *d = NULL;

	memset(text, ' ', JSON_MAX_BYTES + 1);
	text[0] = '1';
	ck_assert_int_eq(json_parse(arena, "x.json", text, JSON_MAX_BYTES, &d, &err), 0);
	refuse(text, JSON_MAX_BYTES + 1, E2BIG,
		"x.json: the document is longer than 16777216 bytes");
	free(text);

	memset(nested, ']', sizeof(nested));
	memset(nested, '[', JSON_MAX_DEPTH);
	memset(nested + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	ck_assert_int_eq(json_parse(arena, "x.json", nested, 2 * JSON_MAX_DEPTH, &d, &err), 0);
	memset(nested, '[', JSON_MAX_DEPTH + 1);
	refuse(nested, sizeof(nested), E2BIG,
		"x.json:1: values are nested more than 32 levels deep");
}
END_TEST

START_TEST(a_document_that_needs_too_much_memory_is_refused)
{
	struct arena *small = arena_new(2000);
	struct json_document *d = NULL;
	char text[1000] = "[";

	for (size_t i = 1; i < sizeof(text) - 3; i += 2)
		memcpy(text + i, "1,", 3);
	strcat(text, "1]");
	ck_assert_int_eq(json_parse(small, "x.json", text, strlen(text), &d, &err), -E2BIG);
	ck_assert_str_eq(err.text, "x.json: needs more than 2000 bytes of memory");
	arena_free(small);
}
END_TEST

START_TEST(bytes_after_a_nul_are_not_ignored)
{
	refuse("{}\0{}", 5, EINVAL, "x.json:1: not valid JSON: parse error: trailing garbage");
}
END_TEST

/* Comparing each key with each other one takes minutes for these, so the runner's time limit
 * decides. */
START_TEST(a_hundred_thousand_keys_are_checked_for_duplicates_at_once)
{
	char *text = malloc(JSON_MAX_BYTES);
	size_t used = (size_t)sprintf(text, "{");

	for (unsigned i = 0; i < 80000; i++)
		used += (size_t)sprintf(text + used, "\"%x\":1,\n", i);
	(void)sprintf(text + used, "\"z\":1}");
	ck_assert_uint_eq(parse(text)->root->n_children, 80001);
	(void)sprintf(text + used, "\"7f\":1}");
	refuse(text, strlen(text), EINVAL, "x.json:80001: duplicate key \"7f\"");
	free(text);
}
END_TEST

START_TEST(the_same_key_may_stand_in_two_objects)
{
	struct json_document *d = parse("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}");

	ck_assert_str_eq(json_find(d, "b[1].a")->text, "2");
}
END_TEST

START_TEST(a_path_finds_its_node)
{
	struct json_document *d = parse(
		"{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]},\n"
		"\"m\":{\"x\":{\"y\":3},\"x.y\":4,\"x.y.z\":5,\"p[0]\":6}}");

	ck_assert_ptr_eq(json_find(d, ""), d->root);
	ck_assert_str_eq(json_find(d, "a.b[1].c")->text, "2");
	ck_assert_str_eq(json_find(d, "m.x.y")->text, "4");
	ck_assert_str_eq(json_find(d, "m.x.y.z")->text, "5");
	ck_assert_str_eq(json_find(d, "m.p[0]")->text, "6");
}
END_TEST

START_TEST(a_path_that_leads_nowhere_ends_at_the_last_node_there)
{
	struct json_document *d = parse("{\"a\":{\"b\":[{\"c\":1}]}}");
	const struct json_node *b = json_find(d, "a.b");

	ck_assert_ptr_eq(json_find(d, "z.y"), d->root);
	ck_assert_ptr_eq(json_find(d, "ab"), d->root);
	ck_assert_ptr_eq(json_find(d, "a.x"), json_find(d, "a"));
	ck_assert_ptr_eq(json_find(d, "a.b[1]"), b);
	ck_assert_ptr_eq(json_find(d, "a.b[99999999999999999999999]"), b);
	ck_assert_ptr_eq(json_find(d, "a.b[]"), b);
	ck_assert_ptr_eq(json_find(d, "a.b[x]"), b);
	ck_assert_ptr_eq(json_find(d, "a.b.c"), b);
	ck_assert_ptr_eq(json_find(d, "a.b[0].c.d"), json_find(d, "a.b[0].c"));
}
END_TEST

static const struct integer {
	const char *text;
	int as_signed; /* 0 or an error */
	int64_t signed_value;
	int as_unsigned;
	uint64_t unsigned_value;
} integers[] = {
	{"0", 0, 0, 0, 0},
	{"-0", 0, 0, 0, 0},
	{"-1", 0, -1, ERANGE, 0},
	{"9223372036854775807", 0, INT64_MAX, 0, INT64_MAX},
	{"9223372036854775808", ERANGE, 0, 0, UINT64_C(9223372036854775808)},
	{"-9223372036854775808", 0, INT64_MIN, ERANGE, 0},
	{"-9223372036854775809", ERANGE, 0, ERANGE, 0},
	{"18446744073709551615", ERANGE, 0, 0, UINT64_MAX},
	{"18446744073709551616", ERANGE, 0, ERANGE, 0},
	{"36893488147419103232", ERANGE, 0, ERANGE, 0},
	{"99999999999999999999999999", ERANGE, 0, ERANGE, 0},
	{"1.0", EINVAL, 0, EINVAL, 0},
	{"1e3", EINVAL, 0, EINVAL, 0},
	{"99999999999999999999999999.5", EINVAL, 0, EINVAL, 0},
	{"\"1\"", EINVAL, 0, EINVAL, 0},
	{"true", EINVAL, 0, EINVAL, 0},
	{"null", EINVAL, 0, EINVAL, 0},
	{"[]", EINVAL, 0, EINVAL, 0},
};

START_TEST(integers_are_exact_over_their_whole_range)
{
	const struct integer *i = &integers[_i];
	const struct json_node *node = parse(i->text)->root;
	uint64_t u = 77;
	int64_t s = 77;

	ck_assert_int_eq(json_int64(node, &s), -i->as_signed);
	ck_assert_int_eq(s, i->as_signed ? 77 : i->signed_value);
	ck_assert_int_eq(json_uint64(node, &u), -i->as_unsigned);
	ck_assert_uint_eq(u, i->as_unsigned ? 77 : i->unsigned_value);
}
END_TEST

static const struct utf8 {
	const char *text;
	bool valid;
} utf8[] = {
	{"plain", true},
	{"\x7f", true},
	{"\xc2\x80", true},
	{"\xdf\xbf", true},
	{"\xe0\xa0\x80", true},
	{"\xed\x9f\xbf", true},
	{"\xee\x80\x80", true},
	{"\xf0\x90\x80\x80", true},
	{"\xf4\x8f\xbf\xbf", true},
	{"\x80", false},
	{"\xc1\xbf", false},
	{"\xc2", false},
	{"\xc2\x41", false},
	{"\xe0\x9f\xbf", false},
	{"\xed\xa0\x80", false},
	{"\xed\xbf\xbf", false},
	{"\xe2\x82", false},
	{"\xf0\x8f\xbf\xbf", false},
	{"\xf4\x90\x80\x80", false},
	{"\xf5\x80\x80\x80", false},
	{"\xff", false},
};

START_TEST(utf8_is_what_the_standard_says)
{
	ck_assert_int_eq(json_utf8_valid(utf8[_i].text, strlen(utf8[_i].text)), utf8[_i].valid);
}
END_TEST

Suite *suite_json(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, every_kind_of_value_is_read);
	tcase_add_test(tc, a_value_knows_the_line_where_it_begins);
	tcase_add_test(tc, a_document_may_be_a_scalar);
	tcase_add_test(tc, the_bytes_are_not_needed_after_parsing);
	tcase_add_test(tc, the_limits_are_exact);
	tcase_add_test(tc, a_document_that_needs_too_much_memory_is_refused);
	tcase_add_test(tc, bytes_after_a_nul_are_not_ignored);
	tcase_add_test(tc, a_hundred_thousand_keys_are_checked_for_duplicates_at_once);
	tcase_add_test(tc, the_same_key_may_stand_in_two_objects);
	tcase_add_test(tc, a_path_finds_its_node);
	tcase_add_test(tc, a_path_that_leads_nowhere_ends_at_the_last_node_there);
	tcase_add_loop_test(tc, integers_are_exact_over_their_whole_range, 0,
		sizeof(integers) / sizeof(integers[0]));
	tcase_add_loop_test(tc, utf8_is_what_the_standard_says, 0, sizeof(utf8) / sizeof(utf8[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
