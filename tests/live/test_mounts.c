/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mounts.h"

#include "tests/live/mounts_fixture.h"

#include <linux/magic.h>

/* What lands where: targets, binds, filesystems. Flags and id mappings stand in test_mount_flags.c.
 */

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

/* --- filesystems --- */

START_TEST(a_tmpfs_takes_the_mode_of_the_directory_that_it_covers)
{
	struct stat st;

	SYS(mkdir(ROOTFS "/tmp", 0755));
	SYS(chmod(ROOTFS "/tmp", 03770));
	OK(perform("/tmp", "tmpfs", "tmpfs", WORDS("nosuid")));
	SYS(stat(ROOTFS "/tmp", &st));
	ck_assert_uint_eq(st.st_mode & 07777, 03770);
	OK(perform("/tmp", "tmpfs", "tmpfs", WORDS("mode=700")));
	SYS(stat(ROOTFS "/tmp", &st));
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(an_option_that_the_filesystem_refuses_is_told_in_the_kernel_s_words)
{
	ck_assert_int_eq(perform("/t", "tmpfs", "tmpfs", WORDS("size=much")), -EINVAL);
	ck_assert_msg(strstr(err.text, "Bad value for 'size'"), "%s", err.text);
	ck_assert_int_eq(perform("/t", "tmpfs", "tmpfs", WORDS("colour=red")), -EINVAL);
	ck_assert_msg(strstr(err.text, "colour"), "%s", err.text);
	ck_assert_str_eq(mount_of(ROOTFS "/t"), "");
}
END_TEST

START_TEST(a_comma_in_a_value_adds_no_option)
{
	ck_assert_int_eq(perform("/t", "tmpfs", "tmpfs", WORDS("size=1m,mode=777")), -EINVAL);
}
END_TEST

START_TEST(a_filesystem_that_the_kernel_lacks_is_named)
{
	ck_assert_int_eq(perform("/t", "x", "nosuchfs", WORDS_NONE), -ENODEV);
	ck_assert_ptr_nonnull(strstr(err.text, "nosuchfs: the kernel has no such filesystem"));
}
END_TEST

START_TEST(a_value_longer_than_the_kernel_takes_is_an_error)
{
	char word[400] = "size=";

	memset(word + 5, '1', sizeof(word) - 6);
	ck_assert_int_eq(perform("/t", "tmpfs", "tmpfs", WORDS(word)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "255"));
}
END_TEST

START_TEST(a_mount_label_goes_to_the_filesystem_as_context)
{
	context.mount_label = "system_u:object_r:container_file_t:s0:c1,c2";
	OK(perform("/proc", "proc", "proc", WORDS_NONE));
	if (access("/sys/fs/selinux", F_OK) == 0) {
		OK(perform("/t", "tmpfs", "tmpfs", WORDS_NONE));
		ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/t"), context.mount_label));
	} else {
		/* Never dropped: without SELinux the kernel knows no such option. */
		ck_assert_int_eq(perform("/t", "tmpfs", "tmpfs", WORDS_NONE), -EINVAL);
		ck_assert_msg(strstr(err.text, "context"), "%s", err.text);
	}
}
END_TEST

START_TEST(the_procfs_is_kept_for_the_runtime_unless_it_is_of_no_use)
{
	OK(perform("/proc", "proc", "proc", WORDS("ro")));
	ck_assert_int_eq(proc_fd, -1);
	OK(perform("/proc", "proc", "proc", WORDS("subset=pid")));
	ck_assert_int_eq(proc_fd, -1);
	OK(perform("/proc", "proc", "proc", WORDS("nosuid")));
	ck_assert(same_file(proc_fd, ROOTFS "/proc"));
	ck_assert_int_eq(fcntl(proc_fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(tmpcopyup_copies_what_it_covers_and_follows_nothing)
{
	char target[64];
	struct stat st;
	char value[8] = "";

	SYS(mkdir(ROOTFS "/var", 0755));
	SYS(mkdir(ROOTFS "/var/sub", 0755));
	SYS(chmod(ROOTFS "/var/sub", 02750));
	put(ROOTFS "/var/sub/file", "content");
	SYS(chown(ROOTFS "/var/sub/file", 12, 34));
	SYS(chmod(ROOTFS "/var/sub/file", 04751));
	SYS(setxattr(ROOTFS "/var/sub/file", "trusted.test", "value", 6, 0));
	SYS(symlink(HOST, ROOTFS "/var/link"));
	SYS(mkfifo(ROOTFS "/var/fifo", 0640));
	put(HOST "/secret", "x");
	OK(perform("/var", "tmpfs", "tmpfs", WORDS("tmpcopyup", "nosuid")));
	ck_assert_str_eq(text_of(ROOTFS "/var/sub/file"), "content");
	SYS(stat(ROOTFS "/var/sub/file", &st));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 04751);
	ck_assert(st.st_uid == 12 && st.st_gid == 34);
	SYS(stat(ROOTFS "/var/sub", &st));
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 02750);
	SYS(getxattr(ROOTFS "/var/sub/file", "trusted.test", value, sizeof(value)));
	ck_assert_str_eq(value, "value");
	ck_assert_int_eq(readlink(ROOTFS "/var/link", target, sizeof(target)), strlen(HOST));
	SYS(stat(ROOTFS "/var/fifo", &st));
	ck_assert_uint_eq(st.st_mode, S_IFIFO | 0640);
	put(ROOTFS "/var/sub/file", "changed");
	SYS(umount2(ROOTFS "/var", MNT_DETACH));
	ck_assert_str_eq(text_of(ROOTFS "/var/sub/file"), "content");
}
END_TEST

START_TEST(tmpcopyup_does_not_follow_a_file_that_turns_into_a_symlink)
{
	struct swapper swapper;
	int copied = 0;

	SYS(mkdir(ROOTFS "/var", 0755));
	put(HOST "/secret", "secret");
	put(ROOTFS "/var/a", "plain");
	SYS(symlink(HOST "/secret", ROOTFS "/b"));
	swapper = start_swapping(ROOTFS "/var/a", ROOTFS "/b");
	for (int i = 0; i < 400; i++) {
		struct stat st;

		if (perform("/var", "tmpfs", "tmpfs", WORDS("tmpcopyup")) < 0)
			continue;
		SYS(lstat(ROOTFS "/var/a", &st));
		if (S_ISREG(st.st_mode)) {
			ck_assert_str_eq(text_of(ROOTFS "/var/a"), "plain");
			copied++;
		}
		SYS(umount2(ROOTFS "/var", MNT_DETACH));
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(copied, 0);
}
END_TEST

START_TEST(tmpcopyup_of_more_than_fits_fails)
{
	SYS(mkdir(ROOTFS "/var", 0755));
	for (int i = 0; i < 64; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), ROOTFS "/var/%d", i);
		put(path, "x");
	}
	ck_assert_int_eq(
		perform("/var", "tmpfs", "tmpfs", WORDS("tmpcopyup", "nr_inodes=8")), -ENOSPC);
	ck_assert_str_eq(mount_of(ROOTFS "/var"), "");
}
END_TEST

/* --- cgroups and sysfs --- */

START_TEST(without_a_cgroup_namespace_the_container_s_cgroup_is_bound)
{
	context.own_cgroup_namespace = false;
	SYS(context.cgroup_fd = open(cgroup2_mount(), O_PATH | O_DIRECTORY | O_CLOEXEC));
	OK(perform("/cgroup", "cgroup", "cgroup", WORDS("ro", "nsdelegate")));
	ck_assert_int_eq(magic_of(ROOTFS "/cgroup"), CGROUP2_SUPER_MAGIC);
	ck_assert(same_file(context.cgroup_fd, ROOTFS "/cgroup"));
	ck_assert(flags_of(ROOTFS "/cgroup") & ST_RDONLY);
	ck_assert(!(flags_of(cgroup2_mount()) & ST_RDONLY));
}
END_TEST

/* CVE-2023-25809. */
START_TEST(without_a_cgroup_of_its_own_the_container_sees_none)
{
	context.own_cgroup_namespace = _i;
	OK(perform("/cgroup", "cgroup", "cgroup2", WORDS("rw")));
	ck_assert_int_eq(magic_of(ROOTFS "/cgroup"), TMPFS_MAGIC);
	ck_assert_int_eq(count_entries(ROOTFS "/cgroup"), 0);
	ck_assert(flags_of(ROOTFS "/cgroup") & ST_RDONLY);
}
END_TEST

START_TEST(a_user_namespace_on_the_host_s_network_sees_its_sysfs_read_only)
{
	pid_t pid = begin_child(CLONE_NEWUSER | CLONE_NEWNS);

	if (pid == 0) {
		context.own_network_namespace = false;
		CHILD_CHECK(mount_rootfs_anew() == 0);
		CHILD_CHECK(perform("/sys", "sysfs", "sysfs", WORDS("nosuid")) == 0);
		CHILD_CHECK(magic_of(ROOTFS "/sys") == SYSFS_MAGIC);
		CHILD_CHECK(flags_of(ROOTFS "/sys") & ST_RDONLY);
		CHILD_CHECK(flags_of(ROOTFS "/sys/fs/cgroup") & ST_RDONLY);
	}
	end_child(pid);
}
END_TEST

Suite *suite_mounts(void);

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
	tcase_add_test(t, a_tmpfs_takes_the_mode_of_the_directory_that_it_covers);
	tcase_add_test(t, an_option_that_the_filesystem_refuses_is_told_in_the_kernel_s_words);
	tcase_add_test(t, a_comma_in_a_value_adds_no_option);
	tcase_add_test(t, a_filesystem_that_the_kernel_lacks_is_named);
	tcase_add_test(t, a_value_longer_than_the_kernel_takes_is_an_error);
	tcase_add_test(t, a_mount_label_goes_to_the_filesystem_as_context);
	tcase_add_test(t, the_procfs_is_kept_for_the_runtime_unless_it_is_of_no_use);
	tcase_add_test(t, tmpcopyup_copies_what_it_covers_and_follows_nothing);
	tcase_add_test(t, tmpcopyup_does_not_follow_a_file_that_turns_into_a_symlink);
	tcase_add_test(t, tmpcopyup_of_more_than_fits_fails);
	tcase_add_test(t, without_a_cgroup_namespace_the_container_s_cgroup_is_bound);
	tcase_add_loop_test(t, without_a_cgroup_of_its_own_the_container_sees_none, 0, 2);
	tcase_add_test(t, a_user_namespace_on_the_host_s_network_sees_its_sysfs_read_only);
	suite_add_tcase(suite, t);
	return suite;
}
