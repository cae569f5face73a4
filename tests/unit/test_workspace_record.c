/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_record.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_workspace_record(void);

static struct arena *arena;
static struct nacre_error err;

static const char *names[] = {".hooks", "Makefile"};

static const struct workspace_record full = {
	.version = WORKSPACE_VERSION,
	.id = "agent-1",
	.root = "/run/nacre",
	.source = "/home/a/src",
	.source_dev = UINT64_MAX,
	.source_ino = UINT64_MAX - 1,
	.source_fs = UINT64_MAX - 4,
	.destination = "/src",
	.form = WORKSPACE_COW,
	.user_xattr = true,
	.created_sec = INT64_MIN,
	.created_nsec = 999999999,
	.bytes = UINT64_MAX - 2,
	.inodes = UINT64_MAX - 3,
	.tmpfs = true,
	.present = {names, 1},
	.protect = {names, 2},
};

static void set_up(void)
{
	arena = arena_new(1 << 20);
}

static void tear_down(void)
{
	arena_free(arena);
}

static int decode(const char *text, struct workspace_record **ret)
{
	return workspace_record_decode(arena, "workspace.json", text, strlen(text), ret, &err);
}

START_TEST(a_workspace_record_keeps_every_member)
{
	struct workspace_record *r = NULL;
	char *text = NULL, *again = NULL;

	ck_assert_int_eq(workspace_record_encode(&full, &text, &err), 0);
	ck_assert_msg(decode(text, &r) == 0, "%s", err.text);
	ck_assert_uint_eq(r->version, full.version);
	ck_assert_str_eq(r->id, full.id);
	ck_assert_str_eq(r->root, full.root);
	ck_assert_str_eq(r->source, full.source);
	ck_assert_uint_eq(r->source_dev, full.source_dev);
	ck_assert_uint_eq(r->source_ino, full.source_ino);
	ck_assert_uint_eq(r->source_fs, full.source_fs);
	ck_assert_str_eq(r->destination, full.destination);
	ck_assert_str_eq(r->form, full.form);
	ck_assert(r->user_xattr && r->tmpfs);
	ck_assert_int_eq(r->created_sec, full.created_sec);
	ck_assert_uint_eq(r->created_nsec, full.created_nsec);
	ck_assert_uint_eq(r->bytes, full.bytes);
	ck_assert_uint_eq(r->inodes, full.inodes);
	ck_assert_uint_eq(r->present.n, 1);
	ck_assert_uint_eq(r->protect.n, 2);
	ck_assert_str_eq(r->protect.items[1], names[1]);
	ck_assert_int_eq(workspace_record_encode(r, &again, &err), 0);
	ck_assert_str_eq(text, again);
	free(text);
	free(again);
}
END_TEST

#define REST ",\"createdSec\":1,\"createdNsec\":2,\"destination\":\"/d\""

/* One that names no source, or a form that only a later version knows, says nothing to rely on. */
static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{"", "workspace.json"},
	{"{\"version\":1}", "id"},
	{"{\"version\":1,\"id\":\"x\",\"root\":\"/r\",\"source\":\"s\",\"sourceDev\":1,"
	 "\"sourceIno\":1,\"form\":\"cow\"" REST "}",
		"workspace.json: source and root: expected absolute paths"},
	{"{\"version\":1,\"id\":\"x\",\"root\":\"r\",\"source\":\"/s\",\"sourceDev\":1,"
	 "\"sourceIno\":1,\"form\":\"cow\"" REST "}",
		"workspace.json: source and root: expected absolute paths"},
	{"{\"version\":1,\"id\":\"x\",\"root\":\"/r\",\"source\":\"/s\",\"sourceDev\":1,"
	 "\"sourceIno\":1,\"form\":\"ro\"" REST "}",
		"form"},
};

START_TEST(what_is_no_workspace_record_is_refused)
{
	struct workspace_record *r = NULL;

	ck_assert_int_eq(decode(refused[_i].text, &r), -EINVAL);
	ck_assert_msg(strstr(err.text, refused[_i].error), "%s", err.text);
}
END_TEST

START_TEST(what_a_later_version_adds_is_passed_over)
{
	struct workspace_record *r = NULL;

	ck_assert_msg(
		decode("{\"version\":9,\"id\":\"x\",\"root\":\"/r\",\"source\":\"/s\","
		       "\"sourceDev\":1,\"sourceIno\":1,\"form\":\"cow\",\"later\":{}" REST "}",
			&r) == 0,
		"%s", err.text);
	ck_assert_uint_eq(r->version, 9);
	ck_assert_uint_eq(r->bytes, 0);
}
END_TEST

Suite *suite_workspace_record(void)
{
	Suite *suite = suite_create("workspace_record");
	TCase *tcase = tcase_create("workspace_record");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_workspace_record_keeps_every_member);
	tcase_add_loop_test(tcase, what_is_no_workspace_record_is_refused, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tcase, what_a_later_version_adds_is_passed_over);
	suite_add_tcase(suite, tcase);
	return suite;
}
