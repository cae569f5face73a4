/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/masks.h"

#include "tests/live/mount_fixture.h"

#include "libcontainer/mount/devices.h"

#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define WORDS(...)                                                                   \
	(struct oci_strings)                                                         \
	{                                                                            \
		(const char *[]){__VA_ARGS__},                                       \
			sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *) \
	}

static int null_fd = -1;
static const struct oci_strings none;

static void set_up(void)
{
	set_up_rootfs();
	OK(null_fd = device_open_null(&err));
	SYS(mkdir(ROOTFS "/dir", 0755));
	put(ROOTFS "/dir/secret", "secret");
	put(ROOTFS "/file", "secret");
}

static bool is_null(const char *path)
{
	struct stat st;

	SYS(stat(path, &st));
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static bool is_empty_directory(const char *path)
{
	struct statfs fs;

	SYS(statfs(path, &fs));
	return fs.f_type == TMPFS_MAGIC && count_entries(path) == 0 && flags_of(path) & ST_RDONLY;
}

START_TEST(a_masked_file_is_dev_null)
{
	OK(masks_apply(rootfs_fd, null_fd, false, &WORDS("/file"), &none, &err));
	ck_assert(is_null(ROOTFS "/file"));
	ck_assert_str_eq(text_of(ROOTFS "/file"), "");
}
END_TEST

START_TEST(a_masked_directory_is_empty_and_read_only)
{
	OK(masks_apply(rootfs_fd, null_fd, false, &WORDS("/dir"), &none, &err));
	ck_assert(is_empty_directory(ROOTFS "/dir"));
	ck_assert(mkdir(ROOTFS "/dir/x", 0755) < 0 && errno == EROFS);
}
END_TEST

START_TEST(all_masked_directories_share_one_filesystem)
{
	struct stat a;
	struct stat b;

	SYS(mkdir(ROOTFS "/other", 0755));
	OK(masks_apply(rootfs_fd, null_fd, false, &WORDS("/dir", "/file", "/other"), &none, &err));
	SYS(stat(ROOTFS "/dir", &a));
	SYS(stat(ROOTFS "/other", &b));
	ck_assert(is_empty_directory(ROOTFS "/other") && is_null(ROOTFS "/file"));
	ck_assert_uint_eq(a.st_dev, b.st_dev);
}
END_TEST

START_TEST(what_is_absent_is_skipped)
{
	OK(masks_apply(rootfs_fd, null_fd, false, &WORDS("/missing", "/file/below", "/dir"),
		&WORDS("/missing", "/file/below"), &err));
	ck_assert(is_empty_directory(ROOTFS "/dir"));
	ck_assert(!exists(ROOTFS "/missing"));
}
END_TEST

/* CVE-2025-62161 and others: the image chooses what a path is. */
START_TEST(what_a_masked_symlink_leads_to_in_the_root_is_masked)
{
	put(HOST "/file", "host's");
	SYS(symlink("/dir", ROOTFS "/to-dir"));
	SYS(symlink("../../host/file", ROOTFS "/to-host"));
	SYS(symlink(HOST, ROOTFS "/to-host-dir"));
	OK(masks_apply(rootfs_fd, null_fd, false, &WORDS("/to-dir", "/to-host", "/to-host-dir"),
		&none, &err));
	ck_assert(is_empty_directory(ROOTFS "/dir"));
	ck_assert_str_eq(text_of(HOST "/file"), "host's");
	ck_assert_str_eq(mount_of(HOST), "");
}
END_TEST

START_TEST(a_masked_magic_link_is_refused)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	SYS(mount("proc", ROOTFS "/proc", "proc", 0, NULL));
	SYS(symlink("/proc/self/root", ROOTFS "/link"));
	ck_assert_int_eq(
		masks_apply(rootfs_fd, null_fd, false, &WORDS("/link"), &none, &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.text, "mask /link"));
}
END_TEST

START_TEST(the_files_of_procfs_are_masked)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	SYS(mount("proc", ROOTFS "/proc", "proc", 0, NULL));
	OK(masks_apply(rootfs_fd, null_fd, true, &WORDS("/proc/version", "/proc/fs"),
		&WORDS("/proc/sys"), &err));
	ck_assert(is_null(ROOTFS "/proc/version"));
	ck_assert(is_empty_directory(ROOTFS "/proc/fs"));
	ck_assert(open(ROOTFS "/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC) < 0);
	ck_assert_int_eq(errno, EROFS);
	ck_assert(!(flags_of("/proc/sys") & ST_RDONLY));
}
END_TEST

START_TEST(masks_below_a_read_only_proc_are_seen)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	SYS(mount("proc", ROOTFS "/proc", "proc", 0, NULL));
	OK(masks_apply(rootfs_fd, null_fd, true, &WORDS("/proc/version"), &WORDS("/proc"), &err));
	ck_assert(is_null(ROOTFS "/proc/version"));
	ck_assert(flags_of(ROOTFS "/proc") & ST_RDONLY);
}
END_TEST

/* By the fd of the mount: its name may be exchanged. */
START_TEST(a_procfs_elsewhere_has_the_masks_of_proc)
{
	struct statfs fs;
	int fd;

	SYS(mkdir(ROOTFS "/other", 0755));
	SYS(mount("proc", ROOTFS "/other", "proc", 0, NULL));
	SYS(fd = open(ROOTFS "/other", O_PATH | O_DIRECTORY | O_CLOEXEC));
	OK(masks_apply_view(fd, "/proc", null_fd,
		&WORDS("/file", "/proc/./version", "proc/fs", "/proc/missing", "/sys/kernel", ""),
		&WORDS("/proc/sys", "/dir"), &err));
	close(fd);
	ck_assert(is_null(ROOTFS "/other/version"));
	ck_assert(is_empty_directory(ROOTFS "/other/fs"));
	ck_assert(open(ROOTFS "/other/sys/kernel/hostname", O_WRONLY | O_CLOEXEC) < 0);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_str_eq(text_of(ROOTFS "/file"), "secret");
	SYS(statfs(ROOTFS "/dir", &fs));
	ck_assert(
		!(flags_of(ROOTFS "/dir") & ST_RDONLY) && !(flags_of(ROOTFS "/other") & ST_RDONLY));
}
END_TEST

START_TEST(a_view_that_is_read_only_as_a_whole_keeps_its_masks)
{
	int fd;

	SYS(mkdir(ROOTFS "/other", 0755));
	SYS(mount("proc", ROOTFS "/other", "proc", 0, NULL));
	SYS(fd = open(ROOTFS "/other", O_PATH | O_DIRECTORY | O_CLOEXEC));
	OK(masks_apply_view(fd, "/proc", null_fd, &WORDS("/proc/version"), &WORDS("/proc"), &err));
	close(fd);
	ck_assert(is_null(ROOTFS "/other/version") && flags_of(ROOTFS "/other") & ST_RDONLY);
}
END_TEST

/* As runc and crun read it. */
START_TEST(a_relative_path_is_one_from_the_root)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	SYS(mount("proc", ROOTFS "/proc", "proc", 0, NULL));
	OK(masks_apply(rootfs_fd, null_fd, true, &WORDS("file", "proc//version", ""), &WORDS("dir"),
		&err));
	ck_assert(is_null(ROOTFS "/file") && is_null(ROOTFS "/proc/version"));
	ck_assert(flags_of(ROOTFS "/dir") & ST_RDONLY);
}
END_TEST

/* CVE-2019-19921: a path below it would be absent, and the procfs open under another name. */
START_TEST(a_proc_that_was_exchanged_is_refused)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	ck_assert_int_eq(
		masks_apply(rootfs_fd, null_fd, true, &WORDS("/proc/version"), &none, &err),
		-EXDEV);
	SYS(rmdir(ROOTFS "/proc"));
	SYS(symlink("/dir", ROOTFS "/proc"));
	ck_assert_int_eq(
		masks_apply(rootfs_fd, null_fd, true, &none, &WORDS("/proc/sys"), &err), -ENOTDIR);
}
END_TEST

START_TEST(a_read_only_path_keeps_its_other_flags_and_what_is_mounted_below)
{
	SYS(mount("tmpfs", ROOTFS "/dir", "tmpfs", MS_NOSUID | MS_NOEXEC, NULL));
	SYS(mkdir(ROOTFS "/dir/sub", 0755));
	SYS(mount("tmpfs", ROOTFS "/dir/sub", "tmpfs", 0, NULL));
	put(ROOTFS "/dir/sub/file", "x");
	OK(masks_apply(rootfs_fd, null_fd, false, &none, &WORDS("/dir", "/file"), &err));
	ck_assert_uint_eq(flags_of(ROOTFS "/dir") & (ST_RDONLY | ST_NOSUID | ST_NOEXEC | ST_NODEV),
		ST_RDONLY | ST_NOSUID | ST_NOEXEC);
	ck_assert(open(ROOTFS "/dir/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0);
	ck_assert_int_eq(errno, EROFS);
	ck_assert(open(ROOTFS "/file", O_WRONLY | O_CLOEXEC) < 0);
	ck_assert_int_eq(errno, EROFS);
	put(ROOTFS "/dir/sub/file", "as in runc, mounts below stay as they are");
}
END_TEST

START_TEST(a_path_that_is_masked_and_read_only_is_masked)
{
	OK(masks_apply(rootfs_fd, null_fd, false, &WORDS("/dir/secret"), &WORDS("/dir"), &err));
	ck_assert(is_null(ROOTFS "/dir/secret"));
	ck_assert(flags_of(ROOTFS "/dir") & ST_RDONLY);
}
END_TEST

START_TEST(dev_null_of_the_runtime_s_namespace_is_looked_up_anew)
{
	pid_t pid = begin_child(CLONE_NEWNS);

	if (pid == 0) {
		int fd = -1;

		CHILD_CHECK(rootfs_prepare(rootfs_fd, NULL, &fd, &err) == 0);
		CHILD_CHECK(masks_apply(fd, null_fd, false, &WORDS("/file", "/dir/secret"), &none,
				    &err) == 0);
		CHILD_CHECK(is_null(ROOTFS "/file") && is_null(ROOTFS "/dir/secret"));
	}
	end_child(pid);
	ck_assert_str_eq(text_of(ROOTFS "/file"), "secret");
}
END_TEST

/* --- CVE-2025-31133, CVE-2026-88265: a /dev/null that is none --- */

static void put_on_dev_null(const char *source)
{
	int target;
	int tree;

	SYS(target = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	SYS(tree = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW));
	SYS(sys_move_mount(tree, target));
	close(target);
	close(tree);
}

START_TEST(a_dev_null_that_is_something_else_is_refused)
{
	switch (_i) {
	case 0:
		put(BASE "/null", "x");
		break;
	case 1:
		SYS(symlink("/etc/passwd", BASE "/null"));
		break;
	case 2: /* the right numbers, but a block device */
		SYS(mknod(BASE "/null", S_IFBLK | 0666, makedev(1, 3)));
		break;
	case 3: /* the wrong numbers */
		SYS(mknod(BASE "/null", S_IFCHR | 0666, makedev(1, 5)));
		break;
	default: /* leads to the right one, now */
		SYS(mknod(BASE "/real", S_IFCHR | 0666, makedev(1, 3)));
		SYS(symlink(BASE "/real", BASE "/null"));
		break;
	}
	put_on_dev_null(BASE "/null");
	ck_assert_int_eq(device_open_null(&err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "/dev/null is not character device 1:3"));
	SYS(umount2("/dev/null", MNT_DETACH | UMOUNT_NOFOLLOW));
}
END_TEST

Suite *suite_masks(void);

Suite *suite_masks(void)
{
	Suite *suite = suite_create("masks");
	TCase *t = tcase_create("masks");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, a_masked_file_is_dev_null);
	tcase_add_test(t, a_masked_directory_is_empty_and_read_only);
	tcase_add_test(t, all_masked_directories_share_one_filesystem);
	tcase_add_test(t, what_is_absent_is_skipped);
	tcase_add_test(t, what_a_masked_symlink_leads_to_in_the_root_is_masked);
	tcase_add_test(t, a_masked_magic_link_is_refused);
	tcase_add_test(t, masks_below_a_read_only_proc_are_seen);
	tcase_add_test(t, a_procfs_elsewhere_has_the_masks_of_proc);
	tcase_add_test(t, a_view_that_is_read_only_as_a_whole_keeps_its_masks);
	tcase_add_test(t, a_relative_path_is_one_from_the_root);
	tcase_add_test(t, a_proc_that_was_exchanged_is_refused);
	tcase_add_test(t, the_files_of_procfs_are_masked);
	tcase_add_test(t, a_read_only_path_keeps_its_other_flags_and_what_is_mounted_below);
	tcase_add_test(t, a_path_that_is_masked_and_read_only_is_masked);
	tcase_add_test(t, dev_null_of_the_runtime_s_namespace_is_looked_up_anew);
	tcase_add_loop_test(t, a_dev_null_that_is_something_else_is_refused, 0, 5);
	suite_add_tcase(suite, t);
	return suite;
}
