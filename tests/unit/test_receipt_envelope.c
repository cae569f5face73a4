/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/base64.h"
#include "specs/receipt_envelope.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_receipt_envelope(void);

#define DIGEST "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"

static struct arena *arena;
static struct nacre_error err;

static void set_up(void)
{
	arena = arena_new((size_t)64 * 1024 * 1024);
	ck_assert_ptr_nonnull(arena);
}

static void tear_down(void)
{
	arena_free(arena);
}

/* RFC 4648, section 10. */
START_TEST(base64_is_that_of_the_standard)
{
	static const struct {
		const char *plain, *text;
	} cases[] = {{"", ""}, {"f", "Zg=="}, {"ab", "YWI="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe?>", "//4/Pg=="}};
	static const char *const wrong[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n",
		"Zm 9", "====", "Z===", "Zm9-", "=Zg="};
	char *text, *data;
	size_t length;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(base64_encode(cases[i].plain, strlen(cases[i].plain), &text), 0);
		ck_assert_str_eq(text, cases[i].text);
		ck_assert_int_eq(base64_decode(text, &data, &length), 0);
		ck_assert_uint_eq(length, strlen(cases[i].plain));
		ck_assert_str_eq(data, cases[i].plain);
		free(text);
		free(data);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(base64_decode(wrong[i], &data, &length) == -EINVAL, "%s", wrong[i]);
}
END_TEST

static const struct receipt_envelope sample = {"{\"a\":1}", DIGEST, "c2lnbmF0dXJl"};

START_TEST(an_envelope_is_read_back)
{
	struct receipt_envelope *envelope;
	char *text = NULL;

	ck_assert_int_eq(receipt_envelope_encode(&sample, &text, &err), 0);
	ck_assert_str_eq(text,
		"{\"payload\":\"eyJhIjoxfQ==\",\"payloadType\":\"application/vnd.in-toto+json\","
		"\"signatures\":[{\"keyid\":\"" DIGEST "\",\"sig\":\"c2lnbmF0dXJl\"}]}\n");
	ck_assert_int_eq(
		receipt_envelope_decode(arena, "x", text, strlen(text), &envelope, &err), 0);
	ck_assert_str_eq(envelope->payload, sample.payload);
	ck_assert_str_eq(envelope->key_id, sample.key_id);
	ck_assert_str_eq(envelope->signature, sample.signature);
	free(text);
}
END_TEST

/* What is taken all the same are other values in the three members. */
START_TEST(no_byte_of_an_envelope_is_free)
{
	struct receipt_envelope *envelope;
	char *text = NULL;
	size_t length, taken = 0;

	ck_assert_int_eq(receipt_envelope_encode(&sample, &text, &err), 0);
	length = strlen(text);
	for (size_t i = 0; i < length; i++) {
		const char before = text[i];

		for (int c = 0; c < 256; c++) {
			text[i] = (char)c;
			if (text[i] == before ||
				receipt_envelope_decode(arena, "x", text, length, &envelope, &err))
				continue;
			taken++;
			ck_assert_msg(strcmp(envelope->payload, sample.payload) ||
					      strcmp(envelope->key_id, sample.key_id) ||
					      strcmp(envelope->signature, sample.signature),
				"byte %zu may be %d", i, c);
		}
		text[i] = before;
	}
	ck_assert_uint_gt(taken, 0);
	/* Nor can one be added or left out. */
	ck_assert_int_eq(
		receipt_envelope_decode(arena, "x", text, length - 1, &envelope, &err), -EINVAL);
	free(text);
}
END_TEST

START_TEST(other_envelopes_are_refused)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"payload\":\"\"}",
		"{\"payload\":\"AA==\",\"payloadType\":\"application/vnd.in-toto+json\","
		"\"signatures\":[{\"keyid\":\"k\",\"sig\":\"c2ln\"}]}\n",
		"{\"payload\":\"e30=\",\"payloadType\":\"application/vnd.in-toto+json\","
		"\"signatures\":[]}\n",
		"{\"payload\":\"e30=\",\"payloadType\":\"application/vnd.in-toto+json\","
		"\"signatures\":[{\"keyid\":\"k\",\"sig\":\"c2ln\"},"
		"{\"keyid\":\"k\",\"sig\":\"c2ln\"}]}\n"};
	struct receipt_envelope *envelope;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(receipt_envelope_decode(arena, "x", texts[i], strlen(texts[i]),
				      &envelope, &err) == -EINVAL,
			"%s", texts[i]);
}
END_TEST

/* The example of the DSSE specification has another type; lengths count bytes. */
START_TEST(what_is_signed_has_type_and_lengths)
{
	char *text = NULL;

	ck_assert_int_eq(receipt_envelope_signed("\xc3\xa9", &text), 0);
	ck_assert_str_eq(text, "DSSEv1 28 application/vnd.in-toto+json 2 \xc3\xa9");
	free(text);
}
END_TEST

Suite *suite_receipt_envelope(void)
{
	Suite *suite = suite_create("receipt_envelope");
	TCase *envelope = tcase_create("envelope");

	tcase_add_checked_fixture(envelope, set_up, tear_down);
	tcase_add_test(envelope, base64_is_that_of_the_standard);
	tcase_add_test(envelope, an_envelope_is_read_back);
	tcase_add_test(envelope, no_byte_of_an_envelope_is_free);
	tcase_add_test(envelope, other_envelopes_are_refused);
	tcase_add_test(envelope, what_is_signed_has_type_and_lengths);
	suite_add_tcase(suite, envelope);
	return suite;
}
