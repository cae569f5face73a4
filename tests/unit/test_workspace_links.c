/* SPDX-License-Identifier: Apache-2.0 */
/* Links, and what makes a repository. */
#include "specs/workspace_rules.h"

#include <check.h>
#include <string.h>

Suite *suite_workspace_links(void);

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
	const char *path;
	const char *target;
	bool leaves;
} links[] = {
	{"l", "a", false},
	{"l", "./a/b", false},
	{"l", "nowhere", false},
	{"a/l", "../b", false},
	{"a/b/l", "../../c", false},
	{"a/l", "..", false},
	{"a/l", "././../b", false},
	{"a/l", "..//b", false},
	{"l", "a..b/..c", false},
	{"l", ".", false},
	{"l", "/etc/passwd", true},
	{"l", "..", true},
	{"l", "../b", true},
	{"a/l", "../..", true},
	{"a/l", "../../b", true},
	{"l", "./../b", true},
	{"l", ".//../b", true},
	{"a/l", "..//../b", true},
	{"l", "", true},
	{"a/b/l", "../x/..", true},
	/* Where x is a link to "..", that is outside. */
	{"a/l", "x/../b", true},
	{"l", "a/..", true},
};

START_TEST(links_that_may_leave_are_refused)
{
	struct workspace_change change = {
		.path = links[_i].path, .target = links[_i].target, .type = WORKSPACE_SYMLINK};
	const struct workspace_surroundings around = {.new_git = false};

	workspace_rules_judge(&change, &around);
	ck_assert_msg((change.refused != NULL) == links[_i].leaves, "%s -> %s", links[_i].path,
		links[_i].target);
	if (links[_i].leaves)
		ck_assert_str_eq(change.refused, "link-leaves");
	ck_assert(!change.named);
}
END_TEST

static const struct {
	const char *names[4];
	bool is_repository;
} parts[] = {
	{{"HEAD", "objects", "refs"}, true},
	{{"head.", "OBJECTS", "Refs"}, true},
	{{"HEAD", "commonDIR"}, true},
	{{"HEAD", "objects"}, false},
	{{"objects", "refs", "commondir"}, false},
	{{"ahead", "objects", "refs", "commondir"}, false},
};

START_TEST(the_parts_of_a_repository_are_known_by_any_case)
{
	struct workspace_repository_parts found = {false};

	for (int i = 0; i < 4 && parts[_i].names[i]; i++)
		workspace_rules_add_part(&found, parts[_i].names[i]);
	ck_assert_int_eq(workspace_rules_is_repository(&found), parts[_i].is_repository);
}
END_TEST

Suite *suite_workspace_links(void)
{
	Suite *s = suite_create("workspace_links");
	TCase *tc = tcase_create("workspace_links");

	tcase_add_loop_test(tc, links_that_may_leave_are_refused, 0, COUNT(links));
	tcase_add_loop_test(tc, the_parts_of_a_repository_are_known_by_any_case, 0, COUNT(parts));
	suite_add_tcase(s, tc);
	return s;
}
