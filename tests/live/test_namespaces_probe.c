/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/namespaces_fixture.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

static void load(struct sock_filter *code, size_t length)
{
	const struct sock_fprog program = {(unsigned short)length, code};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void refuse_unshare(unsigned flag, unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, sizeof(code) / sizeof(code[0]));
}

static const struct {
	unsigned flag, action;
	int result;
	const char *text;
} refusals[] = {
	{CLONE_NEWUSER, SECCOMP_RET_ERRNO | EPERM, -EPERM, "unshare: Operation not permitted"},
	{CLONE_NEWUSER, SECCOMP_RET_ERRNO | ENOSPC, -ENOSPC, "unshare: No space left on device"},
	/* As AppArmor does it: the namespace is made, and its capabilities are worth nothing. */
	{CLONE_NEWNS, SECCOMP_RET_ERRNO | EPERM, -EPERM,
		"no mount namespace can be made in one: unshare: Operation not permitted"},
	{CLONE_NEWUSER, SECCOMP_RET_KILL_PROCESS, -ECHILD, "the process that tried it was killed"},
	{CLONE_NEWNS, SECCOMP_RET_KILL_PROCESS, -ECHILD, "the process that tried it was killed"},
};

START_TEST(a_user_namespace_that_is_refused_is_found_by_trying)
{
	refuse_unshare(refusals[_i].flag, refusals[_i].action);
	for (int unprivileged = 0; unprivileged < 2; unprivileged++) {
		ck_assert_int_eq(namespaces_probe_user(unprivileged, &err), refusals[_i].result);
		ck_assert_str_eq(err.text, refusals[_i].text);
	}
}
END_TEST

/* The first answer needs no capset(2), and the second cannot do without. */
START_TEST(capabilities_are_dropped_for_one_of_the_answers)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	load(code, sizeof(code) / sizeof(code[0]));
	ck_assert_msg(namespaces_probe_user(false, &err) == 0, "%s", err.text);
	ck_assert_int_eq(namespaces_probe_user(true, &err), -EPERM);
	ck_assert_str_eq(err.text, "capset: Operation not permitted");
}
END_TEST

START_TEST(a_probe_leaves_the_caller_as_it_was)
{
	struct __user_cap_data_struct before[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_data_struct after[_LINUX_CAPABILITY_U32S_3];
	struct stat ns[2];
	int free_fd = dup(0);

	(void)close(free_fd);
	ck_assert_int_eq(sys_capget(before), 0);
	ck_assert_int_eq(stat("/proc/self/ns/user", &ns[0]), 0);
	ck_assert_msg(namespaces_probe_user(false, &err) == 0, "%s", err.text);
	(void)namespaces_probe_user(true, &err); /* Ubuntu's answer may be no */
	ck_assert_int_eq(sys_capget(after), 0);
	ck_assert_mem_eq(before, after, sizeof(before));
	ck_assert_int_eq(stat("/proc/self/ns/user", &ns[1]), 0);
	ck_assert_uint_eq(ns[0].st_ino, ns[1].st_ino);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(dup(0), free_fd);
}
END_TEST

/* A caller that ignores SIGCHLD gets no wait status. */
START_TEST(a_probe_answers_a_caller_that_ignores_its_children)
{
	ck_assert(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	ck_assert_msg(namespaces_probe_user(false, &err) == 0, "%s", err.text);
	refuse_unshare(CLONE_NEWUSER, SECCOMP_RET_ERRNO | EPERM);
	ck_assert_int_eq(namespaces_probe_user(false, &err), -EPERM);
}
END_TEST

Suite *suite_namespaces_probe(void);

Suite *suite_namespaces_probe(void)
{
	Suite *suite = suite_create("namespaces-probe");
	TCase *tc = tcase_create("user");

	tcase_add_loop_test(tc, a_user_namespace_that_is_refused_is_found_by_trying, 0,
		sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(tc, capabilities_are_dropped_for_one_of_the_answers);
	tcase_add_test(tc, a_probe_leaves_the_caller_as_it_was);
	tcase_add_test(tc, a_probe_answers_a_caller_that_ignores_its_children);
	suite_add_tcase(suite, tc);
	return suite;
}
