/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fields_fixture.h"

Suite *suite_fields(void);

static int decode(const char *text, struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	return fields_decode_text(
		arena, "s.json", text, strlen(text), &sample_type, sample, NULL, &err);
}

static char *encode(const struct sample *sample)
{
	struct json_writer *w = json_writer_new(false);
	char *text = NULL;

	fields_encode(w, &sample_type, sample);
	ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
	return text;
}

START_TEST(an_empty_struct_writes_only_what_is_always_written)
{
	struct sample empty = {0}, back;
	char *text = encode(&empty);

	ck_assert_str_eq(text, "{\"alwaysFlag\":false,\"alwaysU64\":0,\"inPlace\":{\"n\":0}}");
	ck_assert_int_eq(decode(text, &back), 0);
	ck_assert(fields_equal(&sample_type, &empty, &back));
	free(text);
}
END_TEST

/* Each is read, written back in the same form, and told apart from nothing. */
static const char *const members[] = {
	"\"text\":\"x\"",
	"\"word\":\"green\"",
	"\"flag\":true",
	"\"optFlag\":true",
	"\"optFlag\":false",
	"\"u32\":4294967295",
	"\"u64\":18446744073709551615",
	"\"i64\":-9223372036854775808",
	"\"i64\":9223372036854775807",
	"\"optU16\":0",
	"\"optU16\":65535",
	"\"optU32\":0",
	"\"optU32\":4294967295",
	"\"optU64\":0",
	"\"optU64\":18446744073709551615",
	"\"optI32\":0",
	"\"optI32\":-2147483648",
	"\"optI32\":2147483647",
	"\"optI64\":0",
	"\"optI64\":-9223372036854775808",
	"\"list\":[\"\",\"a\"]",
	"\"words\":[]",
	"\"words\":[\"red\",\"red\"]",
	"\"numbers\":[0,4294967295]",
	"\"map\":{\"\":\"\",\"k\":\"v\"}",
	"\"object\":{\"n\":0}",
	"\"array\":[{\"n\":1},{\"n\":0}]",
	"\"keyed\":{\"k\":{\"n\":1},\"l\":{\"n\":0}}",
};

START_TEST(each_kind_of_member_keeps_its_value)
{
	struct sample empty = {0}, given, copy;
	struct arena *first = arena;
	char text[256];
	char *written;

	(void)snprintf(text, sizeof(text), "{%s,\"inPlace\":{\"n\":0}}", members[_i]);
	ck_assert_int_eq(decode(text, &given), 0);
	written = encode(&given);
	ck_assert_msg(strstr(written, members[_i]) != NULL, "%s became %s", text, written);
	free(written);
	ck_assert(!fields_equal(&sample_type, &empty, &given));
	ck_assert(!fields_equal(&sample_type, &given, &empty));

	arena = arena_new(1 << 20);
	memset(&copy, 0xaa, sizeof(copy));
	ck_assert_int_eq(fields_copy(arena, &sample_type, &given, &copy), 0);
	ck_assert(fields_equal(&sample_type, &given, &copy));
	arena_free(first);
	written = encode(&copy);
	ck_assert_msg(strstr(written, members[_i]) != NULL, "%s became %s", text, written);
	free(written);
}
END_TEST

static const struct refusal {
	const char *text;
	const char *message;
} refusals[] = {
	{"{\"u32\":-1}", "s.json:1: u32: expected an integer from 0 to 4294967295, found -1"},
	{"{\"u32\":4294967296}",
		"s.json:1: u32: expected an integer from 0 to 4294967295, found 4294967296"},
	{"{\"u64\":18446744073709551616}",
		"s.json:1: u64: expected an integer from 0 to 18446744073709551615, found "
		"18446744073709551616"},
	{"{\"optU16\":65536}",
		"s.json:1: optU16: expected an integer from 0 to 65535, found 65536"},
	{"{\"optI32\":2147483648}",
		"s.json:1: optI32: expected an integer from -2147483648 to 2147483647, found "
		"2147483648"},
	{"{\"optI32\":-2147483649}",
		"s.json:1: optI32: expected an integer from -2147483648 to 2147483647, found "
		"-2147483649"},
	{"{\"optI64\":9223372036854775808}",
		"s.json:1: optI64: expected an integer from -9223372036854775808 to "
		"9223372036854775807, found 9223372036854775808"},
	{"{\"optFlag\":1}", "s.json:1: optFlag: expected true or false, found 1"},
	{"{\"word\":\"blue\"}", "s.json:1: word: expected one of red, green, found \"blue\""},
	{"{\"words\":[\"red\",\"\"]}",
		"s.json:1: words[1]: expected one of red, green, found \"\""},
	{"{\"numbers\":[1,\"2\"]}", "s.json:1: numbers[1]: expected an integer, found \"2\""},
	{"{\"object\":{}}", "s.json:1: object.n: is required"},
	{"{\"array\":[{\"n\":1},{}]}", "s.json:1: array[1].n: is required"},
	{"{\"keyed\":{\"a\":{\"n\":1},\"b.c\":{}}}", "s.json:1: keyed.b.c.n: is required"},
	{"{\"keyed\":[]}", "s.json:1: keyed: expected an object, found an array"},
	{"{\"array\":{}}", "s.json:1: array: expected an array, found an object"},
	{"{\"map\":{\"a\":[]}}", "s.json:1: map.a: expected a string, found an array"},
	{"[]", "s.json:1: expected an object, found an array"},
	{"{\"FLAG\":1}", "s.json:1: FLAG: expected true or false, found 1"},
	{"{\"flag\":false,\n\"Flag\":true}", "s.json:2: Flag: duplicate key: flag is given twice"},
	{"{\"FLAG\":true,\"Flag\":false}", "s.json:1: Flag: duplicate key: flag is given twice"},
	{"{\"object\":{\"n\":1},\"OBJECT\":null}",
		"s.json:1: OBJECT: duplicate key: object is given twice"},
	{"{\"object\":{\"n\":1},\n\"OBJECT\":{\"n\":1}}",
		"s.json:2: OBJECT.n: duplicate key: n is given twice"},
	{"{\"object\":{\"n\":1},\"OBJECT\":{},\"Object\":{}}",
		"s.json:1: Object: duplicate key: object is given twice"},
	{"{\"inPlace\":{\"n\":1},\"INPLACE\":{}}",
		"s.json:1: INPLACE: duplicate key: inPlace is given twice"},
	{"{\"array\":[{\"n\":1,\"N\":2}]}",
		"s.json:1: array[0].N: duplicate key: n is given twice"},
};

START_TEST(what_does_not_fit_is_refused_with_its_path)
{
	struct sample sample;

	ck_assert_int_eq(decode(refusals[_i].text, &sample), -EINVAL);
	ck_assert_str_eq(err.text, refusals[_i].message);
}
END_TEST

START_TEST(the_order_of_keys_does_not_matter)
{
	struct sample a, b;

	ck_assert_int_eq(
		decode("{\"text\":\"x\",\"u32\":1,\"inPlace\":{\"n\":1},\"flag\":true}", &a), 0);
	ck_assert_int_eq(
		decode("{\"flag\":true,\"inPlace\":{\"n\":1},\"u32\":1,\"text\":\"x\"}", &b), 0);
	ck_assert(fields_equal(&sample_type, &a, &b));
	ck_assert_uint_eq(b.u32, 1);
	ck_assert(b.flag);
}
END_TEST

START_TEST(a_key_in_another_case_is_the_field)
{
	struct sample exact, other;

	ck_assert_int_eq(
		decode("{\"alwaysFlag\":true,\"optU16\":3,\"inPlace\":{\"n\":1}}", &exact), 0);
	ck_assert_int_eq(
		decode("{\"alwaysflag\":true,\"OPTU16\":3,\"InPlace\":{\"N\":1}}", &other), 0);
	ck_assert(other.always_flag);
	ck_assert(fields_equal(&sample_type, &exact, &other));
}
END_TEST

START_TEST(the_keys_of_a_map_are_exact)
{
	struct sample sample;

	ck_assert_int_eq(decode("{\"map\":{\"text\":\"a\",\"Text\":\"b\"},"
				"\"keyed\":{\"a\":{\"n\":1},\"A\":{\"n\":2}}}",
				 &sample),
		0);
	ck_assert_uint_eq(sample.map.n, 2);
	ck_assert_str_eq(sample.map.items[1].key, "Text");
	ck_assert_str_eq(sample.map.items[1].value, "b");
	ck_assert_uint_eq(sample.n_keyed, 2);
	ck_assert_str_eq(sample.keyed[1].name, "A");
}
END_TEST

START_TEST(a_document_of_our_own_has_exact_names)
{
	static const char text[] = "{\"Text\":\"x\"}";
	struct sample sample = {0};

	ck_assert_int_eq(fields_decode_strictly(
				 arena, "s.json", text, strlen(text), &sample_type, &sample, &err),
		-EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "s.json:1: Text: is not known; valid are text, "));
}
END_TEST

START_TEST(a_place_may_stand_before_the_path)
{
	static const char text[] = "{\"n\":true}";
	struct json_document *document = NULL;
	struct inner inner = {0};

	ck_assert_int_eq(json_parse(arena, "s.json", text, strlen(text), &document, &err), 0);
	ck_assert_int_eq(
		fields_decode(arena, document, document->root, "a.b", &inner_type, &inner, &err),
		-EINVAL);
	ck_assert_str_eq(err.text, "s.json:1: a.b.n: expected an integer, found true");
}
END_TEST

/* The place is cut, the reason is not. */
START_TEST(a_very_long_key_leaves_room_for_the_reason)
{
	struct sample sample;
	char text[5000] = "{\"map\":{\"";

	memset(text + 9, 'k', 4000);
	strcpy(text + 4009, "\":7}}");
	ck_assert_int_eq(decode(text, &sample), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "kkkk"));
	ck_assert_ptr_nonnull(strstr(err.text, ": expected a string, found 7"));
}
END_TEST

Suite *suite_fields(void)
{
	Suite *suite = suite_create("fields");
	TCase *tc = tcase_create("fields");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_empty_struct_writes_only_what_is_always_written);
	tcase_add_loop_test(
		tc, each_kind_of_member_keeps_its_value, 0, sizeof(members) / sizeof(members[0]));
	tcase_add_loop_test(tc, what_does_not_fit_is_refused_with_its_path, 0,
		sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(tc, the_order_of_keys_does_not_matter);
	tcase_add_test(tc, a_key_in_another_case_is_the_field);
	tcase_add_test(tc, the_keys_of_a_map_are_exact);
	tcase_add_test(tc, a_document_of_our_own_has_exact_names);
	tcase_add_test(tc, a_place_may_stand_before_the_path);
	tcase_add_test(tc, a_very_long_key_leaves_room_for_the_reason);
	suite_add_tcase(suite, tc);
	return suite;
}
