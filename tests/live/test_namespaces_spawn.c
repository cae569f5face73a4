/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/namespaces_fixture.h"

#include "libcontainer/base/sys.h"
#include "libcontainer/cgroup/cgroup.h"

#include <time.h>

/* --- spawning --- */

static int exit_with_pid(void)
{
	return getpid();
}

START_TEST(init_is_pid_1_in_exactly_the_new_namespaces)
{
	const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
			  CLONE_NEWTIME;
	struct namespace_plan plan = plan_for(flags);
	struct child child = spawn(&plan, NULL);

	ck_assert_int_eq(flags_that_differ(child.pid), flags);
	ck_assert_int_eq(fcntl(child.pidfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(sys_pidfd_send_signal(child.pidfd, 0), 0);
	ck_assert_int_eq(release(&child), 0);
	ck_assert_int_eq(run(&plan, exit_with_pid), 1);
}
END_TEST

START_TEST(an_empty_plan_is_a_fork)
{
	struct namespace_plan plan = plan_for(0);
	struct child child = spawn(&plan, NULL);

	ck_assert_int_eq(flags_that_differ(child.pid), 0);
	ck_assert_int_eq(release(&child), 0);
}
END_TEST

START_TEST(a_joined_namespace_is_the_one_of_the_path)
{
	struct namespace_plan holder_plan = plan_for(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS);
	struct child holder = spawn(&holder_plan, NULL);
	struct namespace_plan plan = plan_for(CLONE_NEWPID | CLONE_NEWIPC);
	struct child child;

	join(&plan, "network", holder.pid);
	join(&plan, "uts", holder.pid);
	join(&plan, "mount", holder.pid);
	child = spawn(&plan, NULL);
	ck_assert_int_eq(flags_that_differ(child.pid),
		CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC);
	ck_assert_int_eq(setns(plan.join_fds[index_of("network")], CLONE_NEWNET), 0);
	ck_assert_int_eq(setns(plan.join_fds[index_of("uts")], CLONE_NEWUTS), 0);
	ck_assert_int_eq(flags_that_differ(child.pid), CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC);
	ck_assert_int_eq(fcntl(child.pidfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(release(&child), 0);
	ck_assert_int_eq(run(&plan, exit_with_pid), 1);
	namespaces_plan_done(&plan);
	ck_assert_int_eq(release(&holder), 0);
}
END_TEST

START_TEST(the_caller_stays_where_it_was_and_has_no_other_child)
{
	struct namespace_plan plan = plan_for(CLONE_NEWUTS);
	struct stat before, after;
	struct child child;

	ck_assert_int_eq(stat("/proc/self/ns/net", &before), 0);
	join(&plan, "network", getpid());
	child = spawn(&plan, NULL);
	ck_assert_int_eq(stat("/proc/self/ns/net", &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(release(&child), 0);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
	namespaces_plan_done(&plan);
}
END_TEST

static int close_everything(void)
{
	return close_range(3, ~0U, 0) == 0 ? 0 : 1;
}

START_TEST(init_has_an_fd_table_of_its_own_after_a_join)
{
	struct namespace_plan plan = plan_for(0);
	int fd = dup(0);

	join(&plan, "network", getpid());
	ck_assert_int_eq(run(&plan, close_everything), 0);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	namespaces_plan_done(&plan);
}
END_TEST

static int exit_with_parent(void)
{
	return getppid() == 0 && getpid() != 1 ? 0 : 1;
}

START_TEST(a_joined_pid_namespace_makes_init_one_of_its_processes)
{
	struct namespace_plan holder_plan = plan_for(CLONE_NEWPID);
	struct child holder = spawn(&holder_plan, NULL);
	struct namespace_plan plan = plan_for(CLONE_NEWUTS);

	join(&plan, "pid", holder.pid);
	ck_assert_int_eq(run(&plan, exit_with_parent), 0);
	ck_assert_int_eq(release(&holder), 0);
	/* No init any more. */
	ck_assert_int_eq(namespaces_spawn(&plan, &(int){-1}, &err), -ENOMEM);
	ck_assert_ptr_nonnull(strstr(err.text, "has no init any more"));
	namespaces_plan_done(&plan);
}
END_TEST

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

START_TEST(root_joins_a_user_namespace_with_namespaces_of_its_own_and_of_the_host)
{
	struct namespace_plan holder_plan = plan_for(CLONE_NEWUSER | CLONE_NEWNET);
	struct child holder = spawn(&holder_plan, NULL);
	struct namespace_plan plan = plan_for(CLONE_NEWUTS);
	struct child child;

	join(&plan, "user", holder.pid);
	join(&plan, "network", holder.pid);
	join(&plan, "ipc", getpid());
	child = spawn(&plan, NULL);
	ck_assert_int_eq(flags_that_differ(child.pid), CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS);
	ck_assert_int_eq(release(&child), 0);
	namespaces_plan_done(&plan);
	ck_assert_int_eq(release(&holder), 0);
}
END_TEST

START_TEST(a_user_joins_what_a_user_namespace_of_its_own_holds)
{
	struct namespace_plan holder_plan = plan_for(CLONE_NEWUSER | CLONE_NEWNET);
	struct namespace_plan plan = plan_for(CLONE_NEWUTS);
	struct child holder, child;

	ck_assert_int_eq(setresuid(1000, 1000, 1000), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	holder = spawn(&holder_plan, NULL);
	join(&plan, "user", holder.pid);
	join(&plan, "network", holder.pid);
	child = spawn(&plan, NULL);
	ck_assert_int_eq(flags_that_differ(child.pid), CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS);
	ck_assert_int_eq(release(&child), 0);
	namespaces_plan_done(&plan);
	ck_assert_int_eq(release(&holder), 0);
}
END_TEST

START_TEST(a_join_that_is_not_permitted_says_which)
{
	struct namespace_plan plan = plan_for(0);
	int pidfd = -1;

	join(&plan, "network", getpid());
	ck_assert_int_eq(setresuid(1000, 1000, 1000), 0);
	ck_assert_int_eq(namespaces_spawn(&plan, &pidfd, &err), -EPERM);
	ck_assert_str_eq(err.text, "setns network namespace: Operation not permitted");
	ck_assert_int_eq(pidfd, -1);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	plan.join_flags = 0;
	plan.new_flags = CLONE_NEWNET;
	ck_assert_int_eq(namespaces_spawn(&plan, &pidfd, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "CAP_SYS_ADMIN"));
	namespaces_plan_done(&plan);
}
END_TEST

START_TEST(a_limit_on_namespaces_is_named)
{
	struct namespace_plan plan = plan_for(CLONE_NEWUTS);

	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	write_text("/proc/sys/user/max_uts_namespaces", "0");
	ck_assert_int_eq(namespaces_spawn(&plan, &(int){-1}, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text, "user.max_*_namespaces"));
}
END_TEST

/* --- time --- */

static long long clock_seconds(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return ts.tv_sec;
}

static long long expected_monotonic, expected_boottime;

static int check_clocks(void)
{
	const long long monotonic = clock_seconds(CLOCK_MONOTONIC) - expected_monotonic;
	const long long boottime = clock_seconds(CLOCK_BOOTTIME) - expected_boottime;

	return monotonic >= 0 && monotonic < 60 && boottime >= 0 && boottime < 60 ? 0 : 1;
}

static void check_offsets(int new_flags)
{
	struct oci_time_offset monotonic = {.secs = {true, 5000}};
	struct oci_time_offset boottime = {.secs = {true, 123456}, .nanosecs = {true, 999999999}};
	struct oci_time_offsets offsets = {&monotonic, &boottime};
	struct namespace_plan plan = plan_for(new_flags | CLONE_NEWTIME);
	struct child child;

	plan.time_offsets = &offsets;
	expected_monotonic = clock_seconds(CLOCK_MONOTONIC) + 5000;
	expected_boottime = clock_seconds(CLOCK_BOOTTIME) + 123456;
	ck_assert_int_eq(run(&plan, check_clocks), 0);
	child = spawn(&plan, NULL);
	ck_assert_int_eq(flags_that_differ(child.pid), new_flags | CLONE_NEWTIME);
	ck_assert_int_eq(release(&child), 0);
}

START_TEST(time_offsets_shift_the_clocks_of_init)
{
	check_offsets(CLONE_NEWPID | CLONE_NEWNS);
}
END_TEST

START_TEST(time_offsets_work_with_a_new_user_namespace_and_without_privilege)
{
	check_offsets(CLONE_NEWUSER | CLONE_NEWUTS);
	ck_assert_int_eq(setresuid(1000, 1000, 1000), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	check_offsets(CLONE_NEWUSER | CLONE_NEWUTS);
}
END_TEST

START_TEST(an_impossible_time_offset_is_an_error)
{
	struct oci_time_offset boottime = {.secs = {true, -1000000000}};
	struct oci_time_offsets offsets = {NULL, &boottime};
	struct namespace_plan plan = plan_for(CLONE_NEWTIME);

	plan.time_offsets = &offsets;
	ck_assert_int_eq(namespaces_spawn(&plan, &(int){-1}, &err), -ERANGE);
	ck_assert_ptr_nonnull(strstr(err.text, "linux.timeOffsets"));
}
END_TEST

/* --- cgroup --- */

static int cgroup_fd = -1;
static char cgroup_name[64];

static void remove_cgroup(void)
{
	int mount_fd = cgroup_open_mount(&err);

	if (mount_fd >= 0)
		(void)unlinkat(mount_fd, cgroup_name, AT_REMOVEDIR);
	(void)close(mount_fd);
}

/* In the runner, which removes what a failed test leaves. */
static void name_cgroup(void)
{
	(void)snprintf(cgroup_name, sizeof(cgroup_name), "nacre-test-ns-%d", (int)getpid());
}

static void make_cgroup(void)
{
	int mount_fd = cgroup_open_mount(&err);

	ck_assert_msg(mount_fd >= 0, "%s", err.text);
	ck_assert_int_eq(mkdirat(mount_fd, cgroup_name, 0755), 0);
	cgroup_fd = openat(mount_fd, cgroup_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(cgroup_fd, 0);
	(void)close(mount_fd);
}

static bool is_in_cgroup(pid_t pid)
{
	char path[PATH_MAX];

	ck_assert_msg(cgroup_of_process(pid, path, &err) == 0, "%s", err.text);
	return strcmp(path + 1, cgroup_name) == 0;
}

START_TEST(init_is_born_in_the_cgroup)
{
	struct namespace_plan plan = plan_for(CLONE_NEWPID);
	struct child child;

	make_cgroup();
	plan.cgroup_fd = cgroup_fd;
	child = spawn(&plan, NULL);
	ck_assert(is_in_cgroup(child.pid));
	ck_assert_int_eq(release(&child), 0);
	join(&plan, "network", getpid());
	join(&plan, "cgroup", getpid());
	child = spawn(&plan, NULL);
	ck_assert(is_in_cgroup(child.pid));
	ck_assert(!is_in_cgroup(getpid()));
	ck_assert_int_eq(release(&child), 0);
	namespaces_plan_done(&plan);
	remove_cgroup();
}
END_TEST

static int root_of_cgroup_namespace(void)
{
	char path[PATH_MAX];

	if (namespaces_unshare_cgroup(&err) < 0 || cgroup_of_process(getpid(), path, &err) < 0)
		return 1;
	return strcmp(path, "/") == 0 ? 0 : 2;
}

START_TEST(a_cgroup_namespace_is_rooted_at_inits_cgroup)
{
	struct namespace_plan plan = plan_for(0);

	make_cgroup();
	plan.cgroup_fd = cgroup_fd;
	ck_assert_int_eq(run(&plan, root_of_cgroup_namespace), 0);
	remove_cgroup();
}
END_TEST

Suite *suite_namespaces_spawn(void);

Suite *suite_namespaces_spawn(void)
{
	Suite *suite = suite_create("namespaces_spawn");
	TCase *spawned = tcase_create("spawn");
	TCase *cgroup = tcase_create("cgroup");

	tcase_add_test(spawned, init_is_pid_1_in_exactly_the_new_namespaces);
	tcase_add_test(spawned, an_empty_plan_is_a_fork);
	tcase_add_test(spawned, a_joined_namespace_is_the_one_of_the_path);
	tcase_add_test(spawned, the_caller_stays_where_it_was_and_has_no_other_child);
	tcase_add_test(spawned, init_has_an_fd_table_of_its_own_after_a_join);
	tcase_add_test(spawned, a_joined_pid_namespace_makes_init_one_of_its_processes);
	tcase_add_test(
		spawned, root_joins_a_user_namespace_with_namespaces_of_its_own_and_of_the_host);
	tcase_add_test(spawned, a_user_joins_what_a_user_namespace_of_its_own_holds);
	tcase_add_test(spawned, a_join_that_is_not_permitted_says_which);
	tcase_add_test(spawned, a_limit_on_namespaces_is_named);
	tcase_add_test(spawned, time_offsets_shift_the_clocks_of_init);
	tcase_add_test(spawned, time_offsets_work_with_a_new_user_namespace_and_without_privilege);
	tcase_add_test(spawned, an_impossible_time_offset_is_an_error);
	suite_add_tcase(suite, spawned);
	tcase_add_unchecked_fixture(cgroup, name_cgroup, remove_cgroup);
	tcase_add_test(cgroup, init_is_born_in_the_cgroup);
	tcase_add_test(cgroup, a_cgroup_namespace_is_rooted_at_inits_cgroup);
	suite_add_tcase(suite, cgroup);
	return suite;
}
