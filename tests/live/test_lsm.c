/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/lsm.h"

#include "libcontainer/base/procfs.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL "system_u:system_r:container_t:s0:c2,c1"

static struct nacre_error err;

/* A folder that answers like procfs where no LSM is: a file holds what was written, with what stood
 * there before behind it. */
static char dir[] = "/tmp/nacre-test-lsm-XXXXXX";
static int dir_fd = -1;

static void put(const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	ck_assert_int_eq(mkdirat(dir_fd, "thread-self", 0700), 0);
	ck_assert_int_eq(mkdirat(dir_fd, "thread-self/attr", 0700), 0);
	ck_assert_int_eq(mkdirat(dir_fd, "thread-self/attr/apparmor", 0700), 0);
	put("thread-self/attr/exec", "");
	put("thread-self/attr/keycreate", "");
	put("thread-self/attr/apparmor/exec", "");
}

static void teardown(void)
{
	(void)unlinkat(dir_fd, "thread-self/attr/apparmor/exec", 0);
	(void)unlinkat(dir_fd, "thread-self/attr/keycreate", 0);
	(void)unlinkat(dir_fd, "thread-self/attr/exec", 0);
	(void)unlinkat(dir_fd, "thread-self/attr/apparmor", AT_REMOVEDIR);
	(void)unlinkat(dir_fd, "thread-self/attr", AT_REMOVEDIR);
	(void)unlinkat(dir_fd, "thread-self", AT_REMOVEDIR);
	(void)rmdir(dir);
}

START_TEST(no_label_is_nothing_to_do)
{
	ck_assert_int_eq(lsm_apparmor_on_exec(-1, NULL, &err), 0);
	ck_assert_int_eq(lsm_apparmor_on_exec(-1, "", &err), 0);
	ck_assert_int_eq(lsm_selinux_on_exec(-1, NULL, &err), 0);
	ck_assert_int_eq(lsm_selinux_on_exec(-1, "", &err), 0);
}
END_TEST

/* CVE-2019-16884: a file that is not the kernel's takes the label and does nothing with it. */
START_TEST(an_apparmor_profile_that_the_kernel_does_not_confirm_is_an_error)
{
	ck_assert_int_eq(lsm_apparmor_on_exec(dir_fd, "docker-default", &err), -EPERM);
	ck_assert_str_eq(err.text, "process.apparmorProfile: \"docker-default\" was set but the "
				   "kernel has \"exec docker-default\"");
}
END_TEST

START_TEST(a_selinux_label_that_the_kernel_does_not_confirm_is_an_error)
{
	/* Longer than the label: its end stays. */
	put("thread-self/attr/exec", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	ck_assert_int_eq(lsm_selinux_on_exec(dir_fd, "a:b", &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "\"a:b\" was set but the kernel has \"a:bxxx"));
}
END_TEST

START_TEST(a_selinux_label_that_is_confirmed_passes)
{
	ck_assert_msg(lsm_selinux_on_exec(dir_fd, LABEL, &err) == 0, "%s", err.text);
	ck_assert_msg(lsm_selinux_on_new_key(dir_fd, LABEL, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_label_longer_than_a_page_is_refused)
{
	char label[8192];

	memset(label, 'x', sizeof(label));
	label[sizeof(label) - 1] = '\0';
	ck_assert_int_eq(lsm_selinux_on_exec(dir_fd, label, &err), -EINVAL);
	ck_assert_int_eq(lsm_apparmor_on_exec(dir_fd, label, &err), -EINVAL);
}
END_TEST

START_TEST(a_label_where_the_lsm_is_not_active_is_an_error)
{
	int proc_fd = procfs_open(&err);

	ck_assert_msg(proc_fd >= 0, "%s", err.text);
	if (!lsm_apparmor_enabled()) {
		ck_assert_int_lt(lsm_apparmor_on_exec(proc_fd, "docker-default", &err), 0);
		ck_assert_ptr_nonnull(strstr(err.text, "is AppArmor active"));
	}
	if (!lsm_selinux_enabled()) {
		ck_assert_int_lt(lsm_selinux_on_exec(proc_fd, LABEL, &err), 0);
		ck_assert_ptr_nonnull(strstr(err.text, "is SELinux active"));
	}
	(void)close(proc_fd);
}
END_TEST

Suite *suite_lsm(void);

Suite *suite_lsm(void)
{
	Suite *suite = suite_create("lsm");
	TCase *tcase = tcase_create("lsm");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, no_label_is_nothing_to_do);
	tcase_add_test(tcase, an_apparmor_profile_that_the_kernel_does_not_confirm_is_an_error);
	tcase_add_test(tcase, a_selinux_label_that_the_kernel_does_not_confirm_is_an_error);
	tcase_add_test(tcase, a_selinux_label_that_is_confirmed_passes);
	tcase_add_test(tcase, a_label_longer_than_a_page_is_refused);
	tcase_add_test(tcase, a_label_where_the_lsm_is_not_active_is_an_error);
	suite_add_tcase(suite, tcase);
	return suite;
}
