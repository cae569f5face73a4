/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include "specs/features.h"

Suite *suite_seccomp_calls(void);

START_TEST(calls_newer_than_the_profile_do_not_exist)
{
	struct engine_profile *p = engine_profile();

	must_compile(&p->seccomp);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 470, 0, 0), DENIED(ENOSYS));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 0x3fffffff, 0, 0), DENIED(ENOSYS));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 470, 0, 0), DENIED(ENOSYS));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, UINT32_MAX, 0, 0), DENIED(ENOSYS));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, X32 + 470, 0, 0), DENIED(ENOSYS));
	/* x32's own series, from 512, is known up to its end. */
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, X32 + 513, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, X32 + 600, 0, 0), DENIED(EPERM));
	free(p);
}
END_TEST

START_TEST(the_number_of_a_call_that_a_tracer_skips_is_not_foreign)
{
	struct oci_syscall calls[] = {{WORDS("read"), "SCMP_ACT_ALLOW", {0}, NULL, 0}};
	struct oci_seccomp profile = {"SCMP_ACT_ERRNO", .syscalls = calls, .n_syscalls = 1};

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, UINT32_MAX, 0, 0), DENIED(ENOSYS));
	ck_assert_uint_eq(
		verdict(&program, AUDIT_ARCH_X86_64, X32 + 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
}
END_TEST

START_TEST(new_calls_get_the_default_where_it_is_milder_or_says_the_same)
{
	static const struct {
		const char *action;
		struct oci_u32 data;
		uint32_t unnamed, newer;
	} cases[] = {
		{"SCMP_ACT_ERRNO", {0}, DENIED(EPERM), DENIED(ENOSYS)},
		{"SCMP_ACT_ERRNO", {true, EACCES}, DENIED(EACCES), DENIED(ENOSYS)},
		{"SCMP_ACT_ERRNO", {true, 0}, DENIED(0), DENIED(ENOSYS)},
		{"SCMP_ACT_ERRNO", {true, ENOSYS}, DENIED(ENOSYS), DENIED(ENOSYS)},
		{"SCMP_ACT_KILL", {0}, SECCOMP_RET_KILL_THREAD, DENIED(ENOSYS)},
		{"SCMP_ACT_KILL_THREAD", {0}, SECCOMP_RET_KILL_THREAD, DENIED(ENOSYS)},
		{"SCMP_ACT_KILL_PROCESS", {0}, SECCOMP_RET_KILL_PROCESS, DENIED(ENOSYS)},
		{"SCMP_ACT_TRAP", {0}, SECCOMP_RET_TRAP, DENIED(ENOSYS)},
		{"SCMP_ACT_TRACE", {0}, SECCOMP_RET_TRACE | EPERM, SECCOMP_RET_TRACE | EPERM},
		{"SCMP_ACT_TRACE", {true, 77}, SECCOMP_RET_TRACE | 77, SECCOMP_RET_TRACE | 77},
		{"SCMP_ACT_LOG", {0}, SECCOMP_RET_LOG, SECCOMP_RET_LOG},
		{"SCMP_ACT_ALLOW", {0}, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW},
	};
	struct oci_syscall calls[] = {{WORDS("openat2"), "SCMP_ACT_ERRNO", {true, 99}, NULL, 0}};

	for (size_t i = 0; i < N(cases); i++) {
		struct oci_seccomp profile = {
			cases[i].action, cases[i].data, .syscalls = calls, .n_syscalls = 1};

		must_compile(&profile);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 437, 0, 0), DENIED(99));
		ck_assert_uint_eq(
			verdict(&program, AUDIT_ARCH_X86_64, 436, 0, 0), cases[i].unnamed);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 0, 0, 0), cases[i].unnamed);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 438, 0, 0), cases[i].newer);
	}
}
END_TEST

START_TEST(a_profile_without_names_knows_no_newest_call)
{
	struct oci_seccomp profile = {"SCMP_ACT_ERRNO"};

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 9999, 0, 0), DENIED(EPERM));
}
END_TEST

START_TEST(a_rule_for_socket_holds_in_socketcall_too)
{
	struct oci_syscall calls[] = {
		{WORDS("socket", "shmget", "send"), "SCMP_ACT_ALLOW", {0}, NULL, 0}};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 359, 38, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 395, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 9, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 2, 0), DENIED(EPERM));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 117, 23, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 117, 0x10017, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 117, 21, 0), DENIED(EPERM));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 41, 38, 0), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(a_family_allowed_in_socket_does_not_open_socketcall)
{
	struct oci_syscall_arg unix_family = {0, 1, 0, "SCMP_CMP_EQ"};
	struct oci_syscall calls[] = {
		{WORDS("socket"), "SCMP_ACT_ALLOW", {0}, &unix_family, 1},
		{WORDS("socketcall"), "SCMP_ACT_ERRNO", {true, EPERM}, NULL, 0},
	};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	for (profile.n_syscalls = 1; profile.n_syscalls <= 2; profile.n_syscalls++) {
		must_compile(&profile);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 359, 1, 0), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 359, 38, 0), DENIED(EPERM));
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 1, 0), DENIED(EPERM));
	}
}
END_TEST

START_TEST(a_family_forbidden_in_socket_closes_socketcall)
{
	struct oci_syscall_arg alg = {0, 38, 0, "SCMP_CMP_EQ"};
	struct oci_syscall calls[] = {
		{WORDS("socket"), "SCMP_ACT_ERRNO", {true, EAFNOSUPPORT}, &alg, 1}};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ALLOW", calls);

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 359, 38, 0), DENIED(EAFNOSUPPORT));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 359, 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 1, 0), DENIED(EAFNOSUPPORT));
	/* The kernel does not look at the upper half either. */
	ck_assert_uint_eq(
		verdict(&program, AUDIT_ARCH_I386, 102, 0x500000001, 0), DENIED(EAFNOSUPPORT));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 3, 0), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(a_named_multiplexer_is_left_as_it_stands)
{
	struct oci_syscall_arg alg = {0, 38, 0, "SCMP_CMP_EQ"};
	struct oci_syscall calls[] = {
		{WORDS("socketcall"), "SCMP_ACT_ALLOW", {0}, NULL, 0},
		{WORDS("socket"), "SCMP_ACT_ALLOW", {0}, &alg, 1},
	};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_I386, 102, 2, 0), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(a_foreign_architecture_is_killed)
{
	struct oci_syscall calls[] = {{WORDS("read"), "SCMP_ACT_ERRNO", {0}, NULL, 0}};
	struct oci_seccomp profile = {"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1};
	uint32_t foreign = seccomp_arch_native() == SCMP_ARCH_X86_64 ? AUDIT_ARCH_I386
								     : AUDIT_ARCH_X86_64;

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, foreign, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
	ck_assert_uint_eq(
		verdict(&program, AUDIT_ARCH_X86_64, X32 + 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
	ck_assert_uint_eq(verdict(&program, 0, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
}
END_TEST

START_TEST(each_architecture_has_its_own_numbers)
{
	struct oci_syscall calls[] = {
		{WORDS("getpid", "set_tls", "openat2"), "SCMP_ACT_ALLOW", {0}, NULL, 0}};
	struct oci_seccomp profile = {"SCMP_ACT_ERRNO", .syscalls = calls, .n_syscalls = 1};
	const char *const *archs = oci_features_words("seccomp.architectures");
	size_t tried = 0;

	for (size_t i = 0; archs[i]; i++) {
		const char *one = archs[i];
		char lower[40] = "";
		uint32_t token, nr;

		for (size_t k = 0; archs[i][k + strlen("SCMP_ARCH_")]; k++)
			lower[k] = (char)(archs[i][k + strlen("SCMP_ARCH_")] | 0x20);
		if (!strcmp(archs[i], "SCMP_ARCH_X86_64"))
			lower[3] = '_'; /* which 0x20 changed */
		token = seccomp_arch_resolve_name(lower);
		profile.architectures = (struct oci_strings){&one, 1};
		if (!token) {
			struct nacre_error err = {0};

			ck_assert_int_eq(compile(&profile, &err), -EOPNOTSUPP);
			continue;
		}
		must_compile(&profile);
		tried++;
		nr = number(token, "getpid");
		if (token == SCMP_ARCH_X32)
			token = AUDIT_ARCH_X86_64;
		ck_assert_uint_eq(verdict(&program, token, nr, 0, 0), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(verdict(&program, token, nr + 1, 0, 0), DENIED(EPERM));
		nr = number(seccomp_arch_resolve_name(lower), "openat2");
		ck_assert_uint_eq(verdict(&program, token, nr, 0, 0), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(verdict(&program, token, nr + 1, 0, 0), DENIED(ENOSYS));
		ck_assert_uint_eq(verdict(&program, token, nr - 1, 0, 0), DENIED(EPERM));
	}
	ck_assert_uint_ge(tried, 19); /* what libseccomp 2.5.3 knows */
}
END_TEST

START_TEST(arms_private_calls_are_no_measure_of_new_ones)
{
	struct oci_syscall calls[] = {
		{WORDS("getpid", "set_tls", "openat2"), "SCMP_ACT_ALLOW", {0}, NULL, 0}};
	struct oci_seccomp profile = {"SCMP_ACT_ERRNO", .syscalls = calls, .n_syscalls = 1,
		.architectures = WORDS("SCMP_ARCH_ARM")};

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_ARM, 0xf0005, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_ARM, 0xf0004, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_ARM, 0xf0006, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_ARM, 0xeffff, 0, 0), DENIED(ENOSYS));
}
END_TEST

START_TEST(names_newer_than_libseccomp_have_their_numbers)
{
	struct oci_syscall calls[] = {
		{WORDS("fchmodat2", "mseal", "listns"), "SCMP_ACT_ALLOW", {0}, NULL, 0}};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_int_eq(warnings, 0);
	for (size_t m = 0; m < N(machines); m++) {
		uint32_t base = m == 2 ? X32 : 0;

		ck_assert_uint_eq(
			verdict(&program, machines[m].audit, base + 452, 0, 0), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(
			verdict(&program, machines[m].audit, base + 462, 0, 0), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(
			verdict(&program, machines[m].audit, base + 470, 0, 0), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(
			verdict(&program, machines[m].audit, base + 471, 0, 0), DENIED(ENOSYS));
		ck_assert_uint_eq(
			verdict(&program, machines[m].audit, base + 453, 0, 0), DENIED(EPERM));
	}
}
END_TEST

START_TEST(unknown_names_are_left_out_with_one_warning)
{
	struct oci_syscall_arg twice[] = {{0, 1, 0, "SCMP_CMP_EQ"}, {0, 2, 0, "SCMP_CMP_EQ"}};
	struct oci_syscall calls[] = {
		{WORDS("read", "frobnicate", "write"), "SCMP_ACT_ALLOW", {0}, NULL, 0},
		{WORDS("defenestrate"), "SCMP_ACT_ALLOW", {0}, twice, 2},
	};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_int_eq(warnings, 1);
	ck_assert_ptr_nonnull(strstr(warned, "leaves out: frobnicate, defenestrate"));
	ck_assert_str_eq(strstr(warned, ", defenestrate"), ", defenestrate");
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 1, 0, 0), SECCOMP_RET_ALLOW);
}
END_TEST

Suite *suite_seccomp_calls(void)
{
	Suite *s = suite_create("seccomp_calls");
	TCase *t = tcase_create("seccomp_calls");

	tcase_add_test(t, calls_newer_than_the_profile_do_not_exist);
	tcase_add_test(t, the_number_of_a_call_that_a_tracer_skips_is_not_foreign);
	tcase_add_test(t, new_calls_get_the_default_where_it_is_milder_or_says_the_same);
	tcase_add_test(t, a_profile_without_names_knows_no_newest_call);
	tcase_add_test(t, a_rule_for_socket_holds_in_socketcall_too);
	tcase_add_test(t, a_family_allowed_in_socket_does_not_open_socketcall);
	tcase_add_test(t, a_family_forbidden_in_socket_closes_socketcall);
	tcase_add_test(t, a_named_multiplexer_is_left_as_it_stands);
	tcase_add_test(t, a_foreign_architecture_is_killed);
	tcase_add_test(t, each_architecture_has_its_own_numbers);
	tcase_add_test(t, arms_private_calls_are_no_measure_of_new_ones);
	tcase_add_test(t, names_newer_than_libseccomp_have_their_numbers);
	tcase_add_test(t, unknown_names_are_left_out_with_one_warning);
	suite_add_tcase(s, t);
	return s;
}
