/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mount_fixture.h"

/* --- opening --- */

START_TEST(an_absolute_symlink_means_the_container_s_root)
{
	int fd;

	SYS(mkdir(ROOTFS "/etc", 0755));
	put(ROOTFS "/etc/file", "inside");
	SYS(symlink("/etc", ROOTFS "/link"));
	SYS(fd = path_open(rootfs_fd, "/link/file", O_RDONLY));
	ck_assert(same_file(fd, ROOTFS "/etc/file"));
	close(fd);
}
END_TEST

START_TEST(dot_dot_stops_at_the_root)
{
	int fd;

	put(HOST "/file", "outside");
	SYS(symlink("../../host/file", ROOTFS "/link"));
	ck_assert_int_eq(path_open(rootfs_fd, "../host/file", O_RDONLY), -ENOENT);
	ck_assert_int_eq(path_open(rootfs_fd, "link", O_RDONLY), -ENOENT);
	SYS(fd = path_open(rootfs_fd, "../../..", O_PATH));
	ck_assert(same_file(fd, ROOTFS));
	close(fd);
}
END_TEST

START_TEST(a_magic_link_is_refused)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	SYS(mount("proc", ROOTFS "/proc", "proc", 0, NULL));
	SYS(symlink("/proc/self/root/etc", ROOTFS "/link"));
	ck_assert_int_eq(path_open(rootfs_fd, "/proc/self/root/etc", O_PATH), -ELOOP);
	ck_assert_int_eq(path_open(rootfs_fd, "/proc/self/fd/0", O_PATH), -ELOOP);
	ck_assert_int_eq(path_open(rootfs_fd, "/link", O_PATH), -ELOOP);
}
END_TEST

START_TEST(nofollow_refuses_a_symlink_as_last_component_only)
{
	int fd;

	SYS(mkdir(ROOTFS "/dir", 0755));
	put(ROOTFS "/dir/file", "x");
	SYS(symlink("dir", ROOTFS "/link"));
	SYS(symlink("file", ROOTFS "/dir/last"));
	ck_assert_int_eq(path_open_nofollow(rootfs_fd, "link/last", O_RDONLY), -ELOOP);
	ck_assert_int_eq(path_open_nofollow(rootfs_fd, "link/last", O_PATH), -ELOOP);
	SYS(fd = path_open_nofollow(rootfs_fd, "link/file", O_PATH));
	close(fd);
}
END_TEST

START_TEST(an_opened_fd_is_close_on_exec)
{
	int fd = path_open(rootfs_fd, "/", O_PATH);

	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}
END_TEST

/* --- making --- */

START_TEST(what_is_missing_of_a_directory_is_made_with_the_mode)
{
	struct stat st;
	int fd;

	SYS(mkdir(ROOTFS "/there", 0700));
	OK(fd = path_make_directory(rootfs_fd, "//there/./a//b/", 0751, &err));
	ck_assert(same_file(fd, ROOTFS "/there/a/b"));
	SYS(stat(ROOTFS "/there/a", &st));
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0751);
	SYS(stat(ROOTFS "/there", &st));
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
	close(fd);
}
END_TEST

START_TEST(a_symlink_on_the_way_is_followed_within_the_root)
{
	int fd;

	SYS(mkdir(ROOTFS "/real", 0755));
	SYS(symlink("/real", ROOTFS "/absolute"));
	SYS(symlink("../../../real", ROOTFS "/climbing"));
	OK(fd = path_make_directory(rootfs_fd, "/absolute/a", 0755, &err));
	ck_assert(same_file(fd, ROOTFS "/real/a"));
	close(fd);
	OK(fd = path_make_directory(rootfs_fd, "/climbing/b/c", 0755, &err));
	ck_assert(same_file(fd, ROOTFS "/real/b/c"));
	close(fd);
}
END_TEST

START_TEST(the_target_of_a_dangling_symlink_on_the_way_is_made_within_the_root)
{
	int fd;

	SYS(mkdir(ROOTFS "/var", 0755));
	SYS(symlink("/run", ROOTFS "/var/run"));
	SYS(symlink("../../host", ROOTFS "/var/climbing"));
	OK(fd = path_make_directory(rootfs_fd, "/var/run/a/b", 0755, &err));
	ck_assert(same_file(fd, ROOTFS "/run/a/b"));
	close(fd);
	OK(fd = path_make_directory(rootfs_fd, "/var/climbing", 0755, &err));
	ck_assert(same_file(fd, ROOTFS "/host"));
	close(fd);
	ck_assert_int_eq(count_entries(HOST), 0);
}
END_TEST

START_TEST(dot_dot_behind_a_missing_directory_is_refused)
{
	ck_assert_int_eq(
		path_make_directory(rootfs_fd, "/missing/../../host/a", 0755, &err), -ENOENT);
	ck_assert_int_eq(count_entries(HOST), 0);
}
END_TEST

START_TEST(a_file_on_the_way_is_an_error_that_names_the_path)
{
	put(ROOTFS "/file", "x");
	ck_assert_int_eq(path_make_directory(rootfs_fd, "/file/a", 0755, &err), -ENOTDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "/file/a"));
}
END_TEST

START_TEST(a_parent_comes_with_the_name_of_the_last_component)
{
	const char *path = "/a/b/node";
	const char *name;
	int fd;

	OK(fd = path_make_parent(rootfs_fd, path, &name, &err));
	ck_assert(same_file(fd, ROOTFS "/a/b"));
	ck_assert_ptr_eq(name, path + 5);
	close(fd);
	OK(fd = path_make_parent(rootfs_fd, "node", &name, &err));
	ck_assert(same_file(fd, ROOTFS));
	close(fd);
}
END_TEST

static const char *const nameless[] = {"/", ".", "..", "/a/.", "/a/..", "/a/", ""};

START_TEST(a_path_that_does_not_end_in_a_name_has_no_parent)
{
	const char *name;

	ck_assert_int_eq(path_make_parent(rootfs_fd, nameless[_i], &name, &err), -EINVAL);
	ck_assert(!exists(ROOTFS "/a"));
}
END_TEST

/* --- mount points --- */

START_TEST(a_mount_point_is_made_as_what_is_mounted_on_it)
{
	struct stat st;
	int fd;

	OK(fd = path_make_mount_point(rootfs_fd, "/a/file", true, true, &err));
	SYS(fstat(fd, &st));
	ck_assert(S_ISREG(st.st_mode) && st.st_size == 0);
	close(fd);
	OK(fd = path_make_mount_point(rootfs_fd, "/a/dir/", false, true, &err));
	SYS(fstat(fd, &st));
	ck_assert(S_ISDIR(st.st_mode));
	close(fd);
}
END_TEST

START_TEST(a_mount_point_of_the_wrong_kind_is_refused)
{
	SYS(mkdir(ROOTFS "/dir", 0755));
	put(ROOTFS "/file", "x");
	ck_assert_int_eq(path_make_mount_point(rootfs_fd, "/dir", true, true, &err), -EISDIR);
	ck_assert_int_eq(path_make_mount_point(rootfs_fd, "/file", false, true, &err), -ENOTDIR);
}
END_TEST

START_TEST(the_target_of_a_dangling_symlink_is_made_within_the_root)
{
	int fd;

	SYS(mkdir(ROOTFS "/etc", 0755));
	SYS(symlink("../../host/resolv.conf", ROOTFS "/etc/resolv.conf"));
	OK(fd = path_make_mount_point(rootfs_fd, "/etc/resolv.conf", true, true, &err));
	ck_assert(same_file(fd, ROOTFS "/host/resolv.conf"));
	ck_assert_int_eq(count_entries(HOST), 0);
	close(fd);
	SYS(symlink("/run/dir", ROOTFS "/absolute"));
	OK(fd = path_make_mount_point(rootfs_fd, "/absolute", false, true, &err));
	ck_assert(same_file(fd, ROOTFS "/run/dir"));
	close(fd);
}
END_TEST

START_TEST(a_loop_of_symlinks_is_refused)
{
	SYS(symlink("b", ROOTFS "/a"));
	SYS(symlink("a", ROOTFS "/b"));
	SYS(symlink("../c/d", ROOTFS "/c"));
	ck_assert_int_eq(path_make_mount_point(rootfs_fd, "/a", true, true, &err), -ELOOP);
	ck_assert_int_eq(path_make_mount_point(rootfs_fd, "/c", false, true, &err), -ELOOP);
	ck_assert_int_eq(path_make_directory(rootfs_fd, "/c/e", 0755, &err), -ELOOP);
}
END_TEST

START_TEST(without_following_a_symlink_is_the_mount_point_itself)
{
	int fd;

	SYS(symlink("/nowhere", ROOTFS "/link"));
	OK(fd = path_make_mount_point(rootfs_fd, "/link", true, false, &err));
	ck_assert(same_file(fd, ROOTFS "/link"));
	ck_assert(!exists(ROOTFS "/nowhere"));
	close(fd);
	ck_assert_int_eq(path_make_mount_point(rootfs_fd, "/link", false, false, &err), -ENOTDIR);
}
END_TEST

/* --- races --- */

enum {
	ROUNDS = 4000,
};

/* CVE-2021-30465, CVE-2024-45310: a directory on the way is exchanged for a symlink that leads out.
 */
START_TEST(a_directory_that_turns_into_a_symlink_makes_nothing_outside)
{
	struct swapper swapper;
	char path[64];
	int made = 0;

	SYS(mkdir(ROOTFS "/a", 0755));
	SYS(mkdir(ROOTFS "/a/sub", 0755));
	SYS(symlink("../host", ROOTFS "/b"));
	swapper = start_swapping(ROOTFS "/a", ROOTFS "/b");
	for (int i = 0; i < ROUNDS; i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "/a/%d/%s", i, i % 2 ? "x" : "y/z");
		fd = path_make_mount_point(rootfs_fd, path, i % 2, true, &err);
		made += fd >= 0;
		fd_close(&fd);
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(made, 0);
	ck_assert_int_eq(count_entries(HOST), 0);
}
END_TEST

/* The same for the last component alone, where O_CREAT would follow. */
START_TEST(a_name_that_turns_into_a_symlink_makes_nothing_outside)
{
	struct swapper swapper;
	int made = 0;

	put(ROOTFS "/a", "");
	SYS(symlink(HOST "/made", ROOTFS "/b"));
	swapper = start_swapping(ROOTFS "/a", ROOTFS "/b");
	for (int i = 0; i < ROUNDS; i++) {
		int fd = path_make_mount_point(rootfs_fd, "/a", true, true, &err);

		made += fd >= 0;
		fd_close(&fd);
		(void)unlink(ROOTFS HOST "/made");
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(made, 0);
	ck_assert_int_eq(count_entries(HOST), 0);
}
END_TEST

/* A directory that is moved out of the root while ".." is resolved from within it. */
START_TEST(dot_dot_does_not_lead_out_of_a_directory_that_is_moved_away)
{
	struct swapper swapper;
	int opened = 0;

	put(BASE "/secret", "outside");
	put(ROOTFS "/secret", "inside");
	SYS(mkdir(ROOTFS "/a", 0755));
	SYS(mkdir(ROOTFS "/a/b", 0755));
	SYS(mkdir(HOST "/b", 0755));
	swapper = start_swapping(ROOTFS "/a/b", HOST "/b");
	for (int i = 0; i < ROUNDS; i++) {
		int fd = path_open(rootfs_fd, "a/b/../../../../secret", O_PATH);

		opened += fd >= 0;
		if (fd >= 0)
			ck_assert(same_file(fd, ROOTFS "/secret"));
		fd_close(&fd);
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(opened, 0);
}
END_TEST

/* --- across mount namespaces --- */

START_TEST(a_mount_of_another_namespace_is_cloned_by_looking_it_up_anew)
{
	pid_t pid;
	int tree;

	put(ROOTFS "/file", "x");
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		CHILD_CHECK(
			sys_open_tree(rootfs_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE) == -EINVAL);
		tree = path_clone(rootfs_fd, 0, &err);
		CHILD_CHECK(tree >= 0);
		CHILD_CHECK(faccessat(tree, "file", F_OK, 0) == 0);
	}
	end_child(pid);
}
END_TEST

START_TEST(a_directory_that_was_replaced_is_not_opened_again)
{
	SYS(mkdir(BASE "/other", 0755));
	SYS(mount(BASE "/other", ROOTFS, NULL, MS_BIND, NULL));
	ck_assert_int_eq(path_reopen(rootfs_fd, &err), -ESTALE);
	ck_assert_ptr_nonnull(strstr(err.text, ROOTFS));
}
END_TEST

Suite *suite_paths(void);

Suite *suite_paths(void)
{
	Suite *suite = suite_create("paths");
	TCase *t = tcase_create("paths");

	tcase_add_checked_fixture(t, set_up_directory, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_absolute_symlink_means_the_container_s_root);
	tcase_add_test(t, dot_dot_stops_at_the_root);
	tcase_add_test(t, a_magic_link_is_refused);
	tcase_add_test(t, nofollow_refuses_a_symlink_as_last_component_only);
	tcase_add_test(t, an_opened_fd_is_close_on_exec);
	tcase_add_test(t, what_is_missing_of_a_directory_is_made_with_the_mode);
	tcase_add_test(t, a_symlink_on_the_way_is_followed_within_the_root);
	tcase_add_test(t, the_target_of_a_dangling_symlink_on_the_way_is_made_within_the_root);
	tcase_add_test(t, dot_dot_behind_a_missing_directory_is_refused);
	tcase_add_test(t, a_file_on_the_way_is_an_error_that_names_the_path);
	tcase_add_test(t, a_parent_comes_with_the_name_of_the_last_component);
	tcase_add_loop_test(t, a_path_that_does_not_end_in_a_name_has_no_parent, 0,
		sizeof(nameless) / sizeof(nameless[0]));
	tcase_add_test(t, a_mount_point_is_made_as_what_is_mounted_on_it);
	tcase_add_test(t, a_mount_point_of_the_wrong_kind_is_refused);
	tcase_add_test(t, the_target_of_a_dangling_symlink_is_made_within_the_root);
	tcase_add_test(t, a_loop_of_symlinks_is_refused);
	tcase_add_test(t, without_following_a_symlink_is_the_mount_point_itself);
	tcase_add_test(t, a_directory_that_turns_into_a_symlink_makes_nothing_outside);
	tcase_add_test(t, a_name_that_turns_into_a_symlink_makes_nothing_outside);
	tcase_add_test(t, dot_dot_does_not_lead_out_of_a_directory_that_is_moved_away);
	tcase_add_test(t, a_mount_of_another_namespace_is_cloned_by_looking_it_up_anew);
	tcase_add_test(t, a_directory_that_was_replaced_is_not_opened_again);
	suite_add_tcase(suite, t);
	return suite;
}
