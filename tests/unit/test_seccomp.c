/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include "specs/features.h"

#include <sys/mman.h>
#include <unistd.h>

Suite *suite_seccomp(void);

START_TEST(an_engines_profile_decides_each_call_of_each_architecture)
{
	struct engine_profile *p = engine_profile();
	struct oci_strings names = p->calls[0].names;

	ck_assert_uint_gt(names.n, 350);
	must_compile(&p->seccomp);
	ck_assert_int_eq(warnings, 0);
	for (size_t m = 0; m < N(machines); m++) {
		for (size_t i = 0; i < names.n; i++) {
			int nr = seccomp_syscall_resolve_name_arch(
				machines[m].token, names.items[i]);

			if (nr >= 0)
				ck_assert_msg(verdict(&program, machines[m].audit, (uint32_t)nr, 0,
						      0) == SECCOMP_RET_ALLOW,
					"%s %s", machines[m].name, names.items[i]);
		}
		for (size_t i = 0; i < N(never); i++) {
			int nr = seccomp_syscall_resolve_name_arch(machines[m].token, never[i]);

			if (nr >= 0 && strcmp(never[i], "clone3"))
				ck_assert_msg(verdict(&program, machines[m].audit, (uint32_t)nr,
						      0x10000038, 0) == DENIED(EPERM),
					"%s %s", machines[m].name, never[i]);
		}
		ck_assert_uint_eq(verdict(&program, machines[m].audit,
					  number(machines[m].token, "clone3"), 0, 0),
			DENIED(ENOSYS));
	}
	free(p);
}
END_TEST

START_TEST(an_engines_profile_stays_small)
{
	struct engine_profile *p = engine_profile();

	/* What a container's start costs follows this number: seccomp_bpf.c. */
	must_compile(&p->seccomp);
	ck_assert_uint_lt(program.n, 450);
	free(p);
}
END_TEST

START_TEST(each_action_becomes_the_kernels)
{
	static const struct {
		const char *action;
		struct oci_u32 data;
		uint32_t result;
	} cases[] = {
		{"SCMP_ACT_KILL", {0}, SECCOMP_RET_KILL_THREAD},
		{"SCMP_ACT_KILL_THREAD", {0}, SECCOMP_RET_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", {0}, SECCOMP_RET_KILL_PROCESS},
		{"SCMP_ACT_TRAP", {0}, SECCOMP_RET_TRAP},
		{"SCMP_ACT_ERRNO", {0}, DENIED(EPERM)},
		{"SCMP_ACT_ERRNO", {true, 4095}, DENIED(4095)},
		{"SCMP_ACT_TRACE", {true, 65535}, SECCOMP_RET_TRACE | 65535},
		{"SCMP_ACT_LOG", {0}, SECCOMP_RET_LOG},
		{"SCMP_ACT_NOTIFY", {0}, SECCOMP_RET_USER_NOTIF},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct oci_syscall calls[] = {
			{WORDS("mkdir"), cases[i].action, cases[i].data, NULL, 0}};
		struct oci_seccomp profile = {"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1,
			.listener_path = "/run/agent.sock"};

		must_compile(&profile);
		ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 83, 0, 0), cases[i].result);
		ck_assert_uint_eq(
			verdict(&program, AUDIT_ARCH_X86_64, 82, 0, 0), SECCOMP_RET_ALLOW);
		ck_assert_int_eq(program.notify, cases[i].result == SECCOMP_RET_USER_NOTIF);
	}
}
END_TEST

static const uint64_t samples[] = {0, 1, 7, 8, 9, 0xffffffff, 0x100000000, 0x100000007, 0x100000008,
	0x100000009, 0x7ffffffff, 0x8ffffffff, 0x900000000, 0x800000008, 0x800000007, 0x800000009,
	UINT64_MAX - 1, UINT64_MAX};

static bool holds(const char *op, uint64_t a, uint64_t value, uint64_t two, bool narrow)
{
	if (narrow) {
		a = (uint32_t)a;
		value = (uint32_t)value;
		two = (uint32_t)two;
	}
	if (!strcmp(op, "SCMP_CMP_EQ"))
		return a == value;
	if (!strcmp(op, "SCMP_CMP_NE"))
		return a != value;
	if (!strcmp(op, "SCMP_CMP_LT"))
		return a < value;
	if (!strcmp(op, "SCMP_CMP_LE"))
		return a <= value;
	if (!strcmp(op, "SCMP_CMP_GT"))
		return a > value;
	if (!strcmp(op, "SCMP_CMP_GE"))
		return a >= value;
	return (a & value) == (two & value);
}

START_TEST(each_operator_compares_all_64_bits)
{
	const char *op = oci_features_words("seccomp.syscalls.args.op")[_i];

	for (size_t v = 0; v < N(samples); v++) {
		struct oci_syscall_arg arg = {0, samples[v], samples[(v + 5) % N(samples)], op};
		struct oci_syscall calls[] = {{WORDS("ioctl"), "SCMP_ACT_ALLOW", {0}, &arg, 1}};
		struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

		must_compile(&profile);
		for (size_t m = 0; m < N(machines); m++) {
			uint32_t nr = number(machines[m].token, "ioctl");

			for (size_t a = 0; a < N(samples); a++) {
				/* A 32-bit call has no upper halves. */
				bool yes = holds(op, samples[a], arg.value, arg.value_two, m > 0);

				ck_assert_msg(
					verdict(&program, machines[m].audit, nr, samples[a], 0) ==
						(yes ? SECCOMP_RET_ALLOW : DENIED(EPERM)),
					"%s %s: %lx with %lx", machines[m].name, op, samples[a],
					samples[v]);
			}
		}
	}
}
END_TEST

START_TEST(all_tests_of_a_rule_must_hold)
{
	struct oci_syscall_arg args[] = {
		{0, 5, 0, "SCMP_CMP_EQ"}, {1, 9, 0, "SCMP_CMP_GT"}, {5, 0, 0, "SCMP_CMP_EQ"}};
	struct oci_syscall calls[] = {{WORDS("ioctl"), "SCMP_ACT_ALLOW", {0}, args, 3}};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 16, 5, 10), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 16, 5, 9), DENIED(EPERM));
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 16, 4, 10), DENIED(EPERM));
}
END_TEST

START_TEST(an_index_given_twice_makes_alternatives)
{
	struct oci_syscall_arg args[] = {
		{0, 5, 0, "SCMP_CMP_EQ"}, {0, 8, 0, "SCMP_CMP_EQ"}, {1, 1, 0, "SCMP_CMP_EQ"}};
	struct oci_syscall calls[] = {{WORDS("personality"), "SCMP_ACT_ALLOW", {0}, args, 3}};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 135, 5, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 135, 8, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 135, 7, 1), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 135, 7, 0), DENIED(EPERM));
}
END_TEST

START_TEST(a_rule_without_tests_overrules_and_the_default_counts_for_nothing)
{
	struct oci_syscall_arg one = {0, 1, 0, "SCMP_CMP_EQ"};
	struct oci_syscall calls[] = {
		{WORDS("ioctl"), "SCMP_ACT_ERRNO", {true, 5}, &one, 1},
		{WORDS("ioctl", "read"), "SCMP_ACT_ERRNO", {0}, NULL, 0},
		{WORDS("ioctl", "read"), "SCMP_ACT_ALLOW", {0}, NULL, 0},
		{WORDS("ioctl"), "SCMP_ACT_KILL", {0}, NULL, 0},
	};
	struct oci_seccomp profile = PROFILE("SCMP_ACT_ERRNO", calls);

	must_compile(&profile);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 16, 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(verdict(&program, AUDIT_ARCH_X86_64, 0, 0, 0), SECCOMP_RET_ALLOW);
}
END_TEST

static size_t generate_with_libseccomp(
	const struct engine_profile *p, struct sock_filter *filter, size_t room)
{
	static const struct scmp_arg_cmp args[] = {{0, SCMP_CMP_LT, 38, 0}, {0, SCMP_CMP_EQ, 39, 0},
		{0, SCMP_CMP_EQ, 0, 0}, {0, SCMP_CMP_EQ, 8, 0},
		{0, SCMP_CMP_MASKED_EQ, 0x7e020000, 0}};
	static const char *const names[] = {
		"socket", "socket", "personality", "personality", "clone"};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	ck_assert_ptr_nonnull(ctx);
	for (size_t m = 0; m < N(machines); m++)
		if (machines[m].token != seccomp_arch_native())
			ck_assert_int_eq(seccomp_arch_add(ctx, machines[m].token), 0);
	for (size_t i = 0; i < p->calls[0].names.n; i++)
		ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
					 seccomp_syscall_resolve_name(p->names[i]), 0),
			0);
	for (size_t i = 0; i < N(args); i++)
		ck_assert_int_eq(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
					 seccomp_syscall_resolve_name(names[i]), 1, &args[i]),
			0);
	ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				 seccomp_syscall_resolve_name("clone3"), 0),
		0);
	ck_assert_int_eq(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	size = pread(fd, filter, room, 0);
	ck_assert_int_gt(size, 0);
	(void)close(fd);
	return (size_t)size / sizeof(*filter);
}

START_TEST(all_verdicts_are_those_of_libseccomps_generator)
{
	static struct sock_filter theirs[SECCOMP_MAX_INSTRUCTIONS];
	static const uint64_t values[] = {0, 1, 8, 9, 16, 37, 38, 39, 40, 0x11, 0x1200011,
		0x10000011, 0x7e020000, 0x100000008, UINT64_MAX};
	struct engine_profile *p = engine_profile();
	size_t n = generate_with_libseccomp(p, theirs, sizeof(theirs)), compared = 0;

	must_compile(&p->seccomp);
	for (size_t m = 0; m < N(machines); m++) {
		for (uint32_t nr = 0; nr < 600; nr++) {
			/* New calls are the one difference that is meant: tested above. */
			if (nr > 448 && (m < 2 || nr < 512))
				continue;
			for (size_t v = 0; v < N(values); v++) {
				struct seccomp_data data = {
					.nr = (int)(nr + (m == 2 ? X32 : 0)),
					.arch = machines[m].audit,
					.args = {values[v], values[N(values) - 1 - v], values[v]},
				};
				uint32_t want = run_filter(theirs, n, &data);

				ck_assert_msg(run_filter(program.filter, program.n, &data) == want,
					"%s %u: want 0x%x", machines[m].name, nr, want);
				compared++;
			}
		}
	}
	ck_assert_uint_gt(compared, 15000);
	free(p);
}
END_TEST

Suite *suite_seccomp(void)
{
	Suite *s = suite_create("seccomp");
	TCase *t = tcase_create("seccomp");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_engines_profile_decides_each_call_of_each_architecture);
	tcase_add_test(t, an_engines_profile_stays_small);
	tcase_add_test(t, each_action_becomes_the_kernels);
	tcase_add_loop_test(t, each_operator_compares_all_64_bits, 0, 7);
	tcase_add_test(t, all_tests_of_a_rule_must_hold);
	tcase_add_test(t, an_index_given_twice_makes_alternatives);
	tcase_add_test(t, a_rule_without_tests_overrules_and_the_default_counts_for_nothing);
	tcase_add_test(t, all_verdicts_are_those_of_libseccomps_generator);
	suite_add_tcase(s, t);
	return s;
}
