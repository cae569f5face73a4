/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mounts_fixture.h"

#include <linux/magic.h>

Suite *suite_mounts_filesystems(void);

/* New filesystems: their options, what a tmpfs copies, cgroup and sysfs. */

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

/* fsconfig(2) takes 255 bytes a value, mount(2) a page of all. */
START_TEST(a_long_value_goes_by_mount_2)
{
	const int before = count_mounts();
	char size[600] = "size=", nothing[5000] = "size=";
	struct statvfs st;

	memset(size + 5, '0', sizeof(size) - 6);
	memcpy(size + sizeof(size) - 7, "10000k", 7);
	put(ROOTFS "/below", "x");
	OK(perform("/t", "tmpfs", "tmpfs", WORDS(size, "mode=711", "noexec", "noatime", "sync")));
	ck_assert_int_eq(count_mounts(), before + 1);
	ck_assert_str_eq(text_of(ROOTFS "/below"), "x");
	SYS(statvfs(ROOTFS "/t", &st));
	ck_assert_uint_eq(st.f_blocks * st.f_frsize, 010000 << 10);
	ck_assert_uint_eq(
		st.f_flag & (ST_NOSUID | ST_NOEXEC | ST_NOATIME | ST_RELATIME | ST_SYNCHRONOUS),
		ST_NOEXEC | ST_NOATIME | ST_SYNCHRONOUS);
	ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/t"), "mode=711"));
	memset(nothing + 5, '0', sizeof(nothing) - 6);
	ck_assert_int_eq(perform("/u", "tmpfs", "tmpfs", WORDS(nothing)), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.text, "4095"));
	size[300] = ',';
	ck_assert_int_eq(perform("/u", "tmpfs", "tmpfs", WORDS(size)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "a comma cannot be said to mount(2)"));
	size[300] = 'x';
	ck_assert_int_eq(perform("/u", "tmpfs", "tmpfs", WORDS(size)), -EINVAL);
	ck_assert_int_eq(count_mounts(), before + 1);
}
END_TEST

START_TEST(a_long_source_goes_by_mount_2)
{
	char source[400];

	memset(source, 's', sizeof(source) - 1);
	source[sizeof(source) - 1] = '\0';
	OK(perform("/t", source, "tmpfs", WORDS("ro")));
	ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/t"), source));
}
END_TEST

/* fsconfig(2) has no word for them: a flag of mount(2), which a filesystem heeds or does not. */
static const char *const flags_of_mount_2[] = {"iversion", "noiversion", "acl", "noacl"};

START_TEST(a_flag_of_mount_2_is_taken_by_any_filesystem)
{
	const int before = count_mounts();

	OK(perform("/t", "tmpfs", "tmpfs", WORDS(flags_of_mount_2[_i], "size=1m", "nosuid")));
	ck_assert(flags_of(ROOTFS "/t") & ST_NOSUID);
	ck_assert_int_eq(count_mounts(), before + 1);
}
END_TEST

/* "ro" is for what lies below as well: an overlay's work directory, a disk's journal. */
START_TEST(a_read_only_overlay_writes_nothing_below)
{
	SYS(mkdir(BASE "/lower", 0755));
	SYS(mkdir(BASE "/upper", 0755));
	SYS(mkdir(BASE "/work", 0755));
	OK(perform("/t", "overlay", "overlay",
		WORDS("ro", "lowerdir=" BASE "/lower", "upperdir=" BASE "/upper",
			"workdir=" BASE "/work")));
	ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/t"), " overlay overlay ro,"));
	OK(perform("/u", "tmpfs", "tmpfs", WORDS("ro")));
	ck_assert_ptr_nonnull(strstr(mount_of(ROOTFS "/u"), " tmpfs tmpfs rw"));
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

/* As many bytes of names as the kernel lists. */
START_TEST(tmpcopyup_copies_every_attribute)
{
	char name[256], list[65536];
	ssize_t n;

	SYS(mkdir(ROOTFS "/var", 0755));
	SYS(mount("none", ROOTFS "/var", "tmpfs", 0, NULL));
	put(ROOTFS "/var/file", "content");
	for (int i = 0; i < 250; i++) {
		(void)snprintf(name, sizeof(name), "trusted.%0240d", i);
		SYS(setxattr(ROOTFS "/var/file", name, "value", 6, 0));
	}
	n = listxattr(ROOTFS "/var/file", list, sizeof(list));
	ck_assert_int_gt(n, 60000);
	OK(perform("/var", "tmpfs", "tmpfs", WORDS("tmpcopyup")));
	ck_assert_int_eq(listxattr(ROOTFS "/var/file", list, sizeof(list)), n);
	SYS(umount2(ROOTFS "/var", MNT_DETACH));
	SYS(umount2(ROOTFS "/var", MNT_DETACH));
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
		context.host_network = true;
		CHILD_CHECK(mount_rootfs_anew() == 0);
		CHILD_CHECK(perform("/sys", "sysfs", "sysfs", WORDS("nosuid")) == 0);
		CHILD_CHECK(magic_of(ROOTFS "/sys") == SYSFS_MAGIC);
		CHILD_CHECK(flags_of(ROOTFS "/sys") & ST_RDONLY);
		CHILD_CHECK(flags_of(ROOTFS "/sys/fs/cgroup") & ST_RDONLY);
	}
	end_child(pid);
}
END_TEST

Suite *suite_mounts_filesystems(void)
{
	Suite *suite = suite_create("mounts_filesystems");
	TCase *t = tcase_create("mounts_filesystems");

	tcase_add_checked_fixture(t, set_up_mounts, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_tmpfs_takes_the_mode_of_the_directory_that_it_covers);
	tcase_add_test(t, an_option_that_the_filesystem_refuses_is_told_in_the_kernel_s_words);
	tcase_add_test(t, a_comma_in_a_value_adds_no_option);
	tcase_add_test(t, a_filesystem_that_the_kernel_lacks_is_named);
	tcase_add_test(t, a_long_value_goes_by_mount_2);
	tcase_add_test(t, a_long_source_goes_by_mount_2);
	tcase_add_loop_test(t, a_flag_of_mount_2_is_taken_by_any_filesystem, 0, 4);
	tcase_add_test(t, a_read_only_overlay_writes_nothing_below);
	tcase_add_test(t, a_mount_label_goes_to_the_filesystem_as_context);
	tcase_add_test(t, the_procfs_is_kept_for_the_runtime_unless_it_is_of_no_use);
	tcase_add_test(t, tmpcopyup_copies_what_it_covers_and_follows_nothing);
	tcase_add_test(t, tmpcopyup_copies_every_attribute);
	tcase_add_test(t, tmpcopyup_does_not_follow_a_file_that_turns_into_a_symlink);
	tcase_add_test(t, tmpcopyup_of_more_than_fits_fails);
	tcase_add_test(t, without_a_cgroup_namespace_the_container_s_cgroup_is_bound);
	tcase_add_loop_test(t, without_a_cgroup_of_its_own_the_container_sees_none, 0, 2);
	tcase_add_test(t, a_user_namespace_on_the_host_s_network_sees_its_sysfs_read_only);
	suite_add_tcase(suite, t);
	return suite;
}
