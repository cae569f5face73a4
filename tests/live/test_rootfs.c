/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/pivot.h"

#include "tests/live/mount_fixture.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* --- opening --- */

START_TEST(a_rootfs_that_is_a_symlink_is_refused)
{
	SYS(symlink("rootfs", BASE "/link"));
	ck_assert_int_eq(rootfs_open(BASE "/link", &err), -ELOOP);
	ck_assert_int_eq(rootfs_open(BASE "/link///", &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.text, "symlink"));
}
END_TEST

START_TEST(a_rootfs_that_is_the_host_s_root_is_refused)
{
	ck_assert_int_eq(rootfs_open("/", &err), -EINVAL);
	ck_assert_int_eq(rootfs_open("//", &err), -EINVAL);
	ck_assert_int_eq(rootfs_open("/mnt/..", &err), -EINVAL);
}
END_TEST

START_TEST(a_rootfs_that_is_no_directory_is_refused)
{
	put(BASE "/file", "x");
	ck_assert_int_eq(rootfs_open(BASE "/file", &err), -ENOTDIR);
	ck_assert_int_eq(rootfs_open(BASE "/missing", &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, BASE "/missing"));
}
END_TEST

/* --- preparing --- */

/* In a child with a mount namespace of its own, as init has it. Returns the new root. */
static int prepare(const char *propagation)
{
	int fd = -1;

	CHILD_CHECK(rootfs_prepare(rootfs_fd, propagation, &fd, &err) == 0);
	return fd;
}

START_TEST(a_rootfs_of_the_older_namespace_becomes_a_mount_of_the_new_one)
{
	pid_t pid;

	put(ROOTFS "/file", "x");
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		int fd = prepare(NULL);

		CHILD_CHECK(same_file(fd, ROOTFS));
		CHILD_CHECK(mount_of(ROOTFS)[0] != '\0');
		CHILD_CHECK(faccessat(fd, "file", F_OK, 0) == 0);
	}
	end_child(pid);
	ck_assert_str_eq(mount_of(ROOTFS), "");
}
END_TEST

static void share_base(void)
{
	SYS(mkdir(BASE "/volume", 0755));
	SYS(mount(NULL, BASE, NULL, MS_SHARED, NULL));
}

static const char *const propagations[] = {
	NULL, "private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable"};

START_TEST(no_mount_of_the_rootfs_appears_on_the_host)
{
	pid_t pid;
	int before;

	share_base();
	before = count_mounts();
	SYS(mkdir(ROOTFS "/dir", 0755));
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		(void)prepare(propagations[_i]);
		CHILD_CHECK(mount("tmpfs", ROOTFS "/dir", "tmpfs", 0, NULL) == 0);
		CHILD_CHECK(mount_of(ROOTFS "/dir")[0] != '\0');
	}
	end_child(pid);
	ck_assert_int_eq(count_mounts(), before);
}
END_TEST

START_TEST(what_the_host_mounts_arrives_in_a_slave)
{
	int to_child[2];
	int to_parent[2];
	char byte = 'x';
	pid_t pid;

	share_base();
	SYS(pipe2(to_child, O_CLOEXEC));
	SYS(pipe2(to_parent, O_CLOEXEC));
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		(void)prepare(NULL);
		CHILD_CHECK(write(to_parent[1], &byte, 1) == 1);
		CHILD_CHECK(read(to_child[0], &byte, 1) == 1);
		CHILD_CHECK(mount_of(BASE "/volume")[0] != '\0');
	} else {
		ck_assert_int_eq(read(to_parent[0], &byte, 1), 1);
		SYS(mount("tmpfs", BASE "/volume", "tmpfs", 0, NULL));
		ck_assert_int_eq(write(to_child[1], &byte, 1), 1);
	}
	end_child(pid);
}
END_TEST

/* Kubernetes' Bidirectional: a bind that is shared with the host on purpose. */
START_TEST(with_shared_propagation_a_volume_stays_shared_with_the_host)
{
	pid_t pid;

	share_base();
	SYS(mount("tmpfs", BASE "/volume", "tmpfs", 0, NULL));
	SYS(mkdir(BASE "/volume/new", 0755));
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		(void)prepare("rshared");
		CHILD_CHECK(mount("tmpfs", BASE "/volume/new", "tmpfs", 0, NULL) == 0);
	}
	end_child(pid);
	ck_assert_str_ne(mount_of(BASE "/volume/new"), "");
}
END_TEST

START_TEST(an_unknown_propagation_is_refused)
{
	int fd;

	ck_assert_int_eq(rootfs_prepare(rootfs_fd, "public", &fd, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "\"public\""));
}
END_TEST

/* --- pivoting --- */

/* proc for mount_of, and a mount below it that must not survive. */
static void fill_rootfs(void)
{
	SYS(mkdir(ROOTFS "/proc", 0755));
	put(ROOTFS "/inside", "x");
	put(BASE "/outside", "x");
}

static int prepare_with_proc(const char *propagation)
{
	int fd = prepare(propagation);

	CHILD_CHECK(mount("proc", ROOTFS "/proc", "proc", 0, NULL) == 0);
	return fd;
}

static bool only_the_rootfs_is_mounted(void)
{
	return count_mounts() == 2 && mount_of("/")[0] != '\0' && mount_of("/proc")[0] != '\0';
}

START_TEST(after_the_pivot_nothing_of_the_host_is_left)
{
	char cwd[64];
	pid_t pid;
	int before;

	fill_rootfs();
	share_base();
	/* A mount that an unmount would spread from, and one that it would reach. */
	SYS(mount("tmpfs", BASE "/volume", "tmpfs", 0, NULL));
	SYS(mount(NULL, BASE "/volume", NULL, MS_SHARED, NULL));
	SYS(mkdir(BASE "/volume/sub", 0755));
	SYS(mount("tmpfs", BASE "/volume/sub", "tmpfs", 0, NULL));
	before = count_mounts();
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		int fd = prepare_with_proc(_i ? "shared" : NULL);

		CHILD_CHECK(pivot_rootfs(fd, &err) == 0);
		CHILD_CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
		CHILD_CHECK(exists("/inside") && exists("../inside"));
		CHILD_CHECK(!exists("/mnt") && !exists("/../../outside"));
		CHILD_CHECK(only_the_rootfs_is_mounted());
	}
	end_child(pid);
	/* With shared mounts, unmounting the old root must not have unmounted the host's. */
	ck_assert_int_eq(count_mounts(), before);
}
END_TEST

static bool is_kernel_s(int dir_fd, const char *name)
{
	cleanup_close int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	CHILD_CHECK(fstatfs(fd, &fs) == 0);
	return fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC;
}

/* runc drops them too: an unmasked procfs below the old root licenses a new one in a user
 * namespace. */
START_TEST(without_a_pivot_the_host_s_procfs_and_sysfs_are_gone_all_the_same)
{
	pid_t pid;

	fill_rootfs();
	pid = begin_child(CLONE_NEWNS | CLONE_NEWPID);
	if (pid == 0) {
		int fd = prepare_with_proc(NULL);
		int old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		CHILD_CHECK(is_kernel_s(old_root, "proc") && is_kernel_s(old_root, "sys"));
		CHILD_CHECK(pivot_move(fd, &err) == 0);
		CHILD_CHECK(!is_kernel_s(old_root, "proc") && !is_kernel_s(old_root, "sys"));
		CHILD_CHECK(exists("/inside") && exists("../inside"));
		CHILD_CHECK(!exists("/mnt"));
		CHILD_CHECK(mount_of("/proc")[0] != '\0');
	}
	end_child(pid);
	ck_assert_str_ne(mount_of("/proc"), "");
	ck_assert_str_ne(mount_of("/sys"), "");
}
END_TEST

/* In a user namespace the host's mounts are locked: covered instead. */
START_TEST(without_a_pivot_a_locked_procfs_is_covered)
{
	pid_t pid;

	fill_rootfs();
	pid = begin_child(CLONE_NEWUSER | CLONE_NEWNS);
	if (pid == 0) {
		int fd = prepare(NULL);
		int old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		CHILD_CHECK(pivot_move(fd, &err) == 0);
		CHILD_CHECK(!is_kernel_s(old_root, "proc") && !is_kernel_s(old_root, "sys"));
		CHILD_CHECK(exists("/inside"));
	}
	end_child(pid);
}
END_TEST

START_TEST(a_chroot_has_the_rootfs_as_root_and_working_directory)
{
	char cwd[64];
	pid_t pid;

	fill_rootfs();
	pid = begin_child(0);
	if (pid == 0) {
		CHILD_CHECK(pivot_chroot(rootfs_fd, &err) == 0);
		CHILD_CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
		CHILD_CHECK(exists("/inside") && !exists("../outside"));
	}
	end_child(pid);
}
END_TEST

/* --- sealing --- */

START_TEST(a_read_only_root_cannot_be_written_and_its_volumes_can)
{
	pid_t pid;

	SYS(mkdir(ROOTFS "/volume", 0755));
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		int fd = prepare(NULL);

		CHILD_CHECK(mount("tmpfs", ROOTFS "/volume", "tmpfs", 0, NULL) == 0);
		CHILD_CHECK(pivot_rootfs(fd, &err) == 0);
		CHILD_CHECK(rootfs_seal(true, NULL, &err) == 0);
		CHILD_CHECK(mkdir("/x", 0755) < 0 && errno == EROFS);
		CHILD_CHECK(mkdir("/volume/x", 0755) == 0);
	}
	end_child(pid);
}
END_TEST

static const struct {
	const char *propagation;
	const char *field; /* in mountinfo; NULL: none */
} seals[] = {{NULL, NULL}, {"private", NULL}, {"shared", " shared:"}, {"rshared", " shared:"},
	{"unbindable", " unbindable"}};

START_TEST(the_propagation_of_the_root_is_set_last)
{
	pid_t pid;

	fill_rootfs();
	pid = begin_child(CLONE_NEWNS);
	if (pid == 0) {
		const char *line;

		CHILD_CHECK(pivot_rootfs(prepare_with_proc(seals[_i].propagation), &err) == 0);
		CHILD_CHECK(rootfs_seal(false, seals[_i].propagation, &err) == 0);
		line = mount_of("/");
		CHILD_CHECK(line[0] != '\0');
		if (seals[_i].field)
			CHILD_CHECK(strstr(line, seals[_i].field));
		else
			CHILD_CHECK(!strstr(line, " shared:") && !strstr(line, " unbindable"));
	}
	end_child(pid);
}
END_TEST

Suite *suite_rootfs(void);

Suite *suite_rootfs(void)
{
	Suite *suite = suite_create("rootfs");
	TCase *t = tcase_create("rootfs");

	tcase_add_checked_fixture(t, set_up_directory, NULL);
	tcase_add_test(t, a_rootfs_that_is_a_symlink_is_refused);
	tcase_add_test(t, a_rootfs_that_is_the_host_s_root_is_refused);
	tcase_add_test(t, a_rootfs_that_is_no_directory_is_refused);
	tcase_add_test(t, a_rootfs_of_the_older_namespace_becomes_a_mount_of_the_new_one);
	tcase_add_loop_test(t, no_mount_of_the_rootfs_appears_on_the_host, 0,
		sizeof(propagations) / sizeof(propagations[0]));
	tcase_add_test(t, what_the_host_mounts_arrives_in_a_slave);
	tcase_add_test(t, with_shared_propagation_a_volume_stays_shared_with_the_host);
	tcase_add_test(t, an_unknown_propagation_is_refused);
	tcase_add_loop_test(t, after_the_pivot_nothing_of_the_host_is_left, 0, 2);
	tcase_add_test(t, without_a_pivot_the_host_s_procfs_and_sysfs_are_gone_all_the_same);
	tcase_add_test(t, without_a_pivot_a_locked_procfs_is_covered);
	tcase_add_test(t, a_chroot_has_the_rootfs_as_root_and_working_directory);
	tcase_add_test(t, a_read_only_root_cannot_be_written_and_its_volumes_can);
	tcase_add_loop_test(
		t, the_propagation_of_the_root_is_set_last, 0, sizeof(seals) / sizeof(seals[0]));
	suite_add_tcase(suite, t);
	return suite;
}
