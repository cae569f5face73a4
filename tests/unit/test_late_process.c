/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/late_process.h"

#include <check.h>
#include <errno.h>
#include <string.h>

Suite *suite_late_process(void);

static struct arena *arena;
static struct nacre_error err;
static const char *created_args[] = {"waits"}, *created_env[] = {"A=created"};
static struct oci_process created;

static void set_up(void)
{
	arena = arena_new(64 * 1024 * 1024);
	created = (struct oci_process){.cwd = "/",
		.args = {created_args, 1},
		.env = {created_env, 1},
		.no_new_privileges = true,
		.user = {.uid = 7}};
}

static void tear_down(void)
{
	arena_free(arena);
}

static int decode(const char *text, struct oci_process **ret_process)
{
	const struct oci_part part = {.name = "p.json", .text = text, .length = strlen(text)};

	return late_process_decode(arena, &part, &created, ret_process, &err);
}

START_TEST(it_has_args_cwd_and_env_and_the_rest_is_the_container_s)
{
	struct oci_process *process = NULL;

	ck_assert_int_eq(
		decode("{\"args\": [\"a\", \"\"], \"cwd\": \"/w\", \"env\": [\"B=1\"]}", &process),
		0);
	ck_assert_uint_eq(process->args.n, 2);
	ck_assert_str_eq(process->args.items[1], "");
	ck_assert_str_eq(process->cwd, "/w");
	ck_assert_str_eq(process->env.items[0], "B=1");
	ck_assert_uint_eq(process->user.uid, 7);
	ck_assert(process->no_new_privileges);
	ck_assert_int_eq(decode("{\"args\": [\"a\"], \"cwd\": \"/\"}", &process), 0);
	ck_assert_str_eq(process->env.items[0], "A=created");
	ck_assert_int_eq(decode("{\"args\": [\"a\"], \"cwd\": \"/\", \"env\": []}", &process), 0);
	ck_assert_uint_eq(process->env.n, 0);
}
END_TEST

static const struct {
	const char *text, *error;
} refused[] = {
	{"{\"args\": [\"a\"],\n\"cwd\": \"/\", \"user\": {\"uid\": 7}}",
		"p.json:2: user: the process of a container created with --late"},
	{"{\"args\": [\"a\"], \"cwd\": \"/\", \"noNewPrivileges\": true}",
		"noNewPrivileges: the process"},
	{"{\"args\": [\"a\"], \"cwd\": \"/\", \"capabilities\": {}}", "capabilities: the process"},
	{"{\"args\": [\"a\"], \"cwd\": \"/\", \"Args\": [\"b\"]}", "Args: the process"},
	{"{\"args\": [\"a\"], \"cwd\": \"/\", \"unheard-of\": 1}", "unheard-of: the process"},
	{"{\"args\": [\"a\"], \"cwd\": \"w\"}", "not an absolute path"},
	{"{\"args\": [\"a\"]}", "cwd"},
	{"{\"args\": [], \"cwd\": \"/\"}", "args"},
	{"{\"cwd\": \"/\"}", "args"},
	{"{\"args\": [\"a\"], \"cwd\": \"/\", \"env\": [\"X\"]}",
		"process.env[0]: expected NAME=VALUE, found \"X\""},
	{"{\"args\": [\"a\"], \"cwd\": \"/\", \"env\": [\"=X\"]}",
		"process.env[0]: \"=X\" has no name"},
	{"[]", "expected"},
	{"{", "p.json"},
};

START_TEST(all_else_is_refused_by_its_name)
{
	struct oci_process *process = NULL;

	ck_assert_int_lt(decode(refused[_i].text, &process), 0);
	ck_assert_ptr_null(process);
	ck_assert_msg(strstr(err.text, refused[_i].error), "%s: %s", refused[_i].text, err.text);
}
END_TEST

START_TEST(what_is_packed_is_unpacked_the_same)
{
	const char *args[] = {"prog", "", "x y"}, *env[] = {"A=", "B=\n"};
	const struct oci_process given = {.cwd = "/w", .args = {args, 3}, .env = {env, 2}};
	struct oci_process *back = NULL, expected = created;
	size_t length = 0;
	char *bytes = NULL;

	ck_assert_int_eq(late_process_pack(arena, &given, &bytes, &length, &err), 0);
	ck_assert_uint_eq(length, sizeof("/w") + sizeof("prog") + 1 + sizeof("x y") + 3 + 4);
	ck_assert_int_eq(late_process_unpack(arena, bytes, length, 3, &created, &back, &err), 0);
	expected.cwd = given.cwd;
	expected.args = given.args;
	expected.env = given.env;
	ck_assert(oci_process_equal(back, &expected));
}
END_TEST

START_TEST(what_is_damaged_is_no_process)
{
	static const char bytes[] = "/w\0a\0A=1";
	static const struct {
		size_t length, n_args;
	} wrong[] = {{0, 1}, {sizeof(bytes) - 1, 1}, {sizeof(bytes), 0}, {sizeof(bytes), 3}, {3, 1},
		{LATE_PROCESS_BYTES + 1, 1}};
	struct oci_process *process = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(late_process_unpack(arena, bytes, wrong[i].length, wrong[i].n_args,
					 &created, &process, &err),
			-EPROTO);
	ck_assert_int_eq(
		late_process_unpack(arena, bytes, sizeof(bytes), 2, &created, &process, &err), 0);
	ck_assert_uint_eq(process->env.n, 0);
}
END_TEST

START_TEST(one_that_is_too_large_is_refused)
{
	char *large = arena_alloc(arena, LATE_PROCESS_BYTES);
	const char *args[] = {"a", large};
	struct oci_process given = {.cwd = "/", .args = {args, 2}};
	size_t length;
	char *bytes;

	memset(large, 'x', LATE_PROCESS_BYTES - 5);
	large[LATE_PROCESS_BYTES - 5] = '\0';
	ck_assert_int_eq(late_process_pack(arena, &given, &bytes, &length, &err), 0);
	ck_assert_uint_eq(length, LATE_PROCESS_BYTES);
	given.cwd = "/w";
	ck_assert_int_eq(late_process_pack(arena, &given, &bytes, &length, &err), -E2BIG);
}
END_TEST

Suite *suite_late_process(void)
{
	Suite *suite = suite_create("late_process");
	TCase *tcase = tcase_create("late_process");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, it_has_args_cwd_and_env_and_the_rest_is_the_container_s);
	tcase_add_loop_test(
		tcase, all_else_is_refused_by_its_name, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tcase, what_is_packed_is_unpacked_the_same);
	tcase_add_test(tcase, what_is_damaged_is_no_process);
	tcase_add_test(tcase, one_that_is_too_large_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
