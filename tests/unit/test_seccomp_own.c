/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/own_filter.h" /* first: check.h has a macro fail */

#include "specs/harden.h"

Suite *suite_seccomp_own(void);

/* --- what was built --- */

START_TEST(the_built_programs_are_those_of_the_table)
{
	const struct target *t = targets;
	size_t n = 0;

	while (t->token != seccomp_arch_native())
		t++;
	for (const struct seccomp_own *built = seccomp_own_built; built->profile; built++, n++) {
		const struct seccomp_program *made = compiled(built->profile, "", t->names);

		ck_assert_uint_eq(built->n, made->n);
		ck_assert_mem_eq(built->filter, made->filter, made->n * sizeof(struct sock_filter));
		/* What a container's start costs follows this number: seccomp_bpf.c. */
		ck_assert_uint_lt(built->n, 280);
	}
	ck_assert_uint_eq(n, N(profiles));
}
END_TEST

START_TEST(programs_are_built_for_every_profile_and_made_for_grants)
{
	struct oci_hardened nacre = {.root_nodev = true};
	struct seccomp_own own;
	struct nacre_error err;

	ck_assert_int_eq(seccomp_own_program(arena, NULL, &own, &err), 0);
	ck_assert_uint_eq(own.profile, 0);
	ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), 0);
	ck_assert_uint_eq(own.profile, 0);
	for (size_t i = 0; i < N(profiles); i++) {
		const struct seccomp_own *built = seccomp_own_built;

		nacre.no_setuid_files = profiles[i] & FILTER_SETUID;
		nacre.seccomp_filter = filter_profile_words[i % 3];
		nacre.seccomp_grants.n = 0;
		ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), 0);
		while (built->profile != profiles[i])
			built++;
		ck_assert_ptr_eq(own.filter, built->filter);
		nacre.seccomp_grants = grants_of("syscall:bpf");
		ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), 0);
		ck_assert_ptr_ne(own.filter, built->filter);
		ck_assert_uint_eq(own.profile, profiles[i]);
	}
	/* What no profile has, but a config may: made as well. */
	nacre = (struct oci_hardened){.seccomp_filter = "nested", .no_setuid_files = true};
	ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), 0);
	ck_assert_uint_eq(own.profile, FILTER_NESTED | FILTER_SETUID);
	nacre.seccomp_filter = NULL;
	ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), -EINVAL);
	nacre = (struct oci_hardened){.seccomp_filter = "lax"};
	ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), -EINVAL);
	ck_assert_str_eq(err.text, "there is no seccomp filter \"lax\"");
}
END_TEST

/* Calls that go past rules of egress, and those that do not. */
static const struct {
	uint32_t audit, nr;
	uint64_t args[3];
	uint32_t error; /* 0: allowed */
} of_sockets[] = {
	/* clang-format off */
	{AUDIT_ARCH_X86_64, 41, {1, 1, 0}, 0},			/* socket: AF_UNIX */
	{AUDIT_ARCH_X86_64, 41, {2, 1, 0}, 0},			/* TCP */
	{AUDIT_ARCH_X86_64, 41, {10, 2, 17}, 0},		/* UDP */
	{AUDIT_ARCH_X86_64, 41, {16, 3, 0}, 0},			/* NETLINK_ROUTE */
	{AUDIT_ARCH_X86_64, 41, {16, 3, 12}, EPROTONOSUPPORT},
	{AUDIT_ARCH_X86_64, 41, {17, 3, 0x300}, EAFNOSUPPORT},	/* AF_PACKET */
	{AUDIT_ARCH_X86_64, 41, {40, 1, 0}, EAFNOSUPPORT},	/* AF_VSOCK */
	{AUDIT_ARCH_X86_64, 41, {2, 1, 262}, EPROTONOSUPPORT},	/* MPTCP */
	{AUDIT_ARCH_X86_64, 41, {2, 3, 6}, EPERM},		/* SOCK_RAW */
	{AUDIT_ARCH_X86_64, 41, {2, 10, 6}, EPERM},		/* SOCK_PACKET */
	{AUDIT_ARCH_X86_64, 53, {40, 1, 0}, EAFNOSUPPORT},	/* socketpair */
	{AUDIT_ARCH_X86_64, 425, {0, 0, 0}, ENOSYS},		/* io_uring_setup */
	{AUDIT_ARCH_X86_64, 435, {0, 88, 0}, ENOSYS},		/* clone3 */
	{AUDIT_ARCH_I386, 435, {0, 88, 0}, ENOSYS},
	{AUDIT_ARCH_X86_64, 56, {17, 0, 0}, 0},			/* clone */
	{AUDIT_ARCH_X86_64, 101, {0, 0, 0}, 0},			/* ptrace */
	{AUDIT_ARCH_X86_64, 321, {0, 0, 0}, 0},			/* bpf */
	{AUDIT_ARCH_X86_64, 599, {0, 0, 0}, 0},			/* not there yet */
	{AUDIT_ARCH_X86_64, 0x40000029, {2, 1, 0}, ENOSYS},	/* x32 */
	{AUDIT_ARCH_I386, 102, {1, 0, 0}, EPERM},		/* socketcall */
	{AUDIT_ARCH_I386, 359, {2, 1, 0}, 0},			/* socket */
	{AUDIT_ARCH_I386, 359, {17, 1, 0}, EAFNOSUPPORT},
	/* setsockopt: the kernel runs no program of egress for these */
	{AUDIT_ARCH_I386, 366, {5, 0, 15}, EPERM},		/* IP_FREEBIND */
	{AUDIT_ARCH_I386, 366, {5, 0, 14}, 0},			/* IP_MTU */
	{AUDIT_ARCH_I386, 366, {5, 0, 16}, 0},			/* IP_IPSEC_POLICY */
	{AUDIT_ARCH_I386, 366, {5, 41, 78}, EPERM},		/* IPV6_FREEBIND */
	{AUDIT_ARCH_I386, 366, {5, 41, 77}, 0},
	{AUDIT_ARCH_I386, 366, {5, 0, 34}, 0},			/* IP_MULTICAST_LOOP */
	{AUDIT_ARCH_I386, 366, {5, 0, 35}, EPERM},		/* IP_ADD_MEMBERSHIP */
	{AUDIT_ARCH_I386, 366, {5, 0, 48}, EPERM},		/* MCAST_MSFILTER */
	{AUDIT_ARCH_I386, 366, {5, 0, 49}, 0},			/* IP_MULTICAST_ALL */
	{AUDIT_ARCH_I386, 366, {5, 1, 35}, 0},			/* SO_TIMESTAMPNS */
	{AUDIT_ARCH_I386, 366, {5, 41, 18}, 0},			/* IPV6_MULTICAST_HOPS */
	{AUDIT_ARCH_I386, 366, {5, 41, 20}, EPERM},		/* IPV6_JOIN_GROUP */
	{AUDIT_ARCH_I386, 366, {5, 41, 21}, EPERM},		/* IPV6_LEAVE_GROUP */
	{AUDIT_ARCH_I386, 366, {5, 41, 26}, 0},			/* IPV6_V6ONLY */
	{AUDIT_ARCH_I386, 366, {5, 41, 27}, EPERM},		/* IPV6_JOIN_ANYCAST */
	{AUDIT_ARCH_I386, 366, {5, 41, 42}, EPERM},		/* MCAST_JOIN_GROUP */
	{AUDIT_ARCH_I386, 366, {5, 41, 48}, EPERM},		/* MCAST_MSFILTER */
	{AUDIT_ARCH_X86_64, 54, {5, 0, 35}, 0},			/* left to that program */
	{AUDIT_ARCH_X86_64, 54, {5, 41, 78}, 0},
	{AUDIT_ARCH_X86_64, 249, {0, 0, 0}, ENOSYS},		/* request_key */
	{AUDIT_ARCH_X86_64, 248, {0, 0, 0}, 0},			/* add_key */
	{AUDIT_ARCH_I386, 287, {0, 0, 0}, ENOSYS},		/* request_key */
	{AUDIT_ARCH_I386, 26, {0, 0, 0}, 0},			/* ptrace */
	{AUDIT_ARCH_AARCH64, 198, {2, 1, 0}, ENOSYS},		/* another machine */
	/* clang-format on */
};

START_TEST(the_filter_of_sockets_lets_everything_else_through)
{
	static const char *const archs[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", NULL};
	const struct oci_hardened nacre = {.seccomp_filter = "sockets"};
	struct seccomp_program *p = compiled(FILTER_SOCKETS, "", archs);
	struct seccomp_own own;
	struct nacre_error err;

	for (size_t i = 0; i < N(of_sockets); i++) {
		const uint64_t *args = of_sockets[i].args;
		const uint32_t error = of_sockets[i].error;

		ck_assert_msg(run(p, of_sockets[i].audit, of_sockets[i].nr, args[0], args[1],
				      args[2], 0) == (error ? DENIED(error) : SECCOMP_RET_ALLOW),
			"%zu", i);
	}
	ck_assert_int_eq(seccomp_own_program(arena, &nacre, &own, &err), 0);
	ck_assert_uint_eq(own.profile, FILTER_SOCKETS);
}
END_TEST

/* --- the table itself --- */

START_TEST(each_name_is_a_call_of_some_architecture)
{
	static const uint32_t tokens[] = {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_X86};
	const char *const *lists[] = {filter_calls, filter_calls_x86};
	char name[40];

	for (size_t l = 0; l < N(lists); l++)
		for (const char *const *list = lists[l]; *list; list++)
			for (const char *rest = *list; filter_next_name(&rest, name);)
				ck_assert_msg(in_list(newest_names, N(newest_names), name) ||
						      seccomp_syscall_resolve_name(name) !=
							      __NR_SCMP_ERROR,
					"%s", name);
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		ck_assert_ptr_nonnull(rule->why);
		ck_assert_int_gt(rule->error, 0);
		for (const char *rest = rule->calls; filter_next_name(&rest, name);) {
			bool known = in_list(newest_names, N(newest_names), name) ||
				     filter_names("uretprobe uprobe", name);

			for (size_t i = 0; i < N(tokens); i++)
				known |= seccomp_syscall_resolve_name_arch(tokens[i], name) >= 0;
			ck_assert_msg(known, "%s", name);
		}
	}
}
END_TEST

START_TEST(each_call_of_the_kernel_has_its_place_in_the_table)
{
	for (size_t t = 0; t < N(targets); t++)
		for (uint32_t nr = 0; nr <= NEWEST; nr++) {
			const char *name = name_of(&targets[t], nr);

			ck_assert_msg(
				!name || filter_has_call(name) || in_calls(filter_calls, name),
				"%s is neither allowed nor refused", name);
		}
}
END_TEST

START_TEST(no_more_calls_are_reachable_than_promised)
{
	/* Docker's default allows 309 of these 385. */
	static const unsigned most[] = {297, 268, 307, 296, 267};

	for (size_t p = 0; p < N(profiles); p++) {
		unsigned calls = 0, reachable = 0;

		for (uint32_t nr = 0; nr <= NEWEST; nr++) {
			const char *name = name_of(&targets[0], nr);
			bool refused = !name || !in_calls(filter_calls, name);

			for (const struct filter_rule *rule = filter_rules; name && rule->calls;
				rule++)
				refused |= rule->tests[0].op == FILTER_ANY &&
					   (rule->profiles & profiles[p]) &&
					   filter_names(rule->calls, name);
			calls += name != NULL;
			reachable += !refused;
		}
		ck_assert_uint_eq(calls, 385);
		ck_assert_uint_eq(reachable, most[p]);
	}
}
END_TEST

/* --- grants, and other architectures --- */

#define X86_64(p, name, ...) run(p, AUDIT_ARCH_X86_64, number(SCMP_ARCH_X86_64, name), __VA_ARGS__)

START_TEST(a_grant_lets_one_item_through)
{
	const char *const *archs = targets[0].names;
	const struct seccomp_program *p = compiled(FILTER_AGENT,
		"syscall:bpf syscall:unshare socket:AF_VSOCK socket:NETLINK_AUDIT "
		"socket:IPPROTO_SCTP",
		archs);

	ck_assert_uint_eq(X86_64(p, "bpf", 0, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "unshare", 0x10000000, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "setns", 3, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(X86_64(p, "socket", 40, 1, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "socket", 38, 5, 0, 0), DENIED(EAFNOSUPPORT));
	ck_assert_uint_eq(X86_64(p, "socket", 16, 3, 9, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "socket", 16, 3, 12, 0), DENIED(EPROTONOSUPPORT));
	ck_assert_uint_eq(X86_64(p, "socket", 2, 1, 132, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "socket", 10, 1, 132, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "socket", 2, 1, 33, 0), DENIED(EPROTONOSUPPORT));
	/* by its type alone it would be DCCP */
	ck_assert_uint_eq(X86_64(p, "socket", 2, 6, 0, 0), DENIED(ESOCKTNOSUPPORT));
	ck_assert_uint_eq(X86_64(p, "socket", 10, 0x80005, 0, 0), DENIED(ESOCKTNOSUPPORT));
	ck_assert_uint_eq(X86_64(p, "socket", 2, 5, 132, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "socket", 2, 3, 1, 0), DENIED(EPERM));
	p = compiled(FILTER_AGENT, "socket:SOCK_RAW", archs);
	ck_assert_uint_eq(X86_64(p, "socket", 2, 3, 1, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "socket", 2, 10, 0, 0), DENIED(EPERM));
	p = compiled(FILTER_AGENT, "syscall:ioctl syscall:clone", archs);
	ck_assert_uint_eq(X86_64(p, "ioctl", 0, 0x5412, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "clone", 0x10000000, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(X86_64(p, "clone3", 0, 0, 0, 0), DENIED(ENOSYS));
}
END_TEST

START_TEST(other_architectures_are_not_there)
{
	static const uint32_t others[] = {
		AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_AARCH64, AUDIT_ARCH_S390X};
	const struct seccomp_program *p = compiled(FILTER_AGENT, "", targets[0].names);

	for (size_t i = 0; i < N(others); i++)
		for (uint32_t nr = 0; nr < NUMBERS; nr++)
			ck_assert_uint_eq(run(p, others[i], nr, 0, 0, 0, 0), DENIED(ENOSYS));
	for (uint32_t nr = 0; nr < NUMBERS; nr++)
		ck_assert_uint_eq(run(p, AUDIT_ARCH_X86_64, nr + X32, 0, 0, 0, 0), DENIED(ENOSYS));
	p = compiled(FILTER_AGENT, "", targets[1].names);
	for (uint32_t nr = 0; nr < NUMBERS; nr++)
		ck_assert_uint_eq(run(p, AUDIT_ARCH_ARM, nr, 0, 0, 0, 0), DENIED(ENOSYS));
}
END_TEST

#define I386(p, name, ...) run(p, AUDIT_ARCH_I386, number(SCMP_ARCH_X86, name), __VA_ARGS__)

START_TEST(the_abi_of_i386_is_held_by_the_same_table)
{
	static const char *const archs[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", NULL};
	const struct seccomp_program *p = compiled(FILTER_AGENT, "abi:x86", archs);
	char name[40];

	for (const char *const *list = filter_calls_x86; *list; list++)
		for (const char *rest = *list; filter_next_name(&rest, name);)
			ck_assert_msg(I386(p, name, 0, 0, 0, 0) == SECCOMP_RET_ALLOW, "%s", name);
	ck_assert_uint_eq(I386(p, "read", 0, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(I386(p, "bpf", 0, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(I386(p, "socketcall", 3, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(I386(p, "ipc", 11, 0, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(I386(p, "ipc", 21, 0, 0, 0), SECCOMP_RET_ALLOW);
	/* socket(2) by its own number */
	ck_assert_uint_eq(run(p, AUDIT_ARCH_I386, 359, 38, 5, 0, 0), DENIED(EAFNOSUPPORT));
	ck_assert_uint_eq(run(p, AUDIT_ARCH_I386, 359, 2, 1, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(run(p, AUDIT_ARCH_I386, 366, 5, 0, 35, 0), DENIED(EPERM));
	ck_assert_uint_eq(run(p, AUDIT_ARCH_I386, 366, 5, 41, 20, 0), DENIED(EPERM));
	ck_assert_uint_eq(X86_64(p, "setsockopt", 5, 0, 35, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(I386(p, "modify_ldt", 0, 0, 0, 0), DENIED(ENOSYS));
	ck_assert_uint_eq(X86_64(p, "set_thread_area", 0, 0, 0, 0), DENIED(ENOSYS));
	p = compiled(FILTER_STRICT | FILTER_SETUID, "abi:x86", archs);
	ck_assert_uint_eq(I386(p, "ipc", 11, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(I386(p, "ipc", 0x1000e, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(I386(p, "clock_adjtime64", 0, 0, 0, 0), DENIED(EPERM));
	ck_assert_uint_eq(I386(p, "fchmodat", 0, 0, 04755, 0), DENIED(EPERM));
	ck_assert_uint_eq(I386(p, "open", 0, 0100, 02755, 0), DENIED(EPERM));
	p = compiled(FILTER_AGENT, "abi:x86 syscall:socketcall", archs);
	ck_assert_uint_eq(I386(p, "socketcall", 3, 0, 0, 0), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(a_rule_names_the_grant_that_takes_it_back)
{
	/* AF_PACKET, SOCK_RAW, NETLINK_AUDIT; for protocols there is none with 9 */
	const uint64_t words[6] = {17, 3, 9}, sctp[6] = {2, 3, 132}, no_word[6] = {4, 4, 3};
	char text[64];
	struct nacre_error err;

	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		const uint64_t *args = rule->list == FILTER_PROTOCOLS ? sctp : words;
		const char *list = rule->calls;
		char name[40];

		while (filter_next_name(&list, name)) {
			filter_grant_text(rule, name, args, text);
			ck_assert_msg(harden_grant_check(text, &err) == 0, "%s", text);
			ck_assert_int_eq(
				!strncmp(text, "socket:", 7), rule->list != FILTER_NO_LIST);
			if (rule->profiles == FILTER_SETUID) {
				ck_assert_str_eq(text, "setuid-files");
				continue;
			}
			filter_grant_text(rule, name, no_word, text);
			ck_assert_msg(harden_grant_check(text, &err) == 0, "%s", text);
			ck_assert_int_eq(strncmp(text, "syscall:", 8), 0);
		}
	}
	ck_assert_uint_eq(filter_profile_bit("agent"), FILTER_AGENT);
	ck_assert_uint_eq(filter_profile_bit("oci"), 0);
}
END_TEST

static void join(void *data, const char *grant)
{
	char *text = data;

	(void)snprintf(text + strlen(text), 512 - strlen(text), "%s ", grant);
}

/* F35: one refused call of a family shows the grants of all. */
START_TEST(a_rule_names_every_grant_that_it_takes)
{
	struct nacre_error err;
	unsigned families = 0;

	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		char text[512] = "";
		const char *list = text;
		char grant[40];

		if (!filter_each_grant(rule, join, text)) {
			ck_assert(
				rule->tests[0].op != FILTER_ANY || rule->profiles == FILTER_SETUID);
			ck_assert_str_eq(text, "");
			continue;
		}
		while (filter_next_name(&list, grant))
			ck_assert_msg(harden_grant_check(grant, &err) == 0, "%s", grant);
		if (filter_names(rule->calls, "msgget")) {
			ck_assert_str_eq(text,
				"syscall:msgget syscall:msgsnd syscall:msgrcv syscall:msgctl ");
			families++;
		}
	}
	ck_assert_uint_eq(families, 1);
}
END_TEST

Suite *suite_seccomp_own(void)
{
	Suite *s = suite_create("seccomp_own");
	TCase *t = tcase_create("seccomp_own");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_built_programs_are_those_of_the_table);
	tcase_add_test(t, programs_are_built_for_every_profile_and_made_for_grants);
	tcase_add_test(t, the_filter_of_sockets_lets_everything_else_through);
	tcase_add_test(t, each_name_is_a_call_of_some_architecture);
	tcase_add_test(t, each_call_of_the_kernel_has_its_place_in_the_table);
	tcase_add_test(t, no_more_calls_are_reachable_than_promised);
	tcase_add_test(t, a_grant_lets_one_item_through);
	tcase_add_test(t, other_architectures_are_not_there);
	tcase_add_test(t, the_abi_of_i386_is_held_by_the_same_table);
	tcase_add_test(t, a_rule_names_the_grant_that_takes_it_back);
	tcase_add_test(t, a_rule_names_every_grant_that_it_takes);
	suite_add_tcase(s, t);
	return s;
}
