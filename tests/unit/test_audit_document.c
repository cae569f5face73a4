/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/audit.h"
#include "specs/sha256.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_audit_document(void);

/* FIPS 180-2, appendix B, and lengths at which the padding needs a block more. */
START_TEST(the_digest_is_that_of_the_standard)
{
	static const struct {
		const char *text;
		const char *digest;
	} cases[] = {
		/* clang-format off */
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		/* clang-format on */
	};
	char *million = malloc(1000000), digest[SHA256_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sha256_text(cases[i].text, strlen(cases[i].text), digest);
		ck_assert_str_eq(digest, cases[i].digest);
	}
	ck_assert_ptr_nonnull(million);
	memset(million, 'a', 1000000);
	sha256_text(million, 1000000, digest);
	ck_assert_str_eq(
		digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	sha256_text(million, 55, digest);
	ck_assert_str_eq(
		digest, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	sha256_text(million, 64, digest);
	ck_assert_str_eq(
		digest, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	free(million);
}
END_TEST

START_TEST(the_digest_of_pieces_is_that_of_the_whole)
{
	char text[300], whole[SHA256_TEXT], pieces[SHA256_TEXT];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	sha256_text(text, sizeof(text), whole);
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		struct sha256 sum;

		sha256_init(&sum);
		for (size_t at = 0; at < sizeof(text); at += piece)
			sha256_add(&sum, text + at,
				sizeof(text) - at < piece ? sizeof(text) - at : piece);
		sha256_finish(&sum, pieces);
		ck_assert_str_eq(pieces, whole);
	}
}
END_TEST

START_TEST(an_event_is_one_line_of_what_is_known)
{
	struct audit_grant grants[] = {{"tmp-exec", "policy"}};
	const char *args[] = {"sh", "-c", "a\nb"};
	struct audit_event event = {.version = AUDIT_VERSION,
		.time = "2026-11-22T02:17:00.303894781Z",
		.event = "exec",
		.id = "one",
		.args = {args, 3},
		.grants = grants,
		.n_grants = 1,
		.exit_status = {.set = true}};
	struct nacre_error err;
	char *line = NULL;

	ck_assert_int_eq(audit_event_encode(&event, &line, &err), 0);
	ck_assert_str_eq(line,
		"{\"version\":1,\"time\":\"2026-11-22T02:17:00.303894781Z\",\"event\":\"exec\","
		"\"id\":\"one\",\"uid\":0,\"grants\":[{\"grant\":\"tmp-exec\",\"by\":\"policy\"}],"
		"\"args\":[\"sh\",\"-c\",\"a\\nb\"],\"exitStatus\":0}\n");
	free(line);
	/* A program's name is any bytes; a line that is no JSON would hide those after it. */
	args[0] = "\xff";
	ck_assert_int_lt(audit_event_encode(&event, &line, &err), 0);
}
END_TEST

Suite *suite_audit_document(void)
{
	Suite *suite = suite_create("audit_document");
	TCase *tcase = tcase_create("audit_document");

	tcase_add_test(tcase, the_digest_is_that_of_the_standard);
	tcase_add_test(tcase, the_digest_of_pieces_is_that_of_the_whole);
	tcase_add_test(tcase, an_event_is_one_line_of_what_is_known);
	suite_add_tcase(suite, tcase);
	return suite;
}
