/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/receipt.h"
#include "specs/receipt_plan.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/data_files.h"

Suite *suite_receipt(void);

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

static char *encode(const struct receipt *receipt)
{
	struct receipt_subject subjects[] = {
		{{DIGEST}, RECEIPT_CHANGES_NAME}, {{DIGEST}, "/changes.1.json"}};
	const struct receipt_statement statement = {
		.predicate = *receipt, .subjects = subjects, .n_subjects = 2};
	char *text = NULL;

	ck_assert_int_eq(receipt_statement_encode(&statement, &text, &err), 0);
	return text;
}

/* Every member has a value. */
static struct receipt everything(void)
{
	static struct receipt_denial denials[] = {
		{3, "example.com:443", "connections to example.com:443 refused", "egress"},
		{1, NULL, "sockets of protocol 1 refused", "egress"}};
	static const char *rules[] = {"registry.example.com:443"};
	static struct receipt_grant grants[] = {{"policy", "tmp-exec", true}};
	static struct receipt_image image = {"io.kubernetes.cri-o.ImageRef", "sha256:" DIGEST};
	static struct receipt_gap gaps[] = {
		{"resources.memoryPeak", "its cgroup does not count it"}};
	static const char *required[] = {"egress", "receipt"};
	static struct receipt_rule judged[] = {
		{true, NULL, "egress"}, {false, "no cgroup v2 controller for pids", "resources"}};
	static struct receipt_changed files[] = {{"src/na\"me\n\xc3\xa9.c", DIGEST}};
	static struct receipt_workspace workspaces[] = {
		{RECEIPT_CHANGES_NAME, {1, 2, 3, 4, 5, 6, 7}, files, 1, "cow", "/srv/src"}};
	static struct receipt_runtime writer = {"nacre", DIGEST, "0.2.0"};

	return (struct receipt){
		.chain = {DIGEST, DIGEST, 12},
		.config = {DIGEST, DIGEST, DIGEST},
		.egress = {denials, 2, 4, "cgroup-bpf", {rules, 1}},
		.exit_status = {true, 137},
		.grants = grants,
		.n_grants = 1,
		.image = &image,
		.incomplete = gaps,
		.n_incomplete = 1,
		.invocation = {"2026-11-22T02:18:00.000000001Z", "one",
			"2026-11-22T02:17:00.303894781Z", 1000},
		.process = {DIGEST, DIGEST},
		.profile = "agent",
		.required = {required, 2},
		.resources = {{true, 3103}, {true, 1048576}},
		.rules = judged,
		.n_rules = 2,
		.runtime = {"nacre", DIGEST, "0.1.0"},
		.workspaces = workspaces,
		.n_workspaces = 1,
		.writer = &writer,
	};
}

static struct receipt nothing(void)
{
	return (struct receipt){
		.chain = {DIGEST, NULL, 1},
		.invocation = {"2026-11-22T02:18:00.000000001Z", "one", NULL, 0},
		.runtime = {"nacre", NULL, NULL},
	};
}

START_TEST(a_statement_is_the_golden_one)
{
	const struct receipt whole = everything(), bare = nothing();
	char *text = encode(&whole);

	data_expect("receipt/everything.json", text);
	free(text);
	text = encode(&bare);
	data_expect("receipt/nothing.json", text);
	free(text);
}
END_TEST

START_TEST(a_statement_is_read_back)
{
	const struct receipt receipt = everything();
	char *text = encode(&receipt), *again = NULL;
	struct receipt_statement *statement;

	ck_assert_int_eq(
		receipt_statement_decode(arena, "x", text, strlen(text), &statement, &err), 0);
	ck_assert_int_eq(receipt_statement_encode(statement, &again, &err), 0);
	ck_assert_str_eq(text, again);
	free(again);
	free(text);
}
END_TEST

/* Sorted, without blanks: checked by hand here, since the tables are by hand. */
START_TEST(members_are_sorted)
{
	static const char *const order[] = {"\"_type\":", "\"predicate\":", "\"chain\":",
		"\"config\":", "\"egress\":", "\"exitStatus\":", "\"grants\":", "\"image\":",
		"\"incomplete\":", "\"invocation\":", "\"process\":", "\"profile\":",
		"\"required\":", "\"resources\":", "\"rules\":[{", "\"runtime\":",
		"\"workspaces\":", "\"writer\":", "\"predicateType\":", "\"subject\":"};
	const struct receipt receipt = everything();
	char *text = encode(&receipt);
	const char *at = text;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		at = strstr(at, order[i]);
		ck_assert_msg(at != NULL, "%s is not where it belongs", order[i]);
	}
	free(text);
}
END_TEST

START_TEST(what_was_not_observed_is_always_there)
{
	static const char member[] = ",\"incomplete\":[]";
	const struct receipt receipt = nothing();
	char *text = encode(&receipt);
	char *at = strstr(text, member);
	struct receipt_statement *statement;

	ck_assert_ptr_nonnull(at);
	memmove(at, at + strlen(member), strlen(at + strlen(member)) + 1);
	ck_assert_int_eq(receipt_statement_decode(arena, "x", text, strlen(text), &statement, &err),
		-EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "incomplete"));
	free(text);
}
END_TEST

START_TEST(another_statement_is_refused)
{
	static const char *const words[] = {"Statement/v1", "sandbox-run", "/changes.json\"},{"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct receipt receipt = everything();
		char *text = encode(&receipt);
		struct receipt_statement *statement;

		strstr(text, words[i])[0] = 'x';
		ck_assert_int_eq(
			receipt_statement_decode(arena, "x", text, strlen(text), &statement, &err),
			-EINVAL);
		free(text);
	}
}
END_TEST

START_TEST(the_text_steers_no_terminal)
{
	struct receipt receipt = everything();
	struct receipt_statement statement = {.predicate = receipt};
	char *text = NULL;

	statement.predicate.invocation.id = "a\x1b[2Jb\xc2\x9b"
					    "c";
	ck_assert_int_eq(receipt_statement_text(&statement, &text, &err), 0);
	ck_assert_ptr_null(strchr(text, '\x1b'));
	ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
	ck_assert_ptr_nonnull(strstr(text, "137"));
	ck_assert_ptr_nonnull(strstr(text, "tmp-exec, by policy"));
	ck_assert_ptr_nonnull(strstr(text, "no cgroup v2 controller for pids"));
	ck_assert_ptr_nonnull(strstr(text, "resources.memoryPeak"));
	free(text);
}
END_TEST

/* Each list is a subject; its files are none, whatever they are called. */
START_TEST(lists_are_the_only_subjects)
{
	struct workspace_change items[] = {
		{.kind = WORKSPACE_ADDED, .path = "a\n", .mode = 0644, .sha256 = DIGEST},
		{.kind = WORKSPACE_DELETED, .path = "b"},
		{.kind = WORKSPACE_MODIFIED,
			.path = "changes.json",
			.sha256 = DIGEST,
			.refused = "hook",
			.conflict = "changed"}};
	const struct workspace_changes changes = {items, 3};
	struct receipt_workspace all[] = {{.form = "cow"}, {.form = "cow"}};
	struct receipt_workspace *one = &all[0], *two = &all[1];
	static struct receipt_changed many[RECEIPT_FILES_MAX];
	struct receipt_statement statement = {.predicate = {.workspaces = all, .n_workspaces = 2}};
	const struct receipt_subject *subjects;
	char digest[65];

	ck_assert_int_eq(receipt_add_changes(arena, &statement, one, 0, &changes, &err), 0);
	ck_assert_int_eq(receipt_add_changes(arena, &statement, two, 1, &changes, &err), 0);
	ck_assert_uint_eq(statement.n_subjects, 2);
	subjects = statement.subjects;
	ck_assert_int_eq(workspace_changes_digest(&changes, digest, &err), 0);
	ck_assert_str_eq(subjects[0].name, "/changes.json");
	ck_assert_str_eq(subjects[0].digest.sha256, digest);
	ck_assert_str_eq(subjects[1].name, "/changes.1.json");
	ck_assert_str_eq(one->changes, "/changes.json");
	ck_assert_str_eq(two->changes, "/changes.1.json");
	ck_assert_uint_eq(one->n_files, 2);
	ck_assert_str_eq(one->files[0].path, "a\\x0a");
	ck_assert_str_eq(two->files[1].path, "changes.json");
	ck_assert_str_eq(two->files[1].sha256, DIGEST);
	ck_assert_uint_eq(one->counts.added, 1);
	ck_assert_uint_eq(one->counts.modified, 1);
	ck_assert_uint_eq(one->counts.deleted, 1);
	ck_assert_uint_eq(one->counts.refused, 1);
	ck_assert_uint_eq(one->counts.conflicts, 1);
	one->files = many;
	one->n_files = RECEIPT_FILES_MAX - 1;
	for (size_t i = 0; i < one->n_files; i++)
		many[i].path = "a";
	two->n_files = 0;
	ck_assert_int_eq(receipt_add_changes(arena, &statement, two, 2, &changes, &err), 1);
	ck_assert_uint_eq(two->n_files, 1);
	two->n_files = 1;
	ck_assert_int_eq(receipt_add_changes(arena, &statement, two, 3, &changes, &err), 2);
	ck_assert_uint_eq(statement.n_subjects, 4);
}
END_TEST

START_TEST(an_image_is_known_by_its_digest)
{
	static const struct {
		const char *key, *value;
		bool found;
	} cases[] = {
		/* clang-format off */
		{"io.kubernetes.cri-o.ImageRef", "sha256:" DIGEST, true},
		{"io.kubernetes.cri.image-name", "docker.io/library/x@sha256:" DIGEST, true},
		{"io.kubernetes.cri.image-name", "docker.io/library/x:latest", false},
		{"org.opencontainers.image.base.digest", "sha256:4f53", false},
		{"org.opencontainers.image.base.digest", "sha256:" DIGEST "0", false},
		{"some.other", "sha256:" DIGEST, false},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oci_pair pair = {cases[i].key, cases[i].value};
		const struct oci_map map = {&pair, 1};
		const struct receipt_image image = receipt_find_image(&map);

		ck_assert_int_eq(image.digest != NULL, cases[i].found);
		if (image.digest)
			ck_assert_str_eq(image.digest, "sha256:" DIGEST);
	}
}
END_TEST

/* printf '%s\0' sh -c 'a b' | sha256sum */
START_TEST(strings_have_one_digest)
{
	const char *words[] = {"sh", "-c", "a b"}, *others[] = {"sh", "-c a", "b"};
	char digest[65], other[65];

	ck_assert_int_eq(receipt_digest_strings(&(struct oci_strings){words, 3}, digest), 0);
	ck_assert_str_eq(
		digest, "2fbb51270412f62a57f979d920bb244d4526344a20e6740957972b8a3b3c1b3a");
	ck_assert_int_eq(receipt_digest_strings(&(struct oci_strings){others, 3}, other), 0);
	ck_assert_str_ne(digest, other);
}
END_TEST

/* --- the plan --- */

START_TEST(a_plan_is_read_back)
{
	const struct receipt_plan plan = {RECEIPT_PLAN_VERSION, "/x/r.json", NULL,
		"pkcs11:object=k", true, false, DIGEST, 3, {"nacre", DIGEST, "0.1.0"}};
	struct receipt_plan *again;
	char *text = NULL;

	ck_assert_int_eq(receipt_plan_encode(&plan, &text, &err), 0);
	ck_assert_int_eq(receipt_plan_decode(arena, text, strlen(text), &again, &err), 0);
	ck_assert_str_eq(again->file, "/x/r.json");
	ck_assert_ptr_null(again->directory);
	ck_assert_str_eq(again->key, "pkcs11:object=k");
	ck_assert(again->required);
	ck_assert_uint_eq(again->updates, 3);
	ck_assert_str_eq(again->runtime.version, "0.1.0");
	free(text);
}
END_TEST

START_TEST(a_report_tells_rules_and_grants)
{
	static const char report[] =
		"{\"version\":1,\"profile\":\"agent\",\"rules\":[\"a\",\"b\"],\"required\":[\"a\"],"
		"\"bestEffort\":[],\"granted\":[\"g\"],\"grants\":[{\"grant\":\"g\",\"by\":"
		"\"policy\",\"used\":true}],\"changes\":[{\"rule\":\"a\"}],"
		"\"leftOut\":[\"rule bb: x\",\"rule b: why: not\"]}";
	struct receipt receipt = {.profile = NULL};

	ck_assert_int_eq(receipt_read_report(arena, report, strlen(report), &receipt, &err), 0);
	ck_assert_uint_eq(receipt.n_rules, 2);
	ck_assert_ptr_null(receipt.rules[0].gap);
	ck_assert_str_eq(receipt.rules[1].name, "b");
	ck_assert_str_eq(receipt.rules[1].gap, "why: not");
	ck_assert_str_eq(receipt.grants[0].by, "policy");
	ck_assert_str_eq(receipt.required.items[0], "a");
	ck_assert_int_eq(receipt_note_gap(arena, &receipt, "x", "y", &err), 0);
	ck_assert_int_eq(receipt_note_gap(arena, &receipt, "z", "y", &err), 0);
	ck_assert_uint_eq(receipt.n_incomplete, 2);
	ck_assert_str_eq(receipt.incomplete[0].member, "x");
}
END_TEST

Suite *suite_receipt(void)
{
	Suite *suite = suite_create("receipt");
	TCase *statement = tcase_create("statement");
	TCase *plan = tcase_create("plan");

	tcase_add_checked_fixture(statement, set_up, tear_down);
	tcase_add_test(statement, a_statement_is_the_golden_one);
	tcase_add_test(statement, a_statement_is_read_back);
	tcase_add_test(statement, members_are_sorted);
	tcase_add_test(statement, what_was_not_observed_is_always_there);
	tcase_add_test(statement, another_statement_is_refused);
	tcase_add_test(statement, the_text_steers_no_terminal);
	tcase_add_test(statement, lists_are_the_only_subjects);
	tcase_add_test(statement, an_image_is_known_by_its_digest);
	tcase_add_test(statement, strings_have_one_digest);
	suite_add_tcase(suite, statement);
	tcase_add_checked_fixture(plan, set_up, tear_down);
	tcase_add_test(plan, a_plan_is_read_back);
	tcase_add_test(plan, a_report_tells_rules_and_grants);
	suite_add_tcase(suite, plan);
	return suite;
}
