/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/apply_own.h"
#include "libcontainer/workspace/undo.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/live/apply_fixture.h"

Suite *suite_apply_conflicts(void);

static struct apply_fixture f;
static struct nacre_error err;

/* The loops: beside the source, and on another file system. */
static const unsigned places[] = {0, 65536};

START_TEST(what_the_host_changed_is_a_conflict)
{
	struct undo_request undo = {0};

	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/changed", "old");
	fixture_file(&f, "s/gone", "gone");
	fixture_file(&f, "s/directory/in", "in");
	fixture_file(&f, "s/missing", "missing");
	fixture_begin(&f);
	fixture_file(&f, "u/changed", "new");
	fixture_whiteout(&f, "u/gone");
	fixture_whiteout(&f, "u/directory");
	fixture_file(&f, "u/missing", "written");
	fixture_file(&f, "u/added", "by the container");
	fixture_file(&f, "s/changed", "by the host");
	fixture_file(&f, "s/gone", "by the host");
	fixture_file(&f, "s/directory/host", "by the host");
	fixture_file(&f, "s/added", "by the host");
	ck_assert_int_eq(unlinkat(f.source_fd, "missing", 0), 0);
	fixture_change(&f, WORKSPACE_ADDED, "added");
	fixture_change(&f, WORKSPACE_MODIFIED, "changed");
	fixture_change(&f, WORKSPACE_DELETED, "directory")->type = WORKSPACE_DIRECTORY;
	fixture_change(&f, WORKSPACE_DELETED, "gone");
	fixture_change(&f, WORKSPACE_MODIFIED, "missing");
	fixture_apply(&f);
	fixture_expect_list(&f, "s",
		"added 100644 0:0 by the host\n"
		"changed 100644 0:0 by the host\n"
		"directory 40755 0:0 \n"
		"directory/host 100644 0:0 by the host\n"
		"directory/in 100644 0:0 in\n"
		"gone 100644 0:0 by the host\n");
	for (size_t i = 0; i < f.changes.n; i++)
		ck_assert_int_eq(f.results[i].outcome, APPLY_CONFLICT);
	fixture_expect(&f, "w/journal", NULL);

	memset(f.forced, 1, sizeof(f.forced));
	fixture_apply(&f);
	fixture_expect_list(&f, "s",
		"added 100644 0:0 by the container\n"
		"changed 100644 0:0 new\n"
		"missing 100644 0:0 written\n");
	/* Undo has what the host had made. */
	fixture_undo(&f, &undo);
	fixture_expect_list(&f, "s",
		"added 100644 0:0 by the host\n"
		"changed 100644 0:0 by the host\n"
		"directory 40755 0:0 \n"
		"directory/host 100644 0:0 by the host\n"
		"directory/in 100644 0:0 in\n"
		"gone 100644 0:0 by the host\n");
	free(undo.entries);
	fixture_tear_down(&f);
}
END_TEST

START_TEST(what_was_not_shown_is_not_applied)
{
	fixture_set_up(&f, 0);
	fixture_file(&f, "s/file", "old");
	fixture_begin(&f);
	fixture_file(&f, "u/file", "new");
	fixture_file(&f, "u/other", "shown");
	fixture_symlink(&f, "u/link", "shown");
	fixture_change(&f, WORKSPACE_MODIFIED, "file");
	fixture_change(&f, WORKSPACE_ADDED, "link");
	fixture_change(&f, WORKSPACE_ADDED, "other");
	fixture_file(&f, "u/file", "odd");
	ck_assert_int_eq(unlinkat(f.upper_fd, "link", 0), 0);
	fixture_symlink(&f, "u/link", "hidden");
	ck_assert_int_eq(unlinkat(f.upper_fd, "other", 0), 0);
	fixture_symlink(&f, "u/other", "/etc/passwd");
	fixture_apply(&f);
	for (size_t i = 0; i < f.changes.n; i++)
		ck_assert_int_ne(f.results[i].outcome, APPLY_DONE);
	fixture_expect_list(&f, "s", "file 100644 0:0 old\n");
	fixture_tear_down(&f);
}
END_TEST

START_TEST(a_link_on_the_way_leads_nowhere)
{
	fixture_set_up(&f, 0);
	fixture_file(&f, "outside/file", "outside");
	fixture_file(&f, "s/dir/file", "old");
	fixture_file(&f, "s/real/file", "old");
	fixture_begin(&f);
	fixture_file(&f, "u/dir/file", "new");
	fixture_file(&f, "u/dir/new", "new");
	fixture_file(&f, "u/real/file", "new");
	fixture_change(&f, WORKSPACE_MODIFIED, "dir/file");
	fixture_change(&f, WORKSPACE_ADDED, "dir/new");
	fixture_change(&f, WORKSPACE_MODIFIED, "real/file");
	ck_assert_int_eq(renameat(f.source_fd, "dir", f.source_fd, "away"), 0);
	fixture_symlink(&f, "s/dir", "../outside");
	ck_assert_int_eq(renameat(f.upper_fd, "real", f.upper_fd, "away"), 0);
	fixture_symlink(&f, "u/real", "../../outside");
	memset(f.forced, 1, sizeof(f.forced));
	fixture_apply(&f);
	fixture_expect_list(&f, "outside", "file 100644 0:0 outside\n");
	fixture_expect(&f, "s/real/file", "old");
	for (size_t i = 0; i < f.changes.n; i++)
		ck_assert_int_eq(f.results[i].outcome, APPLY_CONFLICT);
	fixture_tear_down(&f);
}
END_TEST

START_TEST(undo_leaves_alone_what_the_host_changed_since)
{
	static const char *const force[] = {"edited", NULL};
	struct undo_request undo = {0}, again = {.force = force};

	fixture_set_up(&f, places[_i]);
	fixture_file(&f, "s/edited", "old");
	fixture_file(&f, "s/plain", "old");
	fixture_begin(&f);
	fixture_file(&f, "u/edited", "new");
	fixture_file(&f, "u/plain", "new");
	fixture_file(&f, "u/dir/new", "new");
	fixture_change(&f, WORKSPACE_ADDED, "dir");
	fixture_change(&f, WORKSPACE_ADDED, "dir/new");
	fixture_change(&f, WORKSPACE_MODIFIED, "edited");
	fixture_change(&f, WORKSPACE_MODIFIED, "plain");
	fixture_apply(&f);
	fixture_file(&f, "s/edited", "by the host");
	fixture_file(&f, "s/dir/host", "by the host");
	fixture_undo(&f, &undo);
	fixture_expect_list(&f, "s",
		"dir 40755 0:0 \n"
		"dir/host 100644 0:0 by the host\n"
		"edited 100644 0:0 by the host\n"
		"plain 100644 0:0 old\n");
	ck_assert_int_eq(unlinkat(f.source_fd, "dir/host", 0), 0);
	fixture_undo(&f, &again);
	fixture_expect_list(&f, "s",
		"edited 100644 0:0 old\n"
		"plain 100644 0:0 old\n");
	fixture_expect(&f, "u/edited", "by the host");
	fixture_expect(&f, "w/undo", NULL);
	ck_assert_int_eq(undo_run(&again, &err), -ENOENT);
	free(undo.entries);
	free(again.entries);
	fixture_tear_down(&f);
}
END_TEST

enum {
	EDITS = 300,
};

/* Saves a file as editors do, by a new one or in place, in turns. */
static void edit(void)
{
	for (int i = 0; i <= EDITS; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "host %d", i);
		if (i % 2) {
			fixture_file(&f, "s/file", text);
			continue;
		}
		fixture_file(&f, "s/file~", text);
		ck_assert_int_eq(renameat(f.source_fd, "file~", f.source_fd, "file"), 0);
	}
}

/* Whether a file of the fixture has TEXT. */
static bool has(const char *path, const char *text)
{
	char *list = fixture_list(&f, path);
	bool there = strstr(list, text) != NULL;

	free(list);
	return there;
}

/* FORCED: whatever the editor has saved goes to undo. */
START_TEST(an_editor_of_the_host_loses_nothing)
{
	const bool forced = _i / 2;
	unsigned applied = 0;
	bool found = false;
	pid_t editor;

	fixture_set_up(&f, places[_i % 2]);
	fixture_file(&f, "s/file", "old");
	fixture_begin(&f);
	fixture_file(&f, "u/file", "by the container");
	fixture_change(&f, WORKSPACE_MODIFIED, "file");
	editor = fork();
	ck_assert_int_ge(editor, 0);
	if (editor == 0) {
		edit();
		_exit(0);
	}
	f.forced[0] = forced;
	while (waitpid(editor, NULL, WNOHANG) == 0) {
		fixture_apply(&f);
		applied += f.results[0].outcome == APPLY_DONE;
		if (f.results[0].outcome != APPLY_DONE)
			continue;
		fixture_file(&f, "u/file", "by the container");
		/* The next apply begins an undo of its own, if the editor is not gone by then. */
		found = found || has("w/undo", "host 300\n");
	}
	ck_assert_msg(found || has("s", "host 300\n"), "it is lost");
	ck_assert(!has("s", ".nacre-"));
	/* At most the first one saw a file that was not changed yet. */
	ck_assert(forced || applied <= 1);
	fixture_tear_down(&f);
}
END_TEST

/* The mode was changed in the tick in which the apply begins. */
START_TEST(what_changed_just_before_an_apply_is_a_conflict)
{
	struct stat st;

	fixture_set_up(&f, 0);
	fixture_directory(&f, "s/directory/in", 0755);
	fixture_whiteout(&f, "u/directory");
	fixture_change(&f, WORKSPACE_DELETED, "directory")->type = WORKSPACE_DIRECTORY;
	for (int i = 0; i < 16; i++) {
		fixture_begin(&f);
		/* Since Linux 6.13 one that was looked at gets a time finer than a tick. */
		for (mode_t mode = 0701; mode <= 0707; mode++) {
			ck_assert_int_eq(fchmodat(f.source_fd, "directory/in", mode, 0), 0);
			ck_assert_int_eq(fstatat(f.source_fd, "directory/in", &st, 0), 0);
		}
		fixture_apply(&f);
		ck_assert_int_eq(f.results[0].outcome, APPLY_CONFLICT);
		fixture_expect_list(&f, "s", "directory 40755 0:0 \ndirectory/in 40707 0:0 \n");
	}
	fixture_tear_down(&f);
}
END_TEST

/* A new file has the time of the tick, which can be before that of the clock; in ramfs with each
 * kernel. */
START_TEST(what_comes_to_a_directory_once_it_is_copied_is_seen)
{
	int64_t copied;

	fixture_use("ramfs");
	fixture_set_up(&f, 0);
	fixture_directory(&f, "s/directory/in", 0755);
	for (int i = 0; i < 16; i++) {
		char name[16], path[32];

		(void)snprintf(name, sizeof(name), "%d", i);
		(void)snprintf(path, sizeof(path), "s/directory/new%d", i);
		ck_assert_int_eq(
			apply_copy("part", f.source_fd, "directory", f.dir_fd, name, &copied), 0);
		ck_assert_int_eq(
			place_tree_unchanged(f.source_fd, "directory", copied, INT64_MAX), 0);
		fixture_file(&f, path, "new");
		ck_assert_int_eq(
			place_tree_unchanged(f.source_fd, "directory", copied, INT64_MAX), -ESTALE);
	}
	fixture_tear_down(&f);
}
END_TEST

Suite *suite_apply_conflicts(void)
{
	Suite *s = suite_create("apply_conflicts");
	TCase *t = tcase_create("apply_conflicts");

	tcase_add_loop_test(t, what_the_host_changed_is_a_conflict, 0, 2);
	tcase_add_test(t, what_was_not_shown_is_not_applied);
	tcase_add_test(t, a_link_on_the_way_leads_nowhere);
	tcase_add_loop_test(t, undo_leaves_alone_what_the_host_changed_since, 0, 2);
	tcase_add_test(t, what_changed_just_before_an_apply_is_a_conflict);
	tcase_add_test(t, what_comes_to_a_directory_once_it_is_copied_is_seen);
	tcase_add_loop_test(t, an_editor_of_the_host_loses_nothing, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
