/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/egress_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/sys.h"

Suite *suite_egress_swap(void);

/* Rules that come to a cgroup whose processes are there already. */

static const char *const none_word[] = {"none"}, *const all_word[] = {"0.0.0.0/0"};

START_TEST(another_policy_takes_the_place_of_the_first)
{
	const struct egress_policy none = read_policy(none_word, 1), all = read_policy(all_word, 1);
	const struct egress_bpf_policy denies = {.rules = &none}, allows = {.rules = &all};
	const struct egress_bpf_policy nothing = {.rules = NULL};
	struct egress_denial denials[EGRESS_DENIALS_MAX];
	struct cgroup cgroup = make("update");

	enter_world();
	apply(&cgroup, &denies);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), EPERM);
	apply(&cgroup, &allows);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), 0);
	apply(&cgroup, &denies);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), EPERM);
	ck_assert_int_eq(egress_bpf_denied(cgroup.fd, denials, &err), 1);
	ck_assert_uint_eq(denials[0].value.count, 2);
	apply(&cgroup, &nothing);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), 0);
	ck_assert_int_eq(egress_bpf_denied(cgroup.fd, denials, &err), 0);
	destroy(&cgroup);
}
END_TEST

static void attach_beside(const struct cgroup *cgroup, const char *const *words, size_t n,
	struct egress_bpf_swap *ret_swap)
{
	struct egress_policy rules = read_policy(words, n);
	const struct egress_bpf_policy policy = {.rules = &rules};
	int r = egress_bpf_attach(cgroup->fd, &policy, ret_swap, &err);

	ck_assert_msg(r == 0, "%s", err.text);
}

static size_t count_attached(const struct cgroup *cgroup)
{
	uint32_t ids[BPF_ATTACHED_MAX];
	size_t n;

	ck_assert_int_eq(bpf_attached(cgroup->fd, BPF_CGROUP_INET4_CONNECT, ids, &n), 0);
	return n;
}

START_TEST(while_policies_are_swapped_both_must_allow)
{
	static const char *const before[] = {"10.0.0.0/8", "[fd77::/64]"};
	static const char *const next[] = {"10.1.2.3:80", "9.9.9.9"}, *const last[] = {"9.9.9.9"};
	struct cgroup cgroup = make("swap");
	struct egress_bpf_swap swap;

	enter_world();
	attach_beside(&cgroup, before, 2, &swap);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 443), 0);
	ck_assert_int_eq(connect_to(&cgroup, "fd77::3", 80), 0);
	egress_bpf_swap_done(&swap);
	attach_beside(&cgroup, next, 2, &swap);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), 0);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 443), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "fd77::3", 80), EPERM);
	/* It was killed here, and is done again with others. */
	egress_bpf_swap_done(&swap);
	attach_beside(&cgroup, last, 1, &swap);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), EPERM);
	ck_assert_uint_eq(count_attached(&cgroup), 3);
	ck_assert_int_eq(egress_bpf_detach_old(cgroup.fd, &swap, &err), 0);
	ck_assert_uint_eq(count_attached(&cgroup), 1);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), 0);
	egress_bpf_swap_done(&swap);
	destroy(&cgroup);
}
END_TEST

/* What is stored is the first of them, or one behind that a kill came between. */
START_TEST(what_killed_swaps_left_goes_and_what_is_stored_stays)
{
	static const char *const stored[] = {"10.0.0.0/8"}, *const killed[] = {"10.1.2.3:80"};
	static const char *const before[] = {"10.0.0.0/8", "9.9.9.9"};
	struct egress_policy rules = read_policy(stored, 1);
	const struct egress_bpf_policy policy = {.rules = &rules};
	struct cgroup cgroup = make("left");
	struct egress_bpf_swap swap;

	enter_world();
	if (_i == 1) {
		attach_beside(&cgroup, before, 2, &swap);
		egress_bpf_swap_done(&swap);
	}
	attach_beside(&cgroup, stored, 1, &swap);
	egress_bpf_swap_done(&swap);
	for (int i = 0; i < 3; i++) {
		attach_beside(&cgroup, killed, 1, &swap);
		egress_bpf_swap_done(&swap);
	}
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 443), EPERM);
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(egress_bpf_settle(cgroup.fd, &policy, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(count_attached(&cgroup), 1);
		ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 443), 0);
		ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), EPERM);
	}
	destroy(&cgroup);
}
END_TEST

/* Programs of somebody else's, until the kernel takes no more. Returns how many it took. */
static int fill(
	const struct cgroup *cgroup, enum bpf_attach_type kind, int ret_fds[BPF_ATTACHED_MAX])
{
	/* r0 = 1; exit */
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}};
	int r = 0;

	for (int n = 0; n < BPF_ATTACHED_MAX; n++) {
		ret_fds[n] = bpf_load(
			BPF_PROG_TYPE_CGROUP_SKB, kind, "other", program, 2, "another", &err);
		ck_assert_msg(ret_fds[n] >= 0, "%s", err.text);
		r = bpf_attach(cgroup->fd, kind, ret_fds[n], -1);
		if (r < 0) {
			ck_assert_int_eq(r, -E2BIG);
			(void)close(ret_fds[n]);
			return n;
		}
	}
	return BPF_ATTACHED_MAX;
}

START_TEST(a_swap_that_fails_leaves_what_was_there)
{
	static const char *const before[] = {"10.0.0.0/8"}, *const next[] = {"9.9.9.9"};
	struct egress_policy rules = read_policy(next, 1);
	const struct egress_bpf_policy policy = {.rules = &rules};
	struct cgroup cgroup = make("fails");
	struct egress_bpf_swap swap;
	int others[BPF_ATTACHED_MAX], n;

	enter_world();
	attach_beside(&cgroup, before, 1, &swap);
	egress_bpf_swap_done(&swap);
	n = fill(&cgroup, BPF_CGROUP_INET_EGRESS, others);
	ck_assert_int_eq(n, BPF_ATTACHED_MAX - 1);
	for (int i = 0; i < 2 * BPF_ATTACHED_MAX; i++) {
		ck_assert_int_eq(egress_bpf_attach(cgroup.fd, &policy, &swap, &err), -E2BIG);
		ck_assert_uint_eq(count_attached(&cgroup), 1);
	}
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), 0);
	ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), EPERM);
	while (n-- > 0) {
		ck_assert_int_eq(bpf_detach(cgroup.fd, BPF_CGROUP_INET_EGRESS, others[n]), 0);
		(void)close(others[n]);
	}
	for (int i = 0; i < 2 * BPF_ATTACHED_MAX; i++) {
		attach_beside(&cgroup, next, 1, &swap);
		egress_bpf_detach_new(cgroup.fd, &swap);
		egress_bpf_swap_done(&swap);
	}
	ck_assert_uint_eq(count_attached(&cgroup), 1);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), 0);
	ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), EPERM);
	apply(&cgroup, &policy);
	ck_assert_int_eq(connect_to(&cgroup, "9.9.9.9", 80), 0);
	destroy(&cgroup);
}
END_TEST

/* Of a kind that is somebody else's alone, with a program that the kernel would detach for any. */
START_TEST(a_swap_that_fails_detaches_nobody_elses)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1}, {.code = BPF_JMP | BPF_EXIT}};
	struct egress_policy all = read_policy(all_word, 1);
	const struct egress_bpf_policy policy = {.rules = &all};
	struct cgroup cgroup = make("alone");
	struct egress_bpf_swap swap;
	uint32_t ids[BPF_ATTACHED_MAX];
	size_t n;
	int fd = bpf_load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "other", program, 2,
		"another", &err);
	union bpf_attr attr = {.target_fd = (uint32_t)cgroup.fd,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_INET_EGRESS};

	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_eq(sys_bpf(BPF_PROG_ATTACH, &attr), 0);
	ck_assert_int_lt(egress_bpf_attach(cgroup.fd, &policy, &swap, &err), 0);
	ck_assert_uint_eq(count_attached(&cgroup), 0);
	ck_assert_int_eq(bpf_attached(cgroup.fd, BPF_CGROUP_INET_EGRESS, ids, &n), 0);
	ck_assert_uint_eq(n, 1);
	(void)close(fd);
	destroy(&cgroup);
}
END_TEST

static int pings[2]; /* a socket pair */

/* Does not return. A socket that was there before the rules is under them, too. */
static void ping_before_and_after(uint16_t family)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a010203)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const uint8_t echo[8] = {family == AF_INET ? 8 : 128};
	const struct sockaddr *to = family == AF_INET ? (const struct sockaddr *)&v4
						      : (const struct sockaddr *)&v6;
	const socklen_t length = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int sock = socket(family, SOCK_DGRAM | SOCK_CLOEXEC,
		family == AF_INET ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6);
	struct pollfd answer = {.fd = sock, .events = POLLIN};
	char byte = 0, reply[64];

	if (sock < 0)
		_exit(errno == EAFNOSUPPORT ? 0 : 4);
	(void)inet_pton(AF_INET6, "fd77::3", &v6.sin6_addr);
	if (sendto(sock, echo, sizeof(echo), 0, to, length) != sizeof(echo) ||
		poll(&answer, 1, 5000) != 1 || recv(sock, reply, sizeof(reply), 0) <= 0)
		_exit(1);
	if (write(pings[1], &byte, 1) != 1 || read(pings[1], &byte, 1) != 1)
		_exit(2);
	/* Of IPv6 the kernel does not tell that it was dropped. */
	(void)sendto(sock, echo, sizeof(echo), 0, to, length);
	_exit(poll(&answer, 1, 300) == 0 ? 0 : 3);
}

START_TEST(ping_of_before_is_refused)
{
	struct egress_policy all = read_policy(all_word, 1);
	const struct egress_bpf_policy policy = {.rules = &all};
	struct cgroup cgroup = make(_i == 0 ? "ping4" : "ping6");
	const int family = _i == 0 ? AF_INET : AF_INET6;
	char byte = 0;
	int status;
	pid_t pid;

	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pings) == 0);
	enter_world();
	pid = fork();
	if (pid == 0) {
		if (cgroup_attach(&cgroup, getpid(), &err) < 0)
			_exit(255);
		ping_before_and_after((uint16_t)family);
	}
	(void)close(pings[1]);
	if (read(pings[0], &byte, 1) == 1) {
		apply(&cgroup, &policy);
		ck_assert(write(pings[0], &byte, 1) == 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	destroy(&cgroup);
}
END_TEST

Suite *suite_egress_swap(void)
{
	Suite *suite = suite_create("egress_swap");
	TCase *t = tcase_create("egress_swap");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, another_policy_takes_the_place_of_the_first);
	tcase_add_test(t, while_policies_are_swapped_both_must_allow);
	tcase_add_loop_test(t, what_killed_swaps_left_goes_and_what_is_stored_stays, 0, 2);
	tcase_add_test(t, a_swap_that_fails_leaves_what_was_there);
	tcase_add_test(t, a_swap_that_fails_detaches_nobody_elses);
	tcase_add_loop_test(t, ping_of_before_is_refused, 0, 2);
	suite_add_tcase(suite, t);
	return suite;
}
