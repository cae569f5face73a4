/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include "libcontainer/seccomp/seccomp_policy.h"
#include "specs/features.h"

Suite *suite_seccomp_policy(void);

/* What a policy may say, and how much of it. */

START_TEST(mistakes_are_refused_by_name)
{
	struct oci_syscall_arg sixth = {6, 0, 0, "SCMP_CMP_EQ"}, like = {0, 0, 0, "LIKE"};
	struct oci_syscall call = {WORDS("mkdir"), "SCMP_ACT_ERRNO", {0}, NULL, 0};
	struct oci_seccomp p = {"SCMP_ACT_ALLOW", .syscalls = &call, .n_syscalls = 1};

	call.errno_ret = (struct oci_u32){true, 4096};
	must_fail(&p, EINVAL, "linux.seccomp.syscalls.action: errno 4096 is above 4095");
	call.action = "SCMP_ACT_TRAP";
	call.errno_ret = (struct oci_u32){true, 1};
	must_fail(
		&p, EINVAL, "linux.seccomp.syscalls.action: SCMP_ACT_TRAP takes no errno, found 1");
	call.errno_ret.set = false;
	call.action = "SCMP_ACT_MAYBE";
	must_fail(&p, EINVAL, "linux.seccomp.syscalls.action: unknown action SCMP_ACT_MAYBE");
	call.action = "SCMP_ACT_NOTIFY";
	must_fail(&p, EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs listenerPath");
	p.listener_path = "/agent";
	call.names.items[0] = "write";
	must_fail(&p, EINVAL,
		"linux.seccomp.syscalls: write: SCMP_ACT_NOTIFY would stop the container's own "
		"start");
	p.default_action = "SCMP_ACT_NOTIFY";
	must_fail(&p, EINVAL,
		"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY is for single calls only");
	p.default_action = "SCMP_ACT_ALLOW";
	p.default_errno_ret = (struct oci_u32){true, 1};
	must_fail(
		&p, EINVAL, "linux.seccomp.defaultAction: SCMP_ACT_ALLOW takes no errno, found 1");
	p.default_errno_ret.set = false;
	call.action = "SCMP_ACT_KILL";
	call.n_args = 1;
	call.args = &sixth;
	must_fail(&p, EINVAL, "linux.seccomp.syscalls: write: args: index 6 is above 5");
	call.args = &like;
	must_fail(&p, EINVAL, "linux.seccomp.syscalls: write: args: unknown operator LIKE");
	call.n_args = 0;
	p.architectures = (struct oci_strings)WORDS("SCMP_ARCH_PDP11");
	must_fail(&p, EINVAL, "linux.seccomp.architectures: unknown architecture SCMP_ARCH_PDP11");
	p.architectures.n = 0;
	p.flags = (struct oci_strings)WORDS("SECCOMP_FILTER_FLAG_FAST");
	must_fail(&p, EINVAL, "linux.seccomp.flags: unknown flag SECCOMP_FILTER_FLAG_FAST");
}
END_TEST

START_TEST(a_filter_too_large_for_the_kernel_is_refused)
{
	enum {
		MANY = 1500
	};
	struct oci_syscall_arg *args = calloc(MANY, sizeof(*args));
	struct oci_syscall call = {WORDS("ioctl"), "SCMP_ACT_ALLOW", {0}, args, MANY};
	struct oci_seccomp p = {"SCMP_ACT_ERRNO", .syscalls = &call, .n_syscalls = 1};
	struct nacre_error err = {0};

	for (size_t i = 0; i < MANY; i++)
		args[i] = (struct oci_syscall_arg){0, i, 0, "SCMP_CMP_EQ"};
	ck_assert_int_eq(compile(&p, &err), -E2BIG);
	/* As many as fit, and fewer: jumps over chains of every length. */
	for (call.n_args = 2; call.n_args < 700; call.n_args += 1 + call.n_args / 20) {
		must_compile(&p);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 16, call.n_args - 1, 0),
			SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(
			verdict(&program, AUDIT_ARCH_X86_64, 16, call.n_args, 0), DENIED(EPERM));
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 15, 0, 0), DENIED(EPERM));
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 17, 0, 0), DENIED(ENOSYS));
		ck_assert_uint_eq(
			verdict(&program, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
	}
	free(args);
}
END_TEST

START_TEST(the_number_of_rules_is_bounded)
{
	enum {
		NAMES = 300,
		ARGS = 300
	};
	const char **names = calloc(NAMES, sizeof(*names));
	struct oci_syscall_arg *args = calloc(ARGS, sizeof(*args));
	struct oci_syscall call = {{names, NAMES}, "SCMP_ACT_ALLOW", {0}, args, ARGS};
	struct oci_seccomp p = {"SCMP_ACT_ERRNO", .syscalls = &call, .n_syscalls = 1};

	for (size_t i = 0; i < NAMES; i++)
		names[i] = "ioctl";
	for (size_t i = 0; i < ARGS; i++)
		args[i].op = "SCMP_CMP_EQ";
	must_fail(&p, E2BIG, "linux.seccomp.syscalls: more than 65536 rules");
	free(names);
	free(args);
}
END_TEST

START_TEST(an_absent_list_of_flags_is_not_an_empty_one)
{
	struct oci_syscall call = {WORDS("mkdir"), "SCMP_ACT_NOTIFY", {0}, NULL, 0};
	struct oci_seccomp p = {"SCMP_ACT_ALLOW"};

	must_compile(&p);
	ck_assert_uint_eq(program.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	p.has_flags = true;
	must_compile(&p);
	ck_assert_uint_eq(program.flags, 0);
	p.flags = (struct oci_strings)WORDS("SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	must_compile(&p);
	ck_assert_uint_eq(program.flags, SECCOMP_FILTER_FLAG_LOG);
	p.syscalls = &call;
	p.n_syscalls = 1;
	p.listener_path = "/agent";
	must_compile(&p);
	ck_assert_uint_eq(program.flags, SECCOMP_FILTER_FLAG_LOG | 1u << 5);
}
END_TEST

/* The words of the field table, which the features document lists, are those of the compiler. */
START_TEST(what_the_features_list_is_accepted)
{
	const char *const *actions = oci_features_words("seccomp.syscalls.action"), *const * list;
	struct oci_syscall_arg arg = {0, 0, 0, NULL};
	struct oci_syscall call = {WORDS("mkdir"), NULL, {0}, &arg, 1};
	struct oci_seccomp p = {
		"SCMP_ACT_ALLOW", .listener_path = "/agent", .syscalls = &call, .n_syscalls = 1};

	arg.op = "SCMP_CMP_EQ";
	for (list = actions; *list; list++) {
		call.action = *list;
		must_compile(&p);
	}
	ck_assert_int_eq(list - actions, 9);
	ck_assert_ptr_eq(oci_features_words("seccomp.defaultAction"), actions);
	for (list = oci_features_words("seccomp.syscalls.args.op"); *list; list++) {
		arg.op = *list;
		must_compile(&p);
	}
	ck_assert_int_eq(list - oci_features_words("seccomp.syscalls.args.op"), 7);
	for (list = oci_features_words("seccomp.flags"); *list; list++) {
		p.flags = (struct oci_strings){(const char **)(uintptr_t)list, 1};
		must_compile(&p);
	}
	ck_assert_int_eq(list - oci_features_words("seccomp.flags"), 4);
	for (list = oci_features_words("seccomp.architectures"); *list; list++)
		ck_assert_ptr_nonnull(seccomp_find_arch(*list));
	ck_assert_int_eq(
		list - oci_features_words("seccomp.architectures"), SECCOMP_N_ARCHITECTURES);
}
END_TEST

Suite *suite_seccomp_policy(void)
{
	Suite *s = suite_create("seccomp_policy");
	TCase *t = tcase_create("seccomp_policy");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, mistakes_are_refused_by_name);
	tcase_add_test(t, a_filter_too_large_for_the_kernel_is_refused);
	tcase_add_test(t, the_number_of_rules_is_bounded);
	tcase_add_test(t, an_absent_list_of_flags_is_not_an_empty_one);
	tcase_add_test(t, what_the_features_list_is_accepted);
	suite_add_tcase(s, t);
	return s;
}
