/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/undo.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/live/apply_fixture.h"

Suite *suite_apply_crash(void);

/*
 * Apply and undo are killed before each of their system calls, and each that can is told once, or
 * from then on, that there is no space, or of an undo that nothing can be removed. After it every
 * file is the old or the new one; what settles the rest leaves nothing of nacre's, and the rest can
 * be applied, or undone.
 *
 * APPLY_STRIDE: only each so manieth call; 1 before a release.
 */

enum {
	STRIDE = 7,
	CALLS_MAX = 20000,
};

static struct apply_fixture f;
static struct nacre_error err;

static void apply(void)
{
	struct apply_request request = {f.arena, f.dir_fd, f.upper_fd, f.source_fd, f.user_xattr,
		f.created, &f.changes, f.wanted, f.named, f.forced, false, f.results};

	(void)apply_run(&request, &err);
}

static struct undo_request run_undo(int *ret)
{
	struct undo_request request = {.arena = f.arena,
		.dir_fd = f.dir_fd,
		.source_fd = f.source_fd,
		.upper_fd = f.upper_fd};

	*ret = undo_run(&request, &err);
	return request;
}

static void undo(void)
{
	int ignored;

	(void)run_undo(&ignored);
}

/* --- judging --- */

/* Each line is of the source as it was or as it is to be. Directories may be made and not have
 * their last mode yet. */
static void expect_old_or_new(const char *before)
{
	static const char moved[] = "old_name/edited 100644 0:0 after\n"
				    "name/edited 100644 0:0 before\n";
	char *now = fixture_list(&f, "s"), *rest = now, *line;

	while ((line = strsep(&rest, "\n"))) {
		const char *mode = strchr(line, ' ');
		char known[512];

		if (!mode || strstr(line, ".nacre-"))
			continue;
		(void)snprintf(known, sizeof(known), "%s\n", line);
		if (strstr(before, known) || strstr(fixture_everything_applied, known))
			continue;
		ck_assert_msg(!strncmp(mode, " 407", 4) || strstr(moved, known),
			"neither old nor new: %s", line);
	}
	free(now);
	/* What is there before and after is there at any time. */
	static const char *const always[] = {"changed", "directory_to_file", "file_to_directory",
		"file_to_link", "kept", "link", "mode"};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		ck_assert_msg(faccessat(f.source_fd, always[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0,
			"%s is not there", always[i]);
	ck_assert_msg(faccessat(f.source_fd, "old_name/in", F_OK, 0) == 0 ||
			      faccessat(f.source_fd, "name/in", F_OK, 0) == 0,
		"in is not there");
}

/* What a diff would show. */
static bool is_pending(const struct workspace_change *change)
{
	struct stat upper = {0}, source = {0};
	char path[128];
	bool in_upper = fstatat(f.upper_fd, change->path, &upper, AT_SYMLINK_NOFOLLOW) == 0;
	bool in_source = fstatat(f.source_fd, change->path, &source, AT_SYMLINK_NOFOLLOW) == 0;

	(void)snprintf(path, sizeof(path), "%s/u/%s", f.top, change->path);
	if (change->kind == WORKSPACE_RENAMED)
		return fixture_has_attribute(path, "trusted.overlay.redirect");
	if (change->type == WORKSPACE_DIRECTORY && change->kind != WORKSPACE_DELETED)
		return !in_source || !S_ISDIR(source.st_mode) ||
		       (source.st_mode & 0777) != (upper.st_mode & 0777);
	return in_upper && (change->kind != WORKSPACE_DELETED || in_source);
}

/* As a diff after a part was applied has them. */
static void want_rest(void)
{
	for (size_t i = 0; i < f.changes.n; i++) {
		struct workspace_change *change = &f.items[i];
		struct stat source;

		f.wanted[i] = is_pending(change);
		if (change->kind == WORKSPACE_ADDED && change->type == WORKSPACE_DIRECTORY &&
			fstatat(f.source_fd, change->path, &source, AT_SYMLINK_NOFOLLOW) == 0)
			change->kind = WORKSPACE_MODIFIED;
		/* What is renamed by now is no change any more. */
		if (change->kind == WORKSPACE_RENAMED && !f.wanted[i])
			change->kind = WORKSPACE_MODIFIED;
	}
}

static void recover(void)
{
	char *list;

	ck_assert_msg(apply_recover(f.arena, f.dir_fd, f.upper_fd, f.source_fd, false, &err) == 0,
		"%s", err.text);
	list = fixture_list(&f, "s");
	ck_assert_msg(!strstr(list, ".nacre-"), "left behind:\n%s", list);
	free(list);
}

static bool disturb_apply(enum disturbance how, unsigned at, unsigned other_fs)
{
	char *before;
	bool reached;

	fixture_set_up(&f, other_fs);
	fixture_everything(&f);
	before = fixture_list(&f, "s");
	reached = disturb(apply, how, at);
	expect_old_or_new(before);
	recover();
	expect_old_or_new(before);
	want_rest();
	fixture_apply(&f);
	fixture_expect_list(&f, "s", fixture_everything_applied);
	fixture_expect_list(&f, "u", fixture_upper_left);
	fixture_expect(&f, "w/journal", NULL);
	free(before);
	fixture_tear_down(&f);
	return reached;
}

static struct undo_request undo_rest(void)
{
	int r;
	struct undo_request rest = run_undo(&r);

	ck_assert_msg(r == 0 || err.code == ENOENT, "%s", err.text);
	return rest;
}

static void expect_whiteout(const char *path)
{
	struct stat st = {0};

	(void)fstatat(f.upper_fd, path, &st, AT_SYMLINK_NOFOLLOW);
	ck_assert_msg(S_ISCHR(st.st_mode), "%s: the deletion is forgotten", path);
}

static bool disturb_undo(enum disturbance how, unsigned at, unsigned other_fs)
{
	struct undo_request rest;
	char *before;
	bool reached;

	fixture_set_up(&f, other_fs);
	fixture_everything(&f);
	before = fixture_list(&f, "s");
	fixture_apply(&f);
	reached = disturb(undo, how, at);
	expect_old_or_new(before);
	recover();
	expect_old_or_new(before);
	rest = undo_rest();
	for (size_t i = 0; i < rest.n; i++)
		ck_assert_msg(rest.entries[i].result.outcome == APPLY_DONE, "%s: %s",
			rest.entries[i].path, rest.entries[i].result.reason);
	fixture_expect_list(&f, "s", before);
	fixture_expect(&f, "w/undo", NULL);
	fixture_expect(&f, "u/changed", "new");
	fixture_expect(&f, "u/new/deep/file", "deep");
	expect_whiteout("gone");
	expect_whiteout("gone_directory");
	free(rest.entries);
	free(before);
	fixture_tear_down(&f);
	return reached;
}

/* --- directories that were replaced, where two file systems give them two sizes --- */

/* "e" with all in it goes; a file comes, or nothing. */
static void replace_directory(struct apply_fixture *fixture, bool file)
{
	fixture_file(fixture, "s/e/x/h", "the host's");
	fixture_file(fixture, "s/1/kept", "the host's");
	fixture_file(fixture, "s/file", "the host's file");
	fixture_begin(fixture);
	if (file)
		fixture_file(fixture, "u/e", "work");
	else
		fixture_whiteout(fixture, "u/e");
	fixture_file(fixture, "u/1", "a file with the name of a step");
	fixture_file(fixture, "u/file/in", "work");
	fixture_change(fixture, file ? WORKSPACE_REPLACED : WORKSPACE_DELETED, "e")->type =
		file ? WORKSPACE_FILE : WORKSPACE_DIRECTORY;
	fixture_change(fixture, WORKSPACE_REPLACED, "1");
	fixture->wanted[fixture->changes.n - 1] = false;
	fixture_change(fixture, WORKSPACE_REPLACED, "file");
	fixture_change(fixture, WORKSPACE_ADDED, "file/in");
}

/* Nothing is lost, and the work is in the source or in the upper. */
static void expect_nothing_lost(const char *before, bool file)
{
	char *now = fixture_list(&f, "s"), *upper = fixture_list(&f, "u");

	ck_assert_msg(!strstr(now, ".nacre-"), "left behind:\n%s", now);
	ck_assert_msg(strstr(now, "e/x/h")
			      ? strstr(now, "e/x/h 100644 0:0 the host's") != NULL
			      : f.dir_fd >= 0 && faccessat(f.dir_fd, "undo/list", F_OK, 0) == 0,
		"the host's is nowhere:\n%s", now);
	ck_assert_msg(
		!file || strstr(now, "e 100644 0:0 work") || strstr(upper, "e 100644 0:0 work"),
		"the work is nowhere:\n%s\n%s\n%s", before, now, upper);
	fixture_expect(&f, "s/1/kept", "the host's");
	fixture_expect(&f, "u/1", "a file with the name of a step");
	free(now);
	free(upper);
}

static bool disturb_directory(unsigned at, bool other_fs, bool file, bool undone)
{
	struct undo_request rest;
	char *before;
	bool reached;

	fixture_set_up(&f, other_fs ? 65536 : 0);
	replace_directory(&f, file);
	before = fixture_list(&f, "s");
	if (undone)
		fixture_apply(&f);
	reached = disturb(undone ? undo : apply, KILL, at);
	recover();
	expect_nothing_lost(before, file);
	rest = undo_rest();
	free(rest.entries);
	fixture_expect_list(&f, "s", before);
	fixture_expect(&f, "w/undo", NULL);
	expect_nothing_lost(before, file);
	free(before);
	fixture_tear_down(&f);
	return reached;
}

START_TEST(a_replaced_directory_survives_any_cut)
{
	const bool other_fs = _i & 1, file = _i & 2, undone = _i & 4;
	unsigned at = 0;

	/* In memory, too; its directories have the size 0. */
	fixture_use("ramfs");
	while (at < CALLS_MAX && disturb_directory(at, other_fs, file, undone))
		at++;
	ck_assert_uint_gt(at, 20);
}
END_TEST

/* --- somebody else in the source --- */

static const char *swapped_in; /* below the top; NULL: it is done */

/* Gives it the name of what nacre has made in the source. */
static void swap_in(void)
{
	char path[128], *list = fixture_list(&f, "s"), *name = strstr(list, ".nacre-");

	if (name && swapped_in) {
		name[strcspn(name, " ")] = '\0';
		(void)snprintf(path, sizeof(path), "s/%s", name);
		(void)unlinkat(f.top_fd, path, 0);
		(void)unlinkat(f.top_fd, path, AT_REMOVEDIR);
		ck_assert_int_eq(renameat(f.top_fd, swapped_in, f.top_fd, path), 0);
		swapped_in = NULL;
	}
	free(list);
}

/* A symlink and a directory, that come to the source by an apply, or again by its undo. */
START_TEST(what_is_swapped_in_gets_no_owner_and_stays)
{
	const bool directory = _i & 1, undone = _i & 2;
	const struct timespec moment = {.tv_sec = 1, .tv_nsec = 200000000};
	struct stat st;
	int victim_fd;

	fixture_use("tmpfs");
	fixture_set_up(&f, 65536);
	fixture_directory(&f, "victim", 0700);
	fixture_file(&f, "victim/kept", "kept");
	victim_fd = openat(f.top_fd, "victim", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(victim_fd, 0);
	ck_assert_int_eq(fchown(f.source_fd, 4321, 4321), 0);
	if (directory)
		fixture_directory(&f, undone ? "s/x" : "u/x", 0755);
	else
		fixture_symlink(&f, undone ? "s/x" : "u/x", "target");
	if (undone)
		ck_assert_int_eq(fchownat(f.source_fd, "x", 4321, 4321, AT_SYMLINK_NOFOLLOW), 0);
	fixture_begin(&f);
	if (undone)
		fixture_whiteout(&f, "u/x");
	fixture_change(&f, undone ? WORKSPACE_DELETED : WORKSPACE_ADDED, "x")->type =
		directory ? WORKSPACE_DIRECTORY : WORKSPACE_SYMLINK;
	(void)nanosleep(&moment, NULL); /* what is older than a second is known to be */
	if (undone)
		fixture_apply(&f);
	swapped_in = "victim";
	disturb_meddle = swap_in;
	ck_assert(disturb(undone ? undo : apply, MEDDLE, 0));
	ck_assert_ptr_null(swapped_in);
	ck_assert_int_eq(fstat(victim_fd, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_int_eq(faccessat(victim_fd, "kept", F_OK, 0), 0);
	(void)close(victim_fd);
	fixture_tear_down(&f);
}
END_TEST

static void at_each_call(
	bool (*test)(enum disturbance how, unsigned at, unsigned other_fs), int index)
{
	const char *stride = getenv("APPLY_STRIDE");
	const enum disturbance how = (enum disturbance)(index / 2);
	const unsigned step = how == NO_REMOVAL_ONCE ? 1
			      : stride		     ? (unsigned)strtoul(stride, NULL, 10)
						     : STRIDE;
	unsigned at = step == 1 ? 0 : (unsigned)time(NULL) % step;
	unsigned tried = 0;

	fixture_use("tmpfs");
	for (; at < CALLS_MAX && test(how, at, index % 2 ? 65536 : 0); at += step)
		tried++;
	ck_assert_uint_gt(tried, how == KILL ? 50 / step : how == NO_REMOVAL_ONCE ? 2 : 10 / step);
}

START_TEST(an_apply_may_be_cut_off_anywhere)
{
	at_each_call(disturb_apply, _i);
}
END_TEST

START_TEST(an_undo_may_be_cut_off_anywhere)
{
	at_each_call(disturb_undo, _i);
}
END_TEST

Suite *suite_apply_crash(void)
{
	Suite *s = suite_create("apply_crash");
	TCase *t = tcase_create("apply_crash");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, an_apply_may_be_cut_off_anywhere, 0, 6);
	tcase_add_loop_test(t, an_undo_may_be_cut_off_anywhere, 0, 8);
	suite_add_tcase(s, t);
	t = tcase_create("directories");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_replaced_directory_survives_any_cut, 0, 8);
	suite_add_tcase(s, t);
	t = tcase_create("meddle");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, what_is_swapped_in_gets_no_owner_and_stays, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
