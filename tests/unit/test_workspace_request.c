/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_request.h"

#include <check.h>
#include <errno.h>
#include <string.h>

Suite *suite_workspace_request(void);

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

/* clang-format off */
static const struct {
	const char *text;
	struct workspace_request expected;
} understood[] = {
	{"/src", {"/src", "/src", "cow", 0, false}},
	{"/a//b/../src/", {"/a/src", "/a/src", "cow", 0, false}},
	{"src", {"/base/src", "/base/src", "cow", 0, false}},
	{".", {"/base", "/base", "cow", 0, false}},
	{"/src:/w", {"/src", "/w", "cow", 0, false, true}},
	{"/src:/w/../x", {"/src", "/x", "cow", 0, false, true}},
	{"/src:/src", {"/src", "/src", "cow", 0, false, true}},
	{"/src:ro", {"/src", "/src", "ro", 0, false}},
	{"/src:direct", {"/src", "/src", "direct", 0, false}},
	{"/src:/w:direct", {"/src", "/w", "direct", 0, false, true}},
	{"/src:/w:cow,size=64k", {"/src", "/w", "cow", 64 << 10, false, true}},
	{"/src,size=65536", {"/src", "/src", "cow", 64 << 10, false}},
	{"/src,size=65536B", {"/src", "/src", "cow", 64 << 10, false}},
	{"/src,size=10GiB", {"/src", "/src", "cow", 10ULL << 30, false}},
	{"/src,size=2t", {"/src", "/src", "cow", 2ULL << 40, false}},
	{"/src:cow,size=1M,tmpfs", {"/src", "/src", "cow", 1 << 20, true}},
	{"/src,tmpfs,size=1m", {"/src", "/src", "cow", 1 << 20, true}},
	{"cow", {"/base/cow", "/base/cow", "cow", 0, false}},
};

static const struct {
	const char *text;
	const char *error;
} refused[] = {
	{"", "expected a directory before"},
	{":/w", "expected a directory before"},
	{"/src:", "expected an absolute path"},
	{"/src:w", "\"w\": expected an absolute path in the container, or cow, direct or ro"},
	{"/src:/w:rw", "\"rw\": expected cow, direct or ro"},
	{"/src:/w:", "\"\": expected cow, direct or ro"},
	{"/src:/w:cow:", "a path cannot contain a colon"},
	{"/a:b:/w:cow", "a path cannot contain a colon"},
	{"/src:/", "the root of the container cannot be a workspace"},
	{"/", "the root of the container cannot be a workspace"},
	{"/src,", "\"\": expected size=N or tmpfs"},
	{"/src,rw", "\"rw\": expected size=N or tmpfs"},
	{"/a,b:/w", "\"b:/w\": expected size=N or tmpfs; a path cannot contain a comma"},
	{"/src,size=", "expected a size of at least 64k"},
	{"/src,size=0", "expected a size of at least 64k"},
	{"/src,size=65535", "expected a size of at least 64k"},
	{"/src,size=-1", "expected a size of at least 64k"},
	{"/src,size=1x", "expected a size of at least 64k"},
	{"/src,size=1MM", "expected a size of at least 64k"},
	{"/src,size=99999999999999999999", "expected a size of at least 64k"},
	{"/src,size=16777216t", "expected a size of at least 64k"},
	{"/src,tmpfs", "tmpfs needs size=N"},
	{"/src:ro,size=1M", "size= applies only to the form cow"},
	{"/src:direct,size=1M", "size= applies only to the form cow"},
};
/* clang-format on */

START_TEST(a_workspace_of_the_command_line_is_understood)
{
	const struct workspace_request *expected = &understood[_i].expected;
	struct workspace_request r;

	ck_assert_msg(workspace_request_parse(arena, understood[_i].text, "/base", &r, &err) == 0,
		"%s: %s", understood[_i].text, err.text);
	ck_assert_str_eq(r.source, expected->source);
	ck_assert_str_eq(r.destination, expected->destination);
	ck_assert_str_eq(r.form, expected->form);
	ck_assert_uint_eq(r.bytes, expected->bytes);
	ck_assert_int_eq(r.tmpfs, expected->tmpfs);
	ck_assert_int_eq(r.placed, expected->placed);
}
END_TEST

START_TEST(what_is_none_says_what_was_expected)
{
	struct workspace_request r;

	ck_assert_msg(
		workspace_request_parse(arena, refused[_i].text, "/base", &r, &err) == -EINVAL,
		"%s was understood", refused[_i].text);
	ck_assert_msg(strstr(err.text, refused[_i].error), "%s: %s", refused[_i].text, err.text);
}
END_TEST

START_TEST(an_annotation_names_destinations)
{
	struct oci_strings found;

	ck_assert_int_eq(workspace_annotation_parse(arena, " /a\t/b/../c /a\n", &found, &err), 0);
	ck_assert_uint_eq(found.n, 2);
	ck_assert_str_eq(found.items[0], "/a");
	ck_assert_str_eq(found.items[1], "/c");
	ck_assert_int_eq(workspace_annotation_parse(arena, " ", &found, &err), -EINVAL);
	ck_assert_int_eq(workspace_annotation_parse(arena, "/a b", &found, &err), -EINVAL);
	ck_assert_str_eq(err.text, "\"b\": expected the absolute path of a mount in the container");
}
END_TEST

Suite *suite_workspace_request(void)
{
	Suite *suite = suite_create("workspace_request");
	TCase *tcase = tcase_create("workspace_request");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, a_workspace_of_the_command_line_is_understood, 0,
		(int)(sizeof(understood) / sizeof(understood[0])));
	tcase_add_loop_test(tcase, what_is_none_says_what_was_expected, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tcase, an_annotation_names_destinations);
	suite_add_tcase(suite, tcase);
	return suite;
}
