/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/procfs.h"
#include "libcontainer/record/record.h"

#include "tests/live/mount_fixture.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>

Suite *suite_record_process(void);

/* Whether the process of a record lives. */

enum {
	GONE = -ESRCH,
};

static struct container c;
static pid_t child;

static void set_up(void)
{
	own_namespace();
	container_init(&c);
	c.record.id = "looked-at";
	SYS(child = c.pid = fork());
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	SYS(c.pidfd = sys_pidfd_open(child));
	OK(record_identify_process(&c, &err));
}

static void tear_down(void)
{
	SYS(kill(child, SIGKILL));
	(void)waitpid(child, NULL, 0);
	container_done(&c);
}

/* What an older nacre wrote, or this one where there is no pidfs. */
static void forget_inode(void)
{
	c.record.pidfd_id = 0;
}

static int look(void)
{
	int pidfd = record_open_pidfd(&c.record, &err);

	if (pidfd < 0)
		return pidfd;
	(void)close(pidfd);
	return 1;
}

static void expect(int expected)
{
	int found = look();

	ck_assert_msg(found == expected, "%d: %s", found, found < 0 ? err.text : "");
}

/* Loop 0: by the inode, where there is one, 1: by the start time. */
START_TEST(a_process_lives_until_it_has_ended)
{
	siginfo_t info;

	if (_i == 1)
		forget_inode();
	expect(1);
	SYS(kill(child, SIGKILL));
	SYS(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
	expect(GONE);
	SYS(waitpid(child, NULL, 0));
	expect(GONE);
	SYS(child = fork());
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
}
END_TEST

START_TEST(a_later_process_with_its_pid_is_another)
{
	if (c.record.pidfd_id) {
		c.record.pidfd_id++;
		expect(GONE);
	}
	forget_inode();
	c.record.start_time--;
	expect(GONE);
}
END_TEST

static void *wait_for_ever(void *unused)
{
	(void)unused;
	(void)pause();
	return NULL;
}

/* Its number is nobody's that could be signalled by it. */
START_TEST(a_thread_that_has_its_pid_is_none)
{
	int ends[2];
	pid_t pid, thread = 0;

	SYS(pipe(ends));
	SYS(pid = fork());
	if (pid == 0) {
		pthread_t unused;

		(void)pthread_create(&unused, NULL, wait_for_ever, NULL);
		(void)pause();
		_exit(0);
	}
	for (int i = 0; i < 1000 && thread == 0; i++) {
		char path[64];

		/* The thread's is the next number, or nearly so. */
		for (pid_t next = pid + 1; next < pid + 50 && thread == 0; next++) {
			(void)snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, next);
			if (access(path, F_OK) == 0)
				thread = next;
		}
		(void)usleep(1000);
	}
	ck_assert_int_gt(thread, 0);
	c.record.pid = thread;
	expect(GONE);
	SYS(kill(pid, SIGKILL));
	SYS(waitpid(pid, NULL, 0));
}
END_TEST

static void *end_process_leader(void *leader)
{
	(void)pthread_join(*(pthread_t *)leader, NULL);
	(void)pause();
	return NULL;
}

/* /proc shows a zombie, yet the program goes on. */
START_TEST(a_program_whose_first_thread_has_ended_lives)
{
	char state = 0;
	uint64_t start;
	int proc_fd;
	pid_t pid;

	if (_i == 1)
		forget_inode();
	SYS(pid = fork());
	if (pid == 0) {
		pthread_t self = pthread_self(), unused;

		(void)pthread_create(&unused, NULL, end_process_leader, &self);
		pthread_exit(NULL);
	}
	OK(proc_fd = procfs_open(&err));
	for (int i = 0; i < 1000 && state != 'Z'; i++) {
		ck_assert_int_eq(procfs_stat(proc_fd, pid, &start, &state), 0);
		(void)usleep(1000);
	}
	ck_assert_int_eq(state, 'Z');
	c.pid = pid;
	fd_close(&c.pidfd);
	SYS(c.pidfd = sys_pidfd_open(pid));
	OK(record_identify_process(&c, &err));
	if (_i == 1)
		forget_inode();
	expect(1);
	SYS(kill(pid, SIGKILL));
	SYS(waitpid(pid, NULL, 0));
	expect(GONE);
	fd_close(&proc_fd);
}
END_TEST

START_TEST(what_cannot_be_asked_is_an_error)
{
	struct rlimit files, none;

	if (_i == 1)
		forget_inode();
	SYS(getrlimit(RLIMIT_NOFILE, &files));
	none = files;
	/* The open ones stay so; the second try opens the pidfd, and then no file. */
	for (none.rlim_cur = 3; none.rlim_cur < 64; none.rlim_cur++) {
		int r;

		SYS(setrlimit(RLIMIT_NOFILE, &none));
		r = look();
		SYS(setrlimit(RLIMIT_NOFILE, &files));
		ck_assert_msg(r == -EMFILE || r == 1, "%d", r);
		if (r == 1)
			break;
		ck_assert_ptr_nonnull(strstr(err.text, "looked-at"));
	}
	ck_assert_int_lt((int)none.rlim_cur, 64);
}
END_TEST

START_TEST(a_proc_that_hides_it_is_an_error_where_it_is_needed)
{
	SYS(mount("tmpfs", "/proc", "tmpfs", 0, NULL));
	if (c.record.pidfd_id)
		expect(1);
	forget_inode();
	ck_assert_int_lt(look(), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "/proc"));
	SYS(umount("/proc"));
}
END_TEST

/* Begins another time namespace for what it forks. Returns whether there is such a thing. */
static bool other_time(const char *offsets)
{
	int fd, r;

	if (unshare(0x80 /* CLONE_NEWTIME */) < 0)
		return false;
	SYS(fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC));
	r = (int)write(fd, offsets, strlen(offsets));
	(void)close(fd);
	return r > 0;
}

static const char *const offsets[] = {"boottime 86400 0", "boottime 1000 123456789"};

/* Loop: by each offset, by inode and by start time. */
START_TEST(another_time_namespace_sees_the_same)
{
	int status;
	pid_t pid;

	if (_i & 1)
		forget_inode();
	if (!other_time(offsets[_i / 2]))
		return;
	/* Between two namespaces it cannot be told, unless by inode. */
	if (c.record.pidfd_id)
		expect(1);
	else
		expect(-ENOTSUP);
	SYS(pid = fork());
	if (pid == 0)
		_exit(look() == 1 ? 0 : 1);
	SYS(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
	c.record.start_time -= 5;
	if (c.record.pidfd_id)
		return;
	SYS(pid = fork());
	if (pid == 0)
		_exit(look() == GONE ? 0 : 1);
	SYS(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
}
END_TEST

Suite *suite_record_process(void)
{
	Suite *suite = suite_create("record_process");
	TCase *t = tcase_create("record_process");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_process_lives_until_it_has_ended, 0, 2);
	tcase_add_test(t, a_later_process_with_its_pid_is_another);
	tcase_add_test(t, a_thread_that_has_its_pid_is_none);
	tcase_add_loop_test(t, a_program_whose_first_thread_has_ended_lives, 0, 2);
	tcase_add_loop_test(t, what_cannot_be_asked_is_an_error, 0, 2);
	tcase_add_test(t, a_proc_that_hides_it_is_an_error_where_it_is_needed);
	tcase_add_loop_test(t, another_time_namespace_sees_the_same, 0, 4);
	suite_add_tcase(suite, t);
	return suite;
}
