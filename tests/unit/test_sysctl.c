/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/sysctl.h"

#include "libcontainer/namespace/namespaces.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nacre_error err;

static struct oci_namespace all[] = {
	{"network", NULL}, {"ipc", NULL}, {"uts", NULL}, {"user", NULL}, {"mount", NULL}};

static int check_with(struct oci_namespace *namespaces, size_t n, const char *key)
{
	struct oci_pair pair = {key, "1"};
	struct oci_linux linux_ = {
		.namespaces = namespaces, .n_namespaces = n, .sysctl = {&pair, 1}};
	const struct oci_config config = {.linux_ = &linux_};

	return sysctl_check(&config, &err);
}

static const struct {
	const char *key;
	const char *type;
} allowed[] = {
	{"net.ipv4.ip_forward", "network"},
	{"net/ipv4/conf/eth0.100/forwarding", "network"},
	{"net.ipv4.conf.eth0/100.forwarding", "network"},
	{"kernel.msgmax", "ipc"},
	{"kernel.msgmnb", "ipc"},
	{"kernel.msgmni", "ipc"},
	{"kernel.sem", "ipc"},
	{"kernel/shmall", "ipc"},
	{"kernel.shmmax", "ipc"},
	{"kernel.shmmni", "ipc"},
	{"kernel.shm_rmid_forced", "ipc"},
	{"fs.mqueue.msg_max", "ipc"},
	{"kernel.domainname", "uts"},
	{"user.max_user_namespaces", "user"},
};

START_TEST(a_value_of_a_namespace_is_allowed_with_it_and_refused_without)
{
	const char *key = allowed[_i].key;
	struct oci_namespace own = {allowed[_i].type, NULL};
	struct oci_namespace others[4];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].type, own.type) != 0)
			others[n++] = all[i];
	}
	ck_assert_msg(check_with(&own, 1, key) == 0, "%s", err.text);
	ck_assert_int_eq(check_with(others, n, key), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, key));
	ck_assert_ptr_nonnull(strstr(err.text, own.type));
	ck_assert_int_eq(check_with(NULL, 0, key), -EINVAL);
}
END_TEST

static const char *const refused[] = {"kernel.core_pattern", "kernel/core_pattern",
	"kernel.hostname", "vm.overcommit_memory", "fs.file-max", "kernel.semaphore",
	"kernel.sem.x", "net", "net.", "net..ipv4", ".net.ipv4", "network.x", "fs.mqueue", "",
	"kernel", "net/../kernel/core_pattern", "net/./ipv4", "/net/ipv4", "net/ipv4/", "net//ipv4",
	"net/..", "user", "kernel.shmmaxx"};

START_TEST(a_value_of_the_host_is_refused_whatever_the_namespaces)
{
	ck_assert_msg(check_with(all, sizeof(all) / sizeof(all[0]), refused[_i]) == -EINVAL, "%s",
		refused[_i]);
	ck_assert_ptr_nonnull(strstr(err.text, "linux.sysctl"));
}
END_TEST

START_TEST(a_joined_namespace_must_not_be_the_runtime_s)
{
	const char *key = allowed[_i].key, *type = allowed[_i].type;
	struct oci_namespace joined = {type, "/run/namespace"};
	struct oci_pair pair = {key, "1"};
	struct oci_linux linux_ = {.namespaces = &joined, .n_namespaces = 1, .sysctl = {&pair, 1}};
	const struct oci_config config = {.linux_ = &linux_};

	ck_assert_int_eq(sysctl_check_joined(&config, namespaces_flag(type), &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, key));
	ck_assert_ptr_nonnull(strstr(err.text, "in the host's "));
	ck_assert_int_eq(sysctl_check_joined(&config, ~namespaces_flag(type), &err), 0);
}
END_TEST

START_TEST(a_config_without_linux_has_nothing_to_check)
{
	ck_assert_int_eq(sysctl_check(&(const struct oci_config){}, &err), 0);
}
END_TEST

/* --- writing, to a directory that stands for /proc --- */

static char directory[64];
static int proc_fd = -1;
static const char *const parts[] = {"sys", "sys/net", "sys/net/ipv4", "sys/net/eth0.100"};
static const char *const values[] = {
	"sys/net/ipv4/ip_forward", "sys/net/eth0.100/mtu", "sys/net/ipv4/outside"};

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(directory, sizeof(directory), "%s/nacre-sysctl-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	proc_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(proc_fd, 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(mkdirat(proc_fd, parts[i], 0755), 0);
	for (size_t i = 0; i < 2; i++)
		close(openat(proc_fd, values[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	ck_assert_int_eq(symlinkat("/dev/null", proc_fd, values[2]), 0);
}

static void tear_down(void)
{
	for (size_t i = 3; i > 0; i--)
		(void)unlinkat(proc_fd, values[i - 1], 0);
	for (size_t i = 4; i > 0; i--)
		(void)unlinkat(proc_fd, parts[i - 1], AT_REMOVEDIR);
	(void)rmdir(directory);
	close(proc_fd);
}

static int apply(const char *key, const char *value)
{
	struct oci_pair pair = {key, value};

	return sysctl_write(proc_fd, &pair, &err);
}

static const char *value_of(const char *path)
{
	static char text[64];
	int fd = openat(proc_fd, path, O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	close(fd);
	return text;
}

START_TEST(both_ways_to_write_a_name_lead_to_the_same_value)
{
	ck_assert_msg(apply("net.ipv4.ip_forward", "1") == 0, "%s", err.text);
	ck_assert_str_eq(value_of(values[0]), "1");
	ck_assert_int_eq(apply("net/ipv4/ip_forward", "2"), 0);
	ck_assert_str_eq(value_of(values[0]), "2");
	ck_assert_int_eq(apply("net.eth0/100.mtu", "1400"), 0);
	ck_assert_str_eq(value_of(values[1]), "1400");
	ck_assert_int_eq(apply("net/eth0.100/mtu", "1500"), 0);
	ck_assert_str_eq(value_of(values[1]), "1500");
}
END_TEST

START_TEST(a_value_that_does_not_exist_is_named_with_what_was_to_be_written)
{
	ck_assert_int_eq(apply("net.missing", "7"), -ENOENT);
	ck_assert_str_eq(err.text, "sysctl net.missing=7: No such file or directory");
}
END_TEST

START_TEST(no_name_leads_out_of_procfs)
{
	ck_assert_int_eq(apply("net/ipv4/outside", "x"), -EXDEV);
	ck_assert_int_eq(apply("net/../../../etc/x", "x"), -EINVAL);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *suite_sysctl(void);

Suite *suite_sysctl(void)
{
	Suite *suite = suite_create("sysctl");
	TCase *check = tcase_create("check");
	TCase *writing = tcase_create("apply");

	tcase_add_loop_test(check, a_value_of_a_namespace_is_allowed_with_it_and_refused_without, 0,
		COUNT(allowed));
	tcase_add_loop_test(
		check, a_value_of_the_host_is_refused_whatever_the_namespaces, 0, COUNT(refused));
	tcase_add_loop_test(check, a_joined_namespace_must_not_be_the_runtime_s, 0, COUNT(allowed));
	tcase_add_test(check, a_config_without_linux_has_nothing_to_check);
	suite_add_tcase(suite, check);
	tcase_add_unchecked_fixture(writing, set_up, tear_down);
	tcase_add_test(writing, both_ways_to_write_a_name_lead_to_the_same_value);
	tcase_add_test(writing, a_value_that_does_not_exist_is_named_with_what_was_to_be_written);
	tcase_add_test(writing, no_name_leads_out_of_procfs);
	suite_add_tcase(suite, writing);
	return suite;
}
