/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/store.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/life/steps.h"
#include "libcontainer/record/state.h"

Suite *suite_workspace_store(void);

enum {
	DEPTH = 4000, /* more than the fds of a process, and a path of more than PATH_MAX */
	USER = 65534,
};

static struct arena *arena;
static struct nacre_error err;
static struct workspace_set set;
static char top[32], store[64], source[64];
static int store_fd, source_fd;

#define OK(call) ck_assert_msg((call) >= 0, "%s: %s", #call, err.text)

static void set_up(void)
{
	arena = arena_new(1 << 20);
	(void)snprintf(top, sizeof(top), "/tmp/workspace-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(store, sizeof(store), "%s/state/workspaces", top);
	(void)snprintf(source, sizeof(source), "%s/source", top);
	ck_assert_int_eq(mkdir(source, 0751), 0);
	ck_assert_int_eq(chown(source, 1234, 5678), 0);
	source_fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(source_fd, 0);
	OK(store_fd = workspace_store_open(store, true, &err));
	workspace_set_init(&set);
}

/* A test leaves nothing of its workspaces: what rmdir(2) takes is empty. */
static void tear_down(void)
{
	char path[128];

	workspace_set_done(&set);
	ck_assert_msg(rmdir(store) == 0, "%s: %s", store, strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/state", top);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rmdir(source), 0);
	ck_assert_int_eq(rmdir(top), 0);
	arena_free(arena);
}

static void make(const char *form)
{
	struct workspace_record record = {.root = "/run/nacre", .destination = "/w", .form = form};

	if (set.dir_fd < 0)
		OK(workspace_set_make(arena, store_fd, "one", 0, &set, &err));
	OK(workspace_make(arena, store_fd, &set, source_fd, false, &record, &err));
}

static void open_again(void)
{
	workspace_set_done(&set);
	OK(workspace_set_open(arena, store_fd, "one", 0, &set, &err));
}

START_TEST(a_workspace_is_found_again_as_it_was_made)
{
	struct timespec before, after;
	const struct workspace *w;
	struct stat st, here;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &before);
	make(WORKSPACE_COW);
	make(WORKSPACE_DIRECT);
	(void)clock_gettime(CLOCK_REALTIME, &after);
	open_again();
	ck_assert_uint_eq(set.n, 2);
	w = &set.items[0];
	ck_assert_uint_eq(w->number, 0);
	ck_assert_str_eq(w->record->id, "one");
	ck_assert_str_eq(w->record->source, source);
	ck_assert_str_eq(w->record->destination, "/w");
	ck_assert_int_ge(w->record->created_sec, before.tv_sec);
	ck_assert_int_le(w->record->created_sec, after.tv_sec);
	ck_assert_int_eq(fstat(source_fd, &st), 0);
	ck_assert_int_eq(fstat(w->source_fd, &here), 0);
	ck_assert(st.st_dev == here.st_dev && st.st_ino == here.st_ino);
	ck_assert_int_ge(w->upper_fd, 0);
	ck_assert_int_eq(workspace_is_unused(w, &err), 1);
	ck_assert_str_eq(set.items[1].record->form, WORKSPACE_DIRECT);
	ck_assert_int_eq(set.items[1].upper_fd, -1);
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

/* A file whose ctime was asked for gets a finer one at its next change, since Linux 6.13. */
START_TEST(what_changed_before_a_workspace_was_made_is_never_later)
{
	const struct workspace_record *record;
	struct stat st;

	for (mode_t mode = 0; mode < 64; mode++) {
		ck_assert_int_eq(chmod(source, 0700 | mode), 0);
		ck_assert_int_eq(stat(source, &st), 0);
		make(WORKSPACE_DIRECT);
		record = set.items[mode].record;
		ck_assert_msg(st.st_ctim.tv_sec < record->created_sec ||
				      (st.st_ctim.tv_sec == record->created_sec &&
					      st.st_ctim.tv_nsec <= record->created_nsec),
			"changed at %09ld, made at %09u", st.st_ctim.tv_nsec, record->created_nsec);
	}
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

/* An overlay's root has the owner and mode of its upper. */
START_TEST(the_upper_is_its_source_s_owner_s_and_the_rest_the_caller_s)
{
	struct stat st;

	make(WORKSPACE_COW);
	ck_assert_int_eq(fstat(set.items[0].upper_fd, &st), 0);
	ck_assert_uint_eq(st.st_uid, 1234);
	ck_assert_uint_eq(st.st_gid, 5678);
	ck_assert_uint_eq(st.st_mode & 07777, 0751);
	ck_assert_int_eq(fstat(set.dir_fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(fstat(set.items[0].dir_fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

START_TEST(a_container_without_workspaces_has_none)
{
	char **ids = NULL;
	size_t n = 1;

	ck_assert_int_eq(workspace_set_open(arena, store_fd, "one", 0, &set, &err), -ENOENT);
	ck_assert_str_eq(err.text, "container \"one\" has no workspace");
	OK(workspace_list_ids(store_fd, &ids, &n, &err));
	ck_assert_uint_eq(n, 0);
	state_free_ids(ids, n);
	ck_assert_int_eq(workspace_set_open(arena, store_fd, "../x", 0, &set, &err), -EINVAL);
}
END_TEST

/* As a command leaves it that was killed before it had made the first one. */
START_TEST(what_has_no_record_is_removed)
{
	make(WORKSPACE_COW);
	ck_assert_int_eq(mkdirat(set.dir_fd, "7", 0700), 0);
	ck_assert_int_eq(mkdirat(set.dir_fd, "7/upper", 0700), 0);
	open_again();
	ck_assert_uint_eq(set.n, 1);
	ck_assert_int_eq(faccessat(set.dir_fd, "7", F_OK, 0), -1);
	ck_assert_int_eq(unlinkat(set.items[0].dir_fd, "workspace.json", 0), 0);
	workspace_set_done(&set);
	ck_assert_int_eq(workspace_set_open(arena, store_fd, "one", 0, &set, &err), -ENOENT);
}
END_TEST

/* Its upper cannot be told, and it may hold somebody's work. */
START_TEST(a_record_that_cannot_be_read_is_an_error_and_removes_nothing)
{
	int fd;

	make(WORKSPACE_COW);
	fd = openat(set.items[0].dir_fd, "workspace.json", O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	workspace_set_done(&set);
	ck_assert_int_eq(workspace_set_open(arena, store_fd, "one", 0, &set, &err), -EINVAL);
	ck_assert_msg(
		strstr(err.text, "workspaces of container \"one\": workspace 0"), "%s", err.text);
	ck_assert_int_eq(faccessat(store_fd, "one/0/upper", F_OK, 0), 0);
	ck_assert_int_eq(unlinkat(set.dir_fd, "0/workspace.json", 0), 0);
	workspace_set_done(&set);
	ck_assert_int_eq(workspace_set_open(arena, store_fd, "one", 0, &set, &err), -ENOENT);
}
END_TEST

START_TEST(a_source_that_is_another_directory_now_is_gone)
{
	char moved[80];

	make(WORKSPACE_COW);
	(void)snprintf(moved, sizeof(moved), "%s.old", source);
	ck_assert_int_eq(rename(source, moved), 0);
	open_again();
	ck_assert_int_eq(set.items[0].source_fd, -1);
	ck_assert_int_eq(mkdir(source, 0700), 0);
	open_again();
	ck_assert_int_eq(set.items[0].source_fd, -1);
	ck_assert_int_eq(rmdir(moved), 0);
	/* Nor is what a link leads to that was laid in its place. */
	ck_assert_int_eq(rename(source, moved), 0);
	ck_assert_int_eq(symlink(moved, source), 0);
	open_again();
	ck_assert_int_eq(set.items[0].source_fd, -1);
	ck_assert_int_eq(unlink(source), 0);
	ck_assert_int_eq(rename(moved, source), 0);
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

START_TEST(any_entry_of_the_upper_is_a_use)
{
	static const char *const left[] = {"0/upper/file", "0/undo", "0/journal"};

	make(WORKSPACE_COW);
	ck_assert_int_eq(mknodat(set.dir_fd, left[_i], S_IFCHR, 0), 0);
	ck_assert_int_eq(workspace_is_unused(&set.items[0], &err), 0);
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

START_TEST(others_may_not_write_to_the_store)
{
	ck_assert_int_eq(chmod(store, 0777), 0);
	ck_assert_int_eq(workspace_store_open(store, true, &err), -EPERM);
	ck_assert_int_eq(chmod(store, 0700), 0);
	ck_assert_int_eq(chown(store, USER, USER), 0);
	ck_assert_int_eq(workspace_store_open(store, true, &err), -EPERM);
	ck_assert_int_eq(chown(store, 0, 0), 0);
}
END_TEST

static void fill_deep(int upper_fd)
{
	int dir = openat(upper_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	for (int i = 0; i < DEPTH; i++) {
		ck_assert_int_eq(mkdirat(dir, "\n\x1b[1m..", 0700), 0);
		ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
		ck_assert_int_eq(symlinkat("/", dir, "root"), 0);
		/* The names that the removal would take for what it moves. */
		ck_assert_int_eq(mkdirat(dir, ".0", 0), 0);
		ck_assert_int_eq(mkdirat(dir, ".1", 0700), 0);
		ck_assert_int_eq(mkdirat(dir, ".1/x", 0), 0);
		next = openat(dir, "\n\x1b[1m..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_ge(next, 0);
		ck_assert_int_eq(fchmod(dir, i % 2 ? 0500 : 0), 0);
		(void)close(dir);
		dir = next;
	}
	(void)close(dir);
}

/* As a user, for root is not shut out by modes. */
START_TEST(a_removal_takes_any_depth_and_mode)
{
	const struct rlimit few = {64, 64};
	char state[64];
	pid_t pid;
	int status;

	ck_assert_int_eq(chown(source, USER, USER), 0);
	ck_assert_int_eq(chown(store, USER, USER), 0);
	(void)snprintf(state, sizeof(state), "%s/state", top);
	ck_assert_int_eq(chmod(state, 0755), 0);
	ck_assert_int_eq(chmod(top, 0755), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		ck_assert_int_eq(setresuid(USER, USER, USER), 0);
		make(WORKSPACE_COW);
		fill_deep(set.items[0].upper_fd);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		OK(workspace_set_remove(store_fd, &set, &err));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(faccessat(store_fd, "one", F_OK, 0), -1);
}
END_TEST

/* A second command waits; here it may not wait for ever. */
START_TEST(two_commands_do_not_work_on_the_same)
{
	struct workspace_set other;
	int status;
	pid_t pid;

	make(WORKSPACE_COW);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(workspace_set_open(arena, store_fd, "one", 0, &other, &err) == -ETIMEDOUT);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

/* Something else is missing than the store: /proc, or the variables that name the store's place. */
START_TEST(what_is_missing_is_not_taken_for_a_missing_store)
{
	static const int expected[] = {ENOENT, ENXIO};
	int status;
	pid_t pid;

	make(WORKSPACE_COW);
	workspace_set_done(&set);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct life l;

		if (_i == 0 && (unshare(CLONE_NEWNS) < 0 ||
				       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
				       mount("none", "/proc", "tmpfs", 0, NULL) < 0))
			_exit(255);
		if (_i == 1 && (unsetenv("HOME") < 0 || unsetenv("XDG_STATE_HOME") < 0 ||
				       setuid(USER) < 0))
			_exit(255);
		life_init(&l);
		l.container.arena = arena;
		l.container.id = "one";
		l.container.root_fd = store_fd;
		l.container.workspaces = _i == 0 ? store : NULL;
		_exit(-step_drop_workspaces(&l, &err));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), expected[_i]);
	open_again();
	ck_assert_uint_eq(set.n, 1);
	OK(workspace_set_remove(store_fd, &set, &err));
}
END_TEST

Suite *suite_workspace_store(void)
{
	Suite *suite = suite_create("workspace_store");
	TCase *tcase = tcase_create("workspace_store");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_workspace_is_found_again_as_it_was_made);
	tcase_add_test(tcase, what_changed_before_a_workspace_was_made_is_never_later);
	tcase_add_test(tcase, the_upper_is_its_source_s_owner_s_and_the_rest_the_caller_s);
	tcase_add_test(tcase, a_container_without_workspaces_has_none);
	tcase_add_test(tcase, what_has_no_record_is_removed);
	tcase_add_test(tcase, a_record_that_cannot_be_read_is_an_error_and_removes_nothing);
	tcase_add_test(tcase, a_source_that_is_another_directory_now_is_gone);
	tcase_add_loop_test(tcase, any_entry_of_the_upper_is_a_use, 0, 3);
	tcase_add_test(tcase, others_may_not_write_to_the_store);
	tcase_add_test(tcase, a_removal_takes_any_depth_and_mode);
	tcase_add_loop_test(tcase, what_is_missing_is_not_taken_for_a_missing_store, 0, 2);
	tcase_add_test(tcase, two_commands_do_not_work_on_the_same);
	suite_add_tcase(suite, tcase);
	return suite;
}
