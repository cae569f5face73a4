/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/namespaces_fixture.h"

#include <sys/utsname.h>

/* --- plans --- */

static struct namespace_plan plan_of(struct oci_namespace *namespaces, size_t n)
{
	struct oci_linux linux_ = {.namespaces = namespaces, .n_namespaces = n};
	const struct oci_config config = {.linux_ = &linux_};
	struct namespace_plan plan;

	ck_assert_msg(namespaces_plan(&config, &plan, &err) == 0, "%s", err.text);
	return plan;
}

static int refused(const char *type, const char *path)
{
	struct oci_namespace namespace = {type, path};
	struct oci_linux linux_ = {.namespaces = &namespace, .n_namespaces = 1};
	const struct oci_config config = {.linux_ = &linux_};
	struct namespace_plan plan;

	return namespaces_plan(&config, &plan, &err);
}

START_TEST(a_namespace_without_a_path_is_new_and_one_with_a_path_is_joined)
{
	struct oci_namespace namespaces[] = {{"pid", NULL}, {"mount", NULL}, {"cgroup", NULL},
		{"time", NULL}, {"network", "/proc/self/ns/net"}};
	struct namespace_plan plan = plan_of(namespaces, 5);

	/* A cgroup namespace is made later, by init. */
	ck_assert_int_eq(plan.new_flags, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWTIME);
	ck_assert_int_eq(plan.join_flags, CLONE_NEWNET);
	ck_assert_int_ge(plan.join_fds[index_of("network")], 0);
	ck_assert_int_eq(plan.join_fds[index_of("pid")], -1);
	ck_assert_int_eq(plan.cgroup_fd, -1);
	ck_assert_ptr_null(plan.time_offsets);
	namespaces_plan_done(&plan);
	ck_assert_int_eq(plan.join_fds[index_of("network")], -1);
}
END_TEST

START_TEST(a_path_that_is_no_namespace_of_the_type_is_refused)
{
	char dir[] = "/tmp/nacre-test-ns-XXXXXX";
	char fifo[sizeof(dir) + 8];

	ck_assert_int_eq(refused("network", "/proc/self/ns/uts"), -EINVAL);
	ck_assert_str_eq(
		err.text, "network namespace /proc/self/ns/uts: a namespace of another type");
	ck_assert_int_eq(refused("network", "/etc/passwd"), -EINVAL);
	ck_assert_str_eq(err.text, "network namespace /etc/passwd: not a namespace file");
	ck_assert_int_eq(refused("network", "/nonexistent"), -ENOENT);
	ck_assert_int_eq(refused("network", "/dev/null"), -EINVAL);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(refused("network", fifo), -EINVAL);
	ck_assert_int_eq(unlink(fifo) | rmdir(dir), 0);
	ck_assert_int_eq(refused("nonsense", NULL), -EINVAL);
}
END_TEST

START_TEST(the_own_user_namespace_by_path_is_left_out)
{
	struct oci_namespace namespaces[] = {
		{"user", "/proc/self/ns/user"}, {"uts", "/proc/self/ns/uts"}};
	struct namespace_plan plan = plan_of(namespaces, 2);

	ck_assert_int_eq(plan.join_flags, CLONE_NEWUTS);
	ck_assert_int_eq(plan.host_flags, CLONE_NEWUTS | CLONE_NEWUSER);
	ck_assert_int_eq(plan.join_fds[index_of("user")], -1);
	namespaces_plan_done(&plan);
}
END_TEST

/* namespaces_own() has said so before; if it could not, nothing is mounted on the host. */
START_TEST(the_host_s_mount_namespace_is_not_joined)
{
	ck_assert_int_eq(refused("mount", "/proc/self/ns/mnt"), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "is the host's mount namespace"));
}
END_TEST

START_TEST(the_host_s_names_are_not_changed)
{
	struct oci_namespace namespace = {"uts", "/proc/self/ns/uts"};
	struct oci_linux linux_ = {.namespaces = &namespace, .n_namespaces = 1};
	const struct oci_config named = {.hostname = "a", .linux_ = &linux_};
	const struct oci_config of_domain = {.domainname = "a", .linux_ = &linux_};
	struct namespace_plan plan;

	ck_assert_int_eq(namespaces_plan(&named, &plan, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "hostname: it would change the host's"));
	ck_assert_int_eq(namespaces_plan(&of_domain, &plan, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "domainname: "));
}
END_TEST

START_TEST(time_offsets_need_a_new_time_namespace)
{
	struct oci_time_offset offset = {.secs = {true, 1}};
	struct oci_time_offsets offsets = {.boottime = &offset};
	struct oci_linux linux_ = {.time_offsets = &offsets};
	const struct oci_config config = {.linux_ = &linux_};
	struct namespace_plan plan;

	ck_assert_int_eq(namespaces_plan(&config, &plan, &err), -EINVAL);
	ck_assert_str_eq(err.text, "linux.timeOffsets: needs a new time namespace");
}
END_TEST

/* --- joining a process, names --- */

/* Ends without the exit handlers of a sanitizer, which cannot run in another pid namespace. */
static int join_and_compare(const struct child *child, int flags)
{
	struct stat own, other;
	char path[64];
	int left;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)child->pid);
	if (stat(path, &other) < 0 || namespaces_join_process(child->pidfd, flags, &err) < 0)
		return 1;
	if (stat("/proc/self/ns/net", &own) < 0 || own.st_ino != other.st_ino)
		return 2;
	/* The pid namespace is that of children only. */
	if (namespaces_differ(child->pid, &left, &err) < 0 || left != CLONE_NEWPID)
		return 3;
	return 0;
}

START_TEST(all_namespaces_of_a_process_are_joined_at_once)
{
	struct namespace_plan plan = plan_for(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
					      CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC |
					      CLONE_NEWTIME);
	struct child child = spawn(&plan, NULL);
	int flags = flags_that_differ(child.pid);
	int status;
	pid_t pid;

	ck_assert_int_eq(flags, plan.new_flags);
	pid = fork();
	if (pid == 0)
		_exit(join_and_compare(&child, flags));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(release(&child), 0);
}
END_TEST

START_TEST(comparing_with_a_process_that_is_gone_is_an_error)
{
	struct namespace_plan plan = plan_for(0);
	struct child child = spawn(&plan, NULL);
	int flags = -1;

	ck_assert_int_eq(release(&child), 0);
	ck_assert_int_lt(namespaces_differ(child.pid, &flags, &err), 0);
	ck_assert_int_eq(flags, -1);
}
END_TEST

START_TEST(host_and_domain_name_are_set_and_checked)
{
	struct utsname names;
	char too_long[80];

	ck_assert_int_eq(unshare(CLONE_NEWUTS), 0);
	ck_assert_int_eq(namespaces_set_hostname("box", "example.org", &err), 0);
	ck_assert_int_eq(uname(&names), 0);
	ck_assert_str_eq(names.nodename, "box");
	ck_assert_str_eq(names.domainname, "example.org");
	ck_assert_int_eq(namespaces_set_hostname(NULL, NULL, &err), 0);
	memset(too_long, 'x', sizeof(too_long));
	too_long[79] = '\0';
	ck_assert_int_eq(namespaces_set_hostname(too_long, NULL, &err), -EINVAL);
}
END_TEST

Suite *suite_namespaces(void);

Suite *suite_namespaces(void)
{
	Suite *suite = suite_create("namespaces");
	TCase *plan = tcase_create("plan");
	TCase *others = tcase_create("join");

	tcase_add_test(plan, a_namespace_without_a_path_is_new_and_one_with_a_path_is_joined);
	tcase_add_test(plan, a_path_that_is_no_namespace_of_the_type_is_refused);
	tcase_add_test(plan, the_own_user_namespace_by_path_is_left_out);
	tcase_add_test(plan, the_host_s_mount_namespace_is_not_joined);
	tcase_add_test(plan, the_host_s_names_are_not_changed);
	tcase_add_test(plan, time_offsets_need_a_new_time_namespace);
	suite_add_tcase(suite, plan);
	tcase_add_test(others, all_namespaces_of_a_process_are_joined_at_once);
	tcase_add_test(others, comparing_with_a_process_that_is_gone_is_an_error);
	tcase_add_test(others, host_and_domain_name_are_set_and_checked);
	suite_add_tcase(suite, others);
	return suite;
}
