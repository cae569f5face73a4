/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fields_fixture.h"

Suite *suite_fields_rewrite(void);

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

Suite *suite_fields_rewrite(void)
{
	Suite *suite = suite_create("fields_rewrite");
	TCase *tc = tcase_create("fields_rewrite");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_not_known_survives_a_rewrite);
	suite_add_tcase(suite, tc);
	return suite;
}
