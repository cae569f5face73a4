/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_fields(void);

/* One member of each kind. */
struct inner {
	const char *name;
	uint32_t n;
};

struct sample {
	const char *text;
	const char *word;
	bool flag;
	bool always_flag;
	struct oci_bool opt_flag;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	uint64_t always_u64;
	struct oci_u32 opt_u16;
	struct oci_u32 opt_u32;
	struct oci_u64 opt_u64;
	struct oci_i32 opt_i32;
	struct oci_i64 opt_i64;
	struct oci_strings list;
	struct oci_strings words;
	bool has_words;
	uint32_t *numbers;
	size_t n_numbers;
	struct oci_map map;
	struct inner *object;
	struct inner in_place;
	struct inner *array;
	size_t n_array;
	struct inner *keyed;
	size_t n_keyed;
};

/* clang-format off */
static const char *const colours[] = {"red", "green", NULL};

static const struct field inner_fields[] = {
	FIELD_U32("n", inner, n, FIELD_MUST),
	{},
};
static STRUCT_TYPE(inner);

static const struct field sample_fields[] = {
	FIELD_STRING("text", sample, text, 0),
	FIELD_WORD("word", sample, word, 0, colours),
	FIELD_BOOL("flag", sample, flag, 0),
	FIELD_BOOL("alwaysFlag", sample, always_flag, FIELD_ALWAYS),
	FIELD_OPT_BOOL("optFlag", sample, opt_flag),
	FIELD_U32("u32", sample, u32, 0),
	FIELD_U64("u64", sample, u64, 0),
	FIELD_I64("i64", sample, i64, 0),
	FIELD_U64("alwaysU64", sample, always_u64, FIELD_ALWAYS),
	FIELD_OPT_U16("optU16", sample, opt_u16),
	FIELD_OPT_U32("optU32", sample, opt_u32),
	FIELD_OPT_U64("optU64", sample, opt_u64),
	FIELD_OPT_I32("optI32", sample, opt_i32),
	FIELD_OPT_I64("optI64", sample, opt_i64),
	FIELD_STRINGS("list", sample, list, 0),
	FIELD_WORDS_PRESENT("words", sample, words, colours),
	FIELD_U32S("numbers", sample, numbers),
	FIELD_MAP("map", sample, map),
	FIELD_OBJECT("object", sample, object, 0, inner),
	FIELD_INLINE("inPlace", sample, in_place, 0, inner),
	FIELD_ARRAY("array", sample, array, 0, inner),
	FIELD_KEYED("keyed", sample, keyed, inner),
	{},
};
static STRUCT_TYPE(sample);
/* clang-format on */

static struct arena *arena;
static struct nacre_error err;

static void set_up(void)
{
	arena = arena_new(1 << 20);
}

static void tear_down(void)
{
	arena_free(arena);
}

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

/* --- rewrite --- */

/* A document as another version wrote it, and CHANGE upon it, as this one writes it again. */
static void rewrite(const char *written, void (*change)(struct sample *after), const char *expected)
{
	struct json_writer *w = json_writer_new(false);
	struct json_document *document = NULL;
	struct sample before = {0}, after;
	char *text = NULL;

	ck_assert_int_eq(fields_decode_text(arena, "s.json", written, strlen(written), &sample_type,
				 &before, &document, &err),
		0);
	ck_assert_int_eq(fields_copy(arena, &sample_type, &before, &after), 0);
	change(&after);
	fields_rewrite(w, &sample_type, document->root, &before, &after);
	ck_assert_int_eq(json_writer_finish(w, &text, &err), 0);
	ck_assert_str_eq(text, expected);
	free(text);
}

#define FLAG "\"alwaysFlag\":false"
#define REST "\"alwaysU64\":0,\"inPlace\":{\"n\":0}"
#define BARE FLAG "," REST

static void change_nothing(struct sample *after)
{
	(void)after;
}

static void change_u32(struct sample *after)
{
	after->u32 = 7;
}

static void drop_text(struct sample *after)
{
	after->text = NULL;
}

static void change_inner(struct sample *after)
{
	after->object->n = 2;
	after->in_place.n = 3;
}

static void change_element(struct sample *after)
{
	after->array[0].n = 2;
}

static void drop_object(struct sample *after)
{
	after->object = NULL;
}

START_TEST(what_is_not_known_survives_a_rewrite)
{
	static const struct {
		const char *written;
		void (*change)(struct sample *after);
		const char *expected;
	} cases[] = {
		/* clang-format off */
		{"{\"later\":[1e3,null,{\"a\":true,\"b\":\"x\"}]," BARE "}", change_nothing,
			"{" BARE ",\"later\":[1e3,null,{\"a\":true,\"b\":\"x\"}]}"},
		{"{\"later\":1," BARE ",\"u32\":5}", change_u32,
			"{" FLAG ",\"u32\":7," REST ",\"later\":1}"},
		{"{\"text\":\"x\"," BARE ",\"later\":1}", drop_text, "{" BARE ",\"later\":1}"},
		/* a member that is not changed stays as it is, with what its own table does not know */
		{"{" BARE ",\"array\":[{\"n\":1,\"later\":2}],\"u32\":5}", change_u32,
			"{" FLAG ",\"u32\":7," REST ",\"array\":[{\"n\":1,\"later\":2}]}"},
		/* and one that is changed is changed inside */
		{"{\"alwaysFlag\":false,\"alwaysU64\":0,\"object\":{\"n\":1,\"later\":{}},"
			"\"inPlace\":{\"later\":4,\"n\":0}}", change_inner,
			"{\"alwaysFlag\":false,\"alwaysU64\":0,\"object\":{\"n\":2,\"later\":{}},"
			"\"inPlace\":{\"n\":3,\"later\":4}}"},
		{"{" BARE ",\"array\":[{\"n\":1,\"later\":2}]}", change_element,
			"{" BARE ",\"array\":[{\"n\":2}]}"},
		{"{\"alwaysFlag\":false,\"alwaysU64\":0,\"object\":{\"n\":1,\"later\":{}},"
			"\"inPlace\":{\"n\":0}}", drop_object, "{" BARE "}"},
		/* in two spellings: one is written */
		{"{" BARE ",\"object\":{\"n\":1},\"OBJECT\":{\"name\":\"x\"}}", change_nothing,
			"{\"alwaysFlag\":false,\"alwaysU64\":0,\"object\":{\"n\":1},\"inPlace\":{\"n\":0}}"},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		rewrite(cases[i].written, cases[i].change, cases[i].expected);
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
	tcase_add_test(tc, what_is_not_known_survives_a_rewrite);
	suite_add_tcase(suite, tc);
	return suite;
}
