/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/apply.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/live/apply_fixture.h"

Suite *suite_apply(void);

static struct apply_fixture f;

/* The loops: beside the source, and on another file system. */
static const unsigned places[] = {0, 65536};

START_TEST(every_kind_of_change_comes_to_the_source)
{
	fixture_set_up(&f, places[_i]);
	fixture_everything(&f);
	fixture_apply(&f);
	fixture_expect_done(&f);
	fixture_expect_list(&f, "s", fixture_everything_applied);
	fixture_expect_list(&f, "u", fixture_upper_left);
	fixture_expect(&f, "w/journal", NULL);
	fixture_tear_down(&f);
}
END_TEST

START_TEST(a_dry_run_says_the_same_and_does_nothing)
{
	char *source, *upper;

	fixture_set_up(&f, places[_i]);
	fixture_everything(&f);
	source = fixture_list(&f, "s");
	upper = fixture_list(&f, "w");
	f.dry_run = true;
	fixture_apply(&f);
	fixture_expect_done(&f);
	fixture_expect_list(&f, "s", source);
	fixture_expect_list(&f, "w", upper);
	free(source);
	free(upper);
	fixture_tear_down(&f);
}
END_TEST

START_TEST(undo_puts_everything_back)
{
	struct undo_request undo = {0};
	char *source;

	fixture_set_up(&f, places[_i]);
	fixture_everything(&f);
	source = fixture_list(&f, "s");
	fixture_apply(&f);
	fixture_undo(&f, &undo);
	for (size_t i = 0; i < undo.n; i++)
		ck_assert_msg(undo.entries[i].result.outcome == APPLY_DONE, "%s: %s",
			undo.entries[i].path, undo.entries[i].result.reason ?: "left");
	fixture_expect_list(&f, "s", source);
	fixture_expect(&f, "w/undo", NULL);
	free(source);
	free(undo.entries);

	/* What was applied is in the upper again: once more gives the same. */
	memset(f.forced, 1, sizeof(f.forced));
	fixture_apply(&f);
	fixture_expect_list(&f, "s", fixture_everything_applied);
	fixture_expect_list(&f, "u", fixture_upper_left);
	fixture_tear_down(&f);
}
END_TEST

START_TEST(a_refusal_counts_until_the_path_is_named)
{
	fixture_set_up(&f, 0);
	fixture_begin(&f);
	fixture_file(&f, "u/hook", "hook");
	fixture_file(&f, "u/never", "never");
	fixture_change(&f, WORKSPACE_ADDED, "hook");
	f.items[0].refused = "hooks";
	f.items[0].named = true;
	fixture_change(&f, WORKSPACE_ADDED, "never")->refused = "link";
	f.named[1] = true;
	fixture_apply(&f);
	fixture_expect_list(&f, "s", "");
	ck_assert_str_eq(f.results[0].reason, "hooks");
	f.named[0] = true;
	fixture_apply(&f);
	fixture_expect_list(&f, "s", "hook 100644 0:0 hook\n");
	ck_assert_int_eq(fixture_outcome(&f, "never"), '!');
	fixture_tear_down(&f);
}
END_TEST

START_TEST(a_file_keeps_what_the_host_gave_it)
{
	char value[64] = "";
	struct stat st;

	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/owned/file", "old");
	ck_assert_int_eq(fchownat(f.top_fd, "s/owned", 1234, 5678, 0), 0);
	ck_assert_int_eq(fchownat(f.top_fd, "s/owned/file", 4321, 8765, 0), 0);
	fixture_attribute(&f, "s/owned/file", "user.host", "kept");
	fixture_begin(&f);
	fixture_file(&f, "u/owned/file", "new");
	fixture_file(&f, "u/owned/added", "added");
	fixture_attribute(&f, "u/owned/file", "user.agent", "dropped");
	ck_assert_int_eq(fchmodat(f.top_fd, "u/owned/added", 06777, 0), 0);
	fixture_change(&f, WORKSPACE_ADDED, "owned/added");
	fixture_change(&f, WORKSPACE_MODIFIED, "owned/file");
	fixture_apply(&f);
	fixture_expect_list(&f, "s",
		"owned 40755 1234:5678 \n"
		"owned/added 100777 1234:5678 added\n"
		"owned/file 100644 4321:8765 new\n");
	ck_assert_int_eq(chdir(f.top), 0);
	ck_assert_int_eq(lgetxattr("s/owned/file", "user.host", value, sizeof(value)), 4);
	ck_assert_int_lt(lgetxattr("s/owned/file", "user.agent", value, sizeof(value)), 0);
	ck_assert_int_eq(lstat("s/owned/file", &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	fixture_tear_down(&f);
}
END_TEST

START_TEST(part_of_an_opaque_directory_is_applied)
{
	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/d/old", "old");
	fixture_file(&f, "s/d/both", "old");
	fixture_file(&f, "s/d/below/old", "old");
	fixture_begin(&f);
	fixture_file(&f, "u/d/both", "new");
	fixture_file(&f, "u/d/below/new", "new");
	fixture_file(&f, "u/d/new", "new");
	fixture_attribute(&f, "u/d", "trusted.overlay.opaque", "y");
	fixture_change(&f, WORKSPACE_ADDED, "d/below/new");
	fixture_change(&f, WORKSPACE_DELETED, "d/below/old");
	fixture_change(&f, WORKSPACE_MODIFIED, "d/both");
	fixture_change(&f, WORKSPACE_ADDED, "d/new");
	fixture_change(&f, WORKSPACE_DELETED, "d/old");
	f.wanted[0] = f.wanted[1] = f.wanted[2] = f.wanted[4] = false;
	fixture_apply(&f);
	/* The container's view of the rest is what it was. */
	fixture_expect_list(&f, "u",
		"d 40755 0:0 \n"
		"d/below 40755 0:0 y\n"
		"d/below/new 100644 0:0 new\n"
		"d/both 100644 0:0 new\n"
		"d/old 20000 0:0 \n");
	memset(f.wanted, 1, sizeof(f.wanted));
	f.wanted[3] = false;
	fixture_apply(&f);
	fixture_expect_list(&f, "s",
		"d 40755 0:0 \n"
		"d/below 40755 0:0 \n"
		"d/below/new 100644 0:0 new\n"
		"d/both 100644 0:0 new\n"
		"d/new 100644 0:0 new\n");
	fixture_expect_list(&f, "u",
		"d 40755 0:0 \n"
		"d/below 40755 0:0 \n");
	fixture_tear_down(&f);
}
END_TEST

/* rm -rf c; mkdir c; mv d/d c/a; mv d/e c/b */
START_TEST(a_rename_into_an_opaque_directory_hides_nothing)
{
	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/c/b/old", "old");
	fixture_file(&f, "s/d/d/in", "in");
	fixture_file(&f, "s/d/e/in", "in");
	fixture_begin(&f);
	fixture_directory(&f, "u/c", 0755);
	fixture_attribute(&f, "u/c", "trusted.overlay.opaque", "y");
	fixture_directory(&f, "u/c/a", 0755);
	fixture_attribute(&f, "u/c/a", "trusted.overlay.redirect", "/d/d");
	fixture_directory(&f, "u/c/b", 0755);
	fixture_attribute(&f, "u/c/b", "trusted.overlay.redirect", "/d/e");
	fixture_whiteout(&f, "u/d/d");
	fixture_whiteout(&f, "u/d/e");
	fixture_change(&f, WORKSPACE_RENAMED, "c/a")->from = "d/d";
	fixture_change(&f, WORKSPACE_RENAMED, "c/b")->from = "d/e";
	f.wanted[1] = false;
	fixture_apply(&f);
	ck_assert_int_eq(fixture_outcome(&f, "c/a"), '+');
	fixture_expect_list(&f, "u",
		"c 40755 0:0 \n"
		"c/a 40755 0:0 \n"
		"c/b 40755 0:0 /d/e\n"
		"d 40755 0:0 \n"
		"d/e 20000 0:0 \n");
	/* Not opaque, too: its attribute above hides that one. */
	ck_assert_int_eq(chdir(f.top), 0);
	ck_assert(!fixture_has_attribute("u/c/b", "trusted.overlay.opaque"));
	fixture_tear_down(&f);
}
END_TEST

START_TEST(a_file_becomes_a_directory_with_directories)
{
	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/a", "file");
	fixture_symlink(&f, "s/b", "a");
	fixture_file(&f, "s/c", "file");
	fixture_begin(&f);
	fixture_directory(&f, "u/a/d", 0755);
	fixture_file(&f, "u/b/d/f", "f");
	fixture_directory(&f, "u/c/d", 0755);
	fixture_change(&f, WORKSPACE_REPLACED, "a");
	fixture_change(&f, WORKSPACE_ADDED, "a/d");
	fixture_change(&f, WORKSPACE_REPLACED, "b");
	fixture_change(&f, WORKSPACE_ADDED, "b/d");
	fixture_change(&f, WORKSPACE_ADDED, "b/d/f");
	fixture_change(&f, WORKSPACE_ADDED, "c/d");
	fixture_apply(&f);
	ck_assert_int_eq(fixture_outcome(&f, "a/d"), '+');
	ck_assert_int_eq(fixture_outcome(&f, "b/d"), '+');
	ck_assert_int_eq(fixture_outcome(&f, "b/d/f"), '+');
	/* Where the file stays. */
	ck_assert_int_eq(fixture_outcome(&f, "c/d"), 'C');
	fixture_expect_list(&f, "s",
		"a 40755 0:0 \n"
		"a/d 40755 0:0 \n"
		"b 40755 0:0 \n"
		"b/d 40755 0:0 \n"
		"b/d/f 100644 0:0 f\n"
		"c 100644 0:0 file\n");
	fixture_tear_down(&f);
}
END_TEST

START_TEST(renames_wait_for_one_another)
{
	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/a/in_a", "a");
	fixture_file(&f, "s/a/x/in_x", "x");
	fixture_file(&f, "s/c/in_c", "c");
	fixture_begin(&f);
	/* mv a/x new/x; mv a b; mv c a */
	fixture_directory(&f, "u/a", 0755);
	fixture_attribute(&f, "u/a", "trusted.overlay.redirect", "c");
	fixture_directory(&f, "u/b", 0755);
	fixture_attribute(&f, "u/b", "trusted.overlay.redirect", "a");
	fixture_directory(&f, "u/new/x", 0755);
	fixture_attribute(&f, "u/new/x", "trusted.overlay.redirect", "/a/x");
	fixture_whiteout(&f, "u/c");
	fixture_change(&f, WORKSPACE_RENAMED, "a")->from = "c";
	fixture_change(&f, WORKSPACE_RENAMED, "b")->from = "a";
	fixture_change(&f, WORKSPACE_ADDED, "new");
	fixture_change(&f, WORKSPACE_RENAMED, "new/x")->from = "a/x";
	f.wanted[0] = f.wanted[2] = f.wanted[3] = false;
	fixture_apply(&f);
	ck_assert_int_eq(fixture_outcome(&f, "b"), '!');
	memset(f.wanted, 1, sizeof(f.wanted));
	fixture_apply(&f);
	fixture_expect_done(&f);
	fixture_expect_list(&f, "s",
		"a 40755 0:0 \n"
		"a/in_c 100644 0:0 c\n"
		"b 40755 0:0 \n"
		"b/in_a 100644 0:0 a\n"
		"new 40755 0:0 \n"
		"new/x 40755 0:0 \n"
		"new/x/in_x 100644 0:0 x\n");
	fixture_tear_down(&f);
}
END_TEST

/* rm -r b; mv a b; mv d/x e; rm -r d; and c and g change their names. */
START_TEST(a_rename_replaces_what_was_there)
{
	struct undo_request undo = {0};
	char *before;

	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/a/in_a", "a");
	fixture_file(&f, "s/b/in_b", "b");
	fixture_file(&f, "s/c/in_c", "c");
	fixture_file(&f, "s/d/x/in_x", "x");
	fixture_file(&f, "s/d/in_d", "d");
	fixture_file(&f, "s/g/in_g", "g");
	fixture_begin(&f);
	before = fixture_list(&f, "s");
	fixture_whiteout(&f, "u/a");
	fixture_directory(&f, "u/b", 0755);
	fixture_attribute(&f, "u/b", "trusted.overlay.redirect", "a");
	fixture_directory(&f, "u/c", 0755);
	fixture_attribute(&f, "u/c", "trusted.overlay.redirect", "g");
	fixture_whiteout(&f, "u/d");
	fixture_directory(&f, "u/e", 0755);
	fixture_attribute(&f, "u/e", "trusted.overlay.redirect", "/d/x");
	fixture_directory(&f, "u/g", 0755);
	fixture_attribute(&f, "u/g", "trusted.overlay.redirect", "c");
	fixture_change(&f, WORKSPACE_RENAMED, "b")->from = "a";
	fixture_change(&f, WORKSPACE_RENAMED, "c")->from = "g";
	fixture_change(&f, WORKSPACE_DELETED, "d")->type = WORKSPACE_DIRECTORY;
	fixture_change(&f, WORKSPACE_RENAMED, "e")->from = "d/x";
	fixture_change(&f, WORKSPACE_RENAMED, "g")->from = "c";
	f.wanted[3] = false;
	fixture_apply(&f);
	ck_assert_int_eq(fixture_outcome(&f, "b"), '+');
	ck_assert_int_eq(fixture_outcome(&f, "c"), '!');
	ck_assert_int_eq(fixture_outcome(&f, "d"), '!');
	ck_assert_int_eq(fixture_outcome(&f, "g"), '!');
	fixture_undo(&f, &undo);
	fixture_expect_list(&f, "s", before);
	f.wanted[3] = true;
	/* What undo copied back has another ctime. */
	memset(f.forced, 1, sizeof(f.forced));
	fixture_apply(&f);
	ck_assert_int_eq(fixture_outcome(&f, "e"), '+');
	fixture_expect_list(&f, "s",
		"b 40755 0:0 \n"
		"b/in_a 100644 0:0 a\n"
		"c 40755 0:0 \n"
		"c/in_c 100644 0:0 c\n"
		"e 40755 0:0 \n"
		"e/in_x 100644 0:0 x\n"
		"g 40755 0:0 \n"
		"g/in_g 100644 0:0 g\n");
	free(undo.entries);
	free(before);
	fixture_tear_down(&f);
}
END_TEST

Suite *suite_apply(void)
{
	Suite *s = suite_create("apply");
	TCase *t = tcase_create("apply");

	tcase_add_loop_test(t, every_kind_of_change_comes_to_the_source, 0, 2);
	tcase_add_loop_test(t, a_dry_run_says_the_same_and_does_nothing, 0, 2);
	tcase_add_loop_test(t, undo_puts_everything_back, 0, 2);
	tcase_add_test(t, a_refusal_counts_until_the_path_is_named);
	tcase_add_loop_test(t, a_file_keeps_what_the_host_gave_it, 0, 2);
	tcase_add_loop_test(t, part_of_an_opaque_directory_is_applied, 0, 2);
	tcase_add_loop_test(t, a_file_becomes_a_directory_with_directories, 0, 2);
	tcase_add_loop_test(t, a_rename_into_an_opaque_directory_hides_nothing, 0, 2);
	tcase_add_loop_test(t, renames_wait_for_one_another, 0, 2);
	tcase_add_loop_test(t, a_rename_replaces_what_was_there, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
