/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mounts_fixture.h"

#include <linux/magic.h>

Suite *suite_mounts(void);

/* What lands where: the default config, targets, binds. */

/* --- the default config --- */

START_TEST(the_mounts_of_the_default_config_are_performed)
{
	static const struct {
		const char *path;
		long magic;
		unsigned long flags;
	} expected[] = {
		{ROOTFS "/proc", PROC_SUPER_MAGIC, 0},
		{ROOTFS "/dev", TMPFS_MAGIC, ST_NOSUID},
		{ROOTFS "/dev/pts", DEVPTS_SUPER_MAGIC, ST_NOSUID | ST_NOEXEC},
		{ROOTFS "/dev/shm", TMPFS_MAGIC, ST_NOSUID | ST_NOEXEC | ST_NODEV},
		{ROOTFS "/dev/mqueue", 0x19800202, ST_NOSUID | ST_NOEXEC | ST_NODEV},
		{ROOTFS "/sys", SYSFS_MAGIC, ST_NOSUID | ST_NOEXEC | ST_NODEV | ST_RDONLY},
		{ROOTFS "/sys/fs/cgroup", CGROUP2_SUPER_MAGIC,
			ST_NOSUID | ST_NOEXEC | ST_NODEV | ST_RDONLY},
	};
	const struct oci_mount mounts[] = {
		{"/proc", "proc", "proc"},
		{"/dev", "tmpfs", "tmpfs",
			WORDS("nosuid", "strictatime", "mode=755", "size=65536k")},
		{"/dev/pts", "devpts", "devpts",
			WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
				"gid=5")},
		{"/dev/shm", "shm", "tmpfs",
			WORDS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")},
		{"/dev/mqueue", "mqueue", "mqueue", WORDS("nosuid", "noexec", "nodev")},
		{"/sys", "sysfs", "sysfs", WORDS("nosuid", "noexec", "nodev", "ro")},
		{"/sys/fs/cgroup", "cgroup", "cgroup",
			WORDS("nosuid", "noexec", "nodev", "relatime", "ro")},
	};
	const unsigned long mask = ST_NOSUID | ST_NOEXEC | ST_NODEV | ST_RDONLY;

	SYS(unshare(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET));
	SYS(context.cgroup_fd = open(cgroup2_mount(), O_PATH | O_DIRECTORY | O_CLOEXEC));
	OK(mounts_perform(&context, mounts, sizeof(mounts) / sizeof(mounts[0]), &err));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		ck_assert_msg(
			magic_of(expected[i].path) == expected[i].magic, "%s", expected[i].path);
		ck_assert_msg((flags_of(expected[i].path) & mask) == expected[i].flags, "%s",
			expected[i].path);
	}
	ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/dev/shm"), " - tmpfs shm rw,size=65536k"));
	ck_assert_int_ge(proc_fd, 0);
}
END_TEST

/* --- targets --- */

START_TEST(a_symlink_in_the_target_stays_inside_the_root)
{
	SYS(symlink("../../host", ROOTFS "/link"));
	SYS(symlink(HOST, ROOTFS "/absolute"));
	OK(perform("/link/a", "tmpfs", "tmpfs", WORDS_NONE));
	OK(perform("/absolute", "tmpfs", "tmpfs", WORDS_NONE));
	ck_assert_str_ne(mount_of(ROOTFS "/host/a"), "");
	ck_assert_str_ne(mount_of(ROOTFS HOST), "");
	ck_assert_int_eq(count_entries(HOST), 0);
	ck_assert_str_eq(mount_of(HOST), "");
}
END_TEST

START_TEST(a_destination_is_cleaned_before_it_is_looked_up)
{
	OK(perform("relative//./x/../y/", "tmpfs", "tmpfs", WORDS_NONE));
	ck_assert_str_ne(mount_of(ROOTFS "/relative/y"), "");
	ck_assert(!exists(ROOTFS "/relative/x"));
}
END_TEST

static const char *const roots[] = {"/", "//", "/a/..", "/to-root", "/to-root/", "/up"};

START_TEST(nothing_is_mounted_on_the_root)
{
	SYS(symlink("/", ROOTFS "/to-root"));
	SYS(symlink("../..", ROOTFS "/up"));
	ck_assert_int_eq(perform(roots[_i], "tmpfs", "tmpfs", WORDS_NONE), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "root of the container"));
}
END_TEST

/* CVE-2019-19921, CVE-2023-27561, CVE-2025-54867. */
START_TEST(a_procfs_or_sysfs_is_not_mounted_on_a_symlink)
{
	const char *type = _i ? "sysfs" : "proc";
	char path[64];

	SYS(mkdir(ROOTFS "/elsewhere", 0755));
	(void)snprintf(path, sizeof(path), ROOTFS "/%s", type);
	SYS(symlink("elsewhere", path));
	ck_assert_int_eq(perform(strrchr(path, '/'), type, type, WORDS_NONE), -ENOTDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "must be mounted on ordinary directory"));
	ck_assert_str_eq(mount_of(ROOTFS "/elsewhere"), "");
}
END_TEST

START_TEST(a_procfs_is_not_mounted_on_a_file)
{
	put(ROOTFS "/proc", "x");
	ck_assert_int_eq(perform("/proc", "proc", "proc", WORDS_NONE), -ENOTDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "must be mounted on ordinary directory"));
}
END_TEST

/* CVE-2019-16884: specs/validate.c knows the names, this the symlinks of the image. */
START_TEST(a_symlink_into_proc_is_no_destination)
{
	OK(perform("/proc", "proc", "proc", WORDS_NONE));
	SYS(symlink("/proc/sys", ROOTFS "/link"));
	put(BASE "/file", "x");
	SYS(symlink("/proc/version", ROOTFS "/file"));
	ck_assert_int_eq(perform("/link", "tmpfs", "tmpfs", WORDS_NONE), -EPERM);
	ck_assert_int_eq(perform("/file", BASE "/file", NULL, WORDS("bind")), -EPERM);
	ck_assert_str_eq(mount_of(ROOTFS "/proc/sys"), "");
	OK(perform("/proc/uptime", BASE "/file", NULL, WORDS("bind")));
	ck_assert_str_eq(text_of(ROOTFS "/proc/uptime"), "x");
}
END_TEST

START_TEST(only_a_whole_procfs_is_bound_on_proc)
{
	SYS(mkdir(BASE "/fake", 0755));
	ck_assert_int_eq(perform("/proc", BASE "/fake", NULL, WORDS("bind")), -EPERM);
	ck_assert_int_eq(perform("/proc", "/proc/sys", NULL, WORDS("bind")), -EPERM);
	OK(perform("/proc", "/proc", NULL, WORDS("rbind")));
	ck_assert_int_eq(magic_of(ROOTFS "/proc"), PROC_SUPER_MAGIC);
}
END_TEST

/* CVE-2021-30465: the target of a mount is exchanged for a symlink that leads out. */
START_TEST(a_target_that_turns_into_a_symlink_mounts_nothing_outside)
{
	struct swapper swapper;
	int before = 0;
	int done = 0;

	SYS(mkdir(ROOTFS "/a", 0755));
	SYS(mkdir(ROOTFS "/a/dir", 0755));
	SYS(mkdir(HOST "/dir", 0755));
	SYS(symlink("../host", ROOTFS "/b"));
	swapper = start_swapping(ROOTFS "/a", ROOTFS "/b");
	for (int i = 0; i < 400; i++) {
		done += perform("/a/dir", "tmpfs", "tmpfs", WORDS_NONE) == 0;
		before += mount_of(HOST "/dir")[0] != '\0';
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(done, 0);
	ck_assert_int_eq(before, 0);
	ck_assert_int_eq(count_entries(HOST "/dir"), 0);
}
END_TEST

/* --- binds --- */

START_TEST(a_file_is_bound_on_a_file_that_is_made)
{
	struct stat st;

	put(BASE "/file", "content");
	OK(perform("/etc/file", BASE "/file", "bind", WORDS("ro")));
	ck_assert_str_eq(text_of(ROOTFS "/etc/file"), "content");
	SYS(umount2(ROOTFS "/etc/file", MNT_DETACH));
	SYS(stat(ROOTFS "/etc/file", &st));
	ck_assert(S_ISREG(st.st_mode) && st.st_size == 0);
}
END_TEST

START_TEST(a_file_is_not_bound_on_a_directory)
{
	put(BASE "/file", "x");
	SYS(mkdir(ROOTFS "/dir", 0755));
	ck_assert_int_eq(perform("/dir", BASE "/file", NULL, WORDS("bind")), -EISDIR);
	ck_assert_int_eq(perform("/dir/sub", HOST, NULL, WORDS("bind")), 0);
	put(ROOTFS "/plain", "x");
	ck_assert_int_eq(perform("/plain", HOST, NULL, WORDS("bind")), -ENOTDIR);
}
END_TEST

START_TEST(rbind_takes_the_mounts_below_along_and_bind_does_not)
{
	make_nested_source();
	OK(perform("/all", BASE "/source", NULL, WORDS("rbind")));
	OK(perform("/top", BASE "/source", NULL, WORDS("bind")));
	ck_assert(exists(ROOTFS "/all/sub/below"));
	ck_assert(!exists(ROOTFS "/top/sub/below"));
}
END_TEST

START_TEST(a_missing_source_is_an_error_that_names_both_ends)
{
	ck_assert_int_eq(perform("/dir", BASE "/missing", NULL, WORDS("rbind")), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "mounts[0]: " BASE "/missing on /dir: "));
	ck_assert_ptr_nonnull(strstr(err.text, "No such file or directory"));
	ck_assert(!exists(ROOTFS "/dir"));
}
END_TEST

START_TEST(a_file_is_bound_on_the_target_of_a_dangling_symlink)
{
	put(BASE "/file", "nameserver");
	SYS(mkdir(ROOTFS "/etc", 0755));
	SYS(symlink("../run/stub.conf", ROOTFS "/etc/resolv.conf"));
	OK(perform("/etc/resolv.conf", BASE "/file", NULL, WORDS("bind")));
	ck_assert_str_eq(text_of(ROOTFS "/run/stub.conf"), "nameserver");
}
END_TEST

/* Podman's words. */
START_TEST(src_nofollow_and_dest_nofollow_mount_a_symlink_on_a_symlink)
{
	char target[64];
	ssize_t n;

	SYS(symlink("to-source", BASE "/source"));
	SYS(symlink("to-nothing", ROOTFS "/link"));
	OK(perform("/link", BASE "/source", NULL, WORDS("bind", "src-nofollow", "dest-nofollow")));
	SYS(n = readlink(ROOTFS "/link", target, sizeof(target)));
	ck_assert_msg(n == 9 && memcmp(target, "to-source", 9) == 0, "%.*s", (int)n, target);
}
END_TEST

START_TEST(copy_symlink_copies_a_symlink_and_binds_what_is_none)
{
	char target[64];
	ssize_t n;

	put(BASE "/file", "x");
	SYS(symlink("/any/where", BASE "/link"));
	for (int i = 0; i < 2; i++) /* one that is there already is as good */
		OK(perform("/copied", BASE "/link", NULL, WORDS("bind", "copy-symlink")));
	SYS(n = readlink(ROOTFS "/copied", target, sizeof(target)));
	ck_assert_msg(n == 10 && memcmp(target, "/any/where", 10) == 0, "%.*s", (int)n, target);
	OK(perform("/bound", BASE "/file", NULL, WORDS("bind", "copy-symlink")));
	ck_assert_str_eq(text_of(ROOTFS "/bound"), "x");
	put(ROOTFS "/taken", "x");
	ck_assert_int_eq(
		perform("/taken", BASE "/link", NULL, WORDS("bind", "copy-symlink")), -EEXIST);
}
END_TEST

Suite *suite_mounts(void)
{
	Suite *suite = suite_create("mounts");
	TCase *t = tcase_create("mounts");

	tcase_add_checked_fixture(t, set_up_mounts, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_mounts_of_the_default_config_are_performed);
	tcase_add_test(t, a_symlink_in_the_target_stays_inside_the_root);
	tcase_add_test(t, a_destination_is_cleaned_before_it_is_looked_up);
	tcase_add_loop_test(t, nothing_is_mounted_on_the_root, 0, sizeof(roots) / sizeof(roots[0]));
	tcase_add_loop_test(t, a_procfs_or_sysfs_is_not_mounted_on_a_symlink, 0, 2);
	tcase_add_test(t, a_procfs_is_not_mounted_on_a_file);
	tcase_add_test(t, a_symlink_into_proc_is_no_destination);
	tcase_add_test(t, only_a_whole_procfs_is_bound_on_proc);
	tcase_add_test(t, a_target_that_turns_into_a_symlink_mounts_nothing_outside);
	tcase_add_test(t, a_file_is_bound_on_a_file_that_is_made);
	tcase_add_test(t, a_file_is_not_bound_on_a_directory);
	tcase_add_test(t, rbind_takes_the_mounts_below_along_and_bind_does_not);
	tcase_add_test(t, a_missing_source_is_an_error_that_names_both_ends);
	tcase_add_test(t, a_file_is_bound_on_the_target_of_a_dangling_symlink);
	tcase_add_test(t, src_nofollow_and_dest_nofollow_mount_a_symlink_on_a_symlink);
	tcase_add_test(t, copy_symlink_copies_a_symlink_and_binds_what_is_none);
	suite_add_tcase(suite, t);
	return suite;
}
