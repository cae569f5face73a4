/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/procfs.h"

#include "tests/live/mount_fixture.h"

#include <linux/magic.h>
#include <sys/vfs.h>

static int proc_fd = -1;

static void set_up(void)
{
	own_namespace();
	OK(proc_fd = procfs_open(&err));
}

static bool is_procfs(int fd)
{
	struct statfs fs;

	SYS(fstatfs(fd, &fs));
	return fs.f_type == PROC_SUPER_MAGIC;
}

START_TEST(a_handle_is_the_root_of_a_procfs)
{
	int fd;

	ck_assert(is_procfs(proc_fd));
	SYS(fd = procfs_open_file(proc_fd, "self/stat", O_RDONLY));
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}
END_TEST

/* CVE-2019-16884: a volume on /proc. */
START_TEST(something_else_mounted_on_proc_is_not_taken_for_one)
{
	int fd;

	SYS(mount("tmpfs", "/proc", "tmpfs", 0, NULL));
	OK(fd = procfs_open(&err));
	ck_assert(is_procfs(fd));
	SYS(procfs_open_file(fd, "self/attr", O_PATH));
	close(fd);
	SYS(umount2("/proc", MNT_DETACH)); /* the leak checker needs it */
}
END_TEST

START_TEST(a_part_of_a_procfs_mounted_on_proc_is_not_taken_for_one)
{
	int fd;
	int sys;

	SYS(mount("/proc/sys", "/proc", NULL, MS_BIND, NULL));
	OK(fd = procfs_open(&err));
	SYS(sys = procfs_open_file(fd, "sys/kernel", O_PATH));
	close(sys);
	close(fd);
	SYS(umount2("/proc", MNT_DETACH));
}
END_TEST

/* CVE-2025-52881: a file of procfs mounted on another one. */
START_TEST(a_file_that_is_mounted_over_is_refused)
{
	SYS(mount("/dev/null", "/proc/version", NULL, MS_BIND, NULL));
	ck_assert_int_eq(procfs_open_file(proc_fd, "version", O_RDONLY), -EXDEV);
	SYS(mount("/proc/self", "/proc/sys", NULL, MS_BIND, NULL));
	ck_assert_int_eq(procfs_open_file(proc_fd, "sys/status", O_RDONLY), -EXDEV);
}
END_TEST

static const char *const ways_out[] = {"self/exe", "self/root", "self/root/etc", "self/cwd",
	"self/fd/0", "self/ns/net", "../etc", "/etc", "self/../../etc"};

START_TEST(no_path_leads_out_of_procfs)
{
	int r = procfs_open_file(proc_fd, ways_out[_i], O_RDONLY);

	ck_assert_msg(r == -ELOOP || r == -EXDEV, "%s: %d", ways_out[_i], r);
}
END_TEST

/* Other processes rename and mount all the time; a walk with ".." may then have to be begun again.
 */
START_TEST(renames_elsewhere_do_not_fail_a_walk)
{
	pid_t pid = fork();
	int failed = 0;

	if (pid == 0) {
		SYS(prctl(PR_SET_PDEATHSIG, SIGKILL));
		SYS(mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
		SYS(mkdir("/tmp/a", 0700));
		for (;;)
			if (rename("/tmp/a", "/tmp/b") < 0 || rename("/tmp/b", "/tmp/a") < 0)
				_exit(1);
	}
	for (int i = 0; i < 20000; i++) {
		int fd = procfs_open_file(proc_fd, "self/../self/../self/../self/stat", O_RDONLY);

		failed = fd < 0 && failed == 0 ? fd : failed;
		fd_close(&fd);
	}
	SYS(kill(pid, SIGKILL));
	SYS(waitpid(pid, NULL, 0));
	ck_assert_int_eq(failed, 0);
}
END_TEST

/* --- stat --- */

START_TEST(a_process_has_a_start_time_that_stays)
{
	uint64_t first = 0;
	uint64_t second = 0;
	char state = 0;

	ck_assert_int_eq(procfs_stat(proc_fd, getpid(), &first, &state), 0);
	ck_assert_int_eq(procfs_stat(proc_fd, getpid(), &second, &state), 0);
	ck_assert_uint_gt(first, 0);
	ck_assert_uint_eq(first, second);
	ck_assert_int_eq(state, 'R');
}
END_TEST

START_TEST(a_name_with_blanks_and_parentheses_is_no_field)
{
	uint64_t before = 0;
	uint64_t start = 0;
	char state = 0;

	ck_assert_int_eq(procfs_stat(proc_fd, getpid(), &before, &state), 0);
	SYS(prctl(PR_SET_NAME, "x) Z 1 (2 3"));
	ck_assert_int_eq(procfs_stat(proc_fd, getpid(), &start, &state), 0);
	ck_assert_int_eq(state, 'R');
	ck_assert_uint_eq(start, before);
}
END_TEST

START_TEST(a_process_that_has_ended_is_a_zombie_and_then_gone)
{
	uint64_t start = 7;
	char state = 0;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	SYS(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	ck_assert_int_eq(procfs_stat(proc_fd, pid, &start, &state), 0);
	ck_assert_int_eq(state, 'Z');
	SYS(waitpid(pid, NULL, 0));
	start = 7;
	ck_assert_int_eq(procfs_stat(proc_fd, pid, &start, &state), -ESRCH);
	ck_assert_uint_eq(start, 7);
}
END_TEST

Suite *suite_procfs(void);

Suite *suite_procfs(void)
{
	Suite *suite = suite_create("procfs");
	TCase *t = tcase_create("procfs");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, a_handle_is_the_root_of_a_procfs);
	tcase_add_test(t, something_else_mounted_on_proc_is_not_taken_for_one);
	tcase_add_test(t, a_part_of_a_procfs_mounted_on_proc_is_not_taken_for_one);
	tcase_add_test(t, a_file_that_is_mounted_over_is_refused);
	tcase_add_loop_test(
		t, no_path_leads_out_of_procfs, 0, sizeof(ways_out) / sizeof(ways_out[0]));
	tcase_add_test(t, renames_elsewhere_do_not_fail_a_walk);
	tcase_add_test(t, a_process_has_a_start_time_that_stays);
	tcase_add_test(t, a_name_with_blanks_and_parentheses_is_no_field);
	tcase_add_test(t, a_process_that_has_ended_is_a_zombie_and_then_gone);
	suite_add_tcase(suite, t);
	return suite;
}
