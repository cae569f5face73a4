/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/egress_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/sys.h"

Suite *suite_egress_load(void);

static struct bpf_insn program[16384];

/* What each container with rules waits for: the verifier takes 0.7 us for each. */
START_TEST(the_kernel_walks_each_instruction_of_rules_about_once)
{
	static const struct {
		enum egress_hook hook;
		enum bpf_attach_type kind;
	} hooks[] = {{EGRESS_CONNECT4, BPF_CGROUP_INET4_CONNECT},
		{EGRESS_CONNECT6, BPF_CGROUP_INET6_CONNECT}};
	const struct egress_bpf_maps maps = {-1, -1, -1, true};
	char texts[20][24];
	const char *words[20];
	struct cgroup cgroup = make("load");
	struct egress_policy rules;

	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "10.%u.0.0/16:443", i);
		words[i] = texts[i];
	}
	rules = read_policy(words, 20);
	const struct egress_bpf_policy policy = {.rules = &rules, .no_metadata = true};

	apply(&cgroup, &policy);
	for (size_t i = 0; i < 2; i++) {
		struct bpf_prog_info info = {.type = 0};
		union bpf_attr attr = {
			.info = {.info_len = sizeof(info), .info = (uintptr_t)&info}};
		uint32_t ids[BPF_ATTACHED_MAX];
		size_t n;
		int made = egress_bpf_compile(&policy, hooks[i].hook, &maps, program, 16384, &err);

		ck_assert_int_eq(bpf_attached(cgroup.fd, hooks[i].kind, ids, &n), 0);
		ck_assert_uint_eq(n, 1);
		attr.info.bpf_fd = (uint32_t)bpf_open(ids[0]);
		ck_assert_int_eq(sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr), 0);
		(void)close((int)attr.info.bpf_fd);
		/* 0: before Linux 5.16 */
		ck_assert_msg(info.verified_insns <= 2 * (uint32_t)made, "%u of %d",
			info.verified_insns, made);
	}
	destroy(&cgroup);
}
END_TEST

/* Whether a datagram's connect(2) to the address is refused. */
static bool is_refused(bool v6, const uint8_t address[16])
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	int sock = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	memcpy(&to.sin_addr, address, sizeof(to.sin_addr));
	memcpy(&to6.sin6_addr, address, sizeof(to6.sin6_addr));
	r = connect(sock, v6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to,
		v6 ? sizeof(to6) : sizeof(to));
	r = r < 0 && errno == EPERM;
	(void)close(sock);
	return r;
}

static bool is_metadata(bool v6, const uint8_t address[16])
{
	for (size_t i = 0; i < egress_n_metadata; i++)
		if (egress_metadata[i].v6 == v6 &&
			!memcmp(egress_metadata[i].address, address, v6 ? 16 : 4))
			return true;
	return false;
}

static void connect_to_each(uint16_t unused)
{
	(void)unused;
	for (size_t i = 0; i < egress_n_metadata; i++) {
		const struct egress_network *network = &egress_metadata[i];

		if (!is_refused(network->v6, network->address))
			_exit(1);
		for (unsigned bit = 0; bit < (network->v6 ? 128 : 32); bit++) {
			uint8_t near[16];

			memcpy(near, network->address, sizeof(near));
			near[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (is_refused(network->v6, near) != is_metadata(network->v6, near))
				_exit(2);
		}
	}
	_exit(0);
}

START_TEST(each_metadata_address_is_refused_and_none_beside_it)
{
	struct cgroup cgroup = make("each");

	enter_world();
	apply(&cgroup, &(struct egress_bpf_policy){.no_metadata = true});
	in_cgroup(&cgroup, connect_to_each, 0);
	destroy(&cgroup);
}
END_TEST

/* The most and longest rules are still a program. */
START_TEST(as_many_rules_as_there_may_be_are_loaded)
{
	static char texts[256][80];
	static const char *words[256];
	struct cgroup cgroup = make("most");
	struct egress_policy rules;

	for (unsigned i = 0; i < 256; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]),
			"[fd77::%x]:1-2,4-5,7-8,10-11,13-14,16-17,19-20,22-23", i);
		words[i] = texts[i];
	}
	rules = read_policy(words, 256);
	apply(&cgroup, &(struct egress_bpf_policy){.rules = &rules, .no_metadata = true});
	destroy(&cgroup);
}
END_TEST

/* The first and the last address, and the first and the last port; and those beside them. */
START_TEST(rules_end_where_they_say)
{
	static const struct {
		const char *rule, *address;
		uint16_t port;
		bool allowed;
	} rows[] = {
		{"10.1.2.0/24", "10.1.2.0", 1, true},
		{"10.1.2.0/24", "10.1.2.255", 65535, true},
		{"10.1.2.0/24", "10.1.1.255", 443, false},
		{"10.1.2.0/24", "10.1.3.0", 443, false},
		{"10.1.2.3:443", "10.1.2.3", 443, true},
		{"10.1.2.3:443", "10.1.2.3", 442, false},
		{"10.1.2.3:443", "10.1.2.3", 444, false},
		{"10.1.2.3:443", "10.1.2.2", 443, false},
		{"10.1.2.3:443", "138.1.2.3", 443, false},
		{"0.0.0.0/0:8000-8002,9000", "10.1.2.3", 8000, true},
		{"0.0.0.0/0:8000-8002,9000", "10.1.2.3", 8002, true},
		{"0.0.0.0/0:8000-8002,9000", "10.1.2.3", 9000, true},
		{"0.0.0.0/0:8000-8002,9000", "10.1.2.3", 7999, false},
		{"0.0.0.0/0:8000-8002,9000", "10.1.2.3", 8003, false},
		{"128.0.0.0/1:1-65535", "10.1.2.3", 443, false},
		{"udp:10.1.2.3:443", "10.1.2.3", 443, false},
		{"10.1.2.3:8000-8002", "10.1.2.4", 8001, false},
	};
	struct cgroup cgroup = make("ends");

	enter_world();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct egress_policy rules = read_policy(&rows[i].rule, 1);
		int error;

		apply(&cgroup, &(struct egress_bpf_policy){.rules = &rules, .no_metadata = true});
		error = connect_to(&cgroup, rows[i].address, rows[i].port);
		ck_assert_msg((error == EPERM) == !rows[i].allowed, "%s, %s:%u: %s", rows[i].rule,
			rows[i].address, rows[i].port, strerror(error));
	}
	destroy(&cgroup);
}
END_TEST

/* Options of a socket that have no sound value here: EPERM comes before the kernel looks at it. */
static const struct {
	int family, level, option;
	bool refused;
} socket_options[] = {
	{AF_INET, IPPROTO_IP, IP_ADD_MEMBERSHIP, true},
	{AF_INET, IPPROTO_IP, IP_DROP_MEMBERSHIP, true},
	{AF_INET, IPPROTO_IP, IP_BLOCK_SOURCE, true},
	{AF_INET, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, true},
	{AF_INET, IPPROTO_IP, IP_MSFILTER, true},
	{AF_INET, IPPROTO_IP, MCAST_JOIN_GROUP, true},
	{AF_INET, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, true},
	{AF_INET, IPPROTO_IP, MCAST_MSFILTER, true},
	{AF_INET, IPPROTO_IP, IP_MULTICAST_LOOP, false},
	{AF_INET, IPPROTO_IP, IP_MULTICAST_ALL, false},
	{AF_INET, IPPROTO_IP, IPV6_JOIN_GROUP, false}, /* IP_RECVORIGDSTADDR */
	{AF_INET, IPPROTO_IP, IPV6_LEAVE_GROUP, false}, /* IP_MINTTL */
	{AF_INET, SOL_SOCKET, IP_ADD_MEMBERSHIP, false}, /* SO_TIMESTAMPNS */
	{AF_INET6, IPPROTO_IP, IP_ADD_MEMBERSHIP, true},
	{AF_INET6, IPPROTO_IPV6, IPV6_JOIN_GROUP, true},
	{AF_INET6, IPPROTO_IPV6, IPV6_LEAVE_GROUP, true},
	{AF_INET6, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, true},
	{AF_INET6, IPPROTO_IPV6, MCAST_JOIN_GROUP, true},
	{AF_INET6, IPPROTO_IPV6, MCAST_BLOCK_SOURCE, true},
	{AF_INET6, IPPROTO_IPV6, MCAST_MSFILTER, true},
	{AF_INET6, IPPROTO_IPV6, IPV6_FREEBIND, true},
	{AF_INET6, IPPROTO_IP, IP_FREEBIND, true},
	{AF_INET, IPPROTO_IP, IP_FREEBIND, true},
	{AF_INET, IPPROTO_IP, IPV6_FREEBIND, false}, /* none */
	{AF_INET6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, false},
	{AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, false},
};

/* Longer than the page that a program at setsockopt(2) sees. */
static const int one[4096] = {1};

static void set_options(uint16_t policy_is_open)
{
	for (size_t i = 0; i < sizeof(socket_options) / sizeof(socket_options[0]); i++) {
		const int sock = socket(
			socket_options[i].family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
		const int r = setsockopt(
			sock, socket_options[i].level, socket_options[i].option, one, sizeof(int));

		if ((r < 0 && errno == EPERM) != (socket_options[i].refused && !policy_is_open))
			_exit((int)i + 1);
		if (setsockopt(sock, SOL_SOCKET, SO_KEEPALIVE, one, sizeof(one)) < 0)
			_exit(100);
		(void)close(sock);
	}
	_exit(0);
}

/* What the kernel would report to the network, and what an allowed host would answer to. */
START_TEST(under_rules_no_group_is_joined_and_no_address_taken)
{
	static const char *const words[] = {"10.1.2.3:443", "none", "open"};
	struct cgroup cgroup = make("options");

	enter_world();
	in_cgroup(&cgroup, set_options, true);
	for (size_t i = 0; i < 3; i++) {
		const struct egress_policy rules = read_policy(&words[i], 1);

		apply(&cgroup, &(struct egress_bpf_policy){.rules = &rules, .no_metadata = true});
		in_cgroup(&cgroup, set_options, i == 2);
	}
	destroy(&cgroup);
}
END_TEST

/* Sends with ancillary data and without an address, as programs of QUIC do. */
static void send_connected(uint16_t v6)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(443),
		.sin_addr.s_addr = htonl(0x0a010203)};
	const struct sockaddr_in6 to6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(443),
		.sin6_addr.s6_addr = {0xfd, 0x77, [15] = 5}};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec data = {(char[]){"x"}, 1};
	const struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	int sock = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	control.header.cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	control.header.cmsg_type = v6 ? IPV6_TCLASS : IP_TOS;
	if (connect(sock, v6 ? (const struct sockaddr *)&to6 : (const struct sockaddr *)&to,
		    v6 ? sizeof(to6) : sizeof(to)) < 0)
		_exit(1);
	_exit(sendmsg(sock, &message, 0) == 1 ? 0 : 2);
}

START_TEST(a_connected_socket_sends_ancillary_data)
{
	static const char *const words[] = {"udp:10.1.2.3:443", "udp:[fd77::5]:443"};
	const struct egress_policy rules = read_policy(words, 2);
	struct cgroup cgroup = make("connected");

	enter_world();
	apply(&cgroup, &(struct egress_bpf_policy){.rules = &rules, .host_network = _i});
	in_cgroup(&cgroup, send_connected, false);
	in_cgroup(&cgroup, send_connected, true);
	destroy(&cgroup);
}
END_TEST

Suite *suite_egress_load(void)
{
	Suite *suite = suite_create("egress_load");
	TCase *t = tcase_create("egress_load");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, each_metadata_address_is_refused_and_none_beside_it);
	tcase_add_test(t, the_kernel_walks_each_instruction_of_rules_about_once);
	tcase_add_test(t, as_many_rules_as_there_may_be_are_loaded);
	tcase_add_test(t, rules_end_where_they_say);
	tcase_add_test(t, under_rules_no_group_is_joined_and_no_address_taken);
	tcase_add_loop_test(t, a_connected_socket_sends_ancillary_data, 0, 2);
	suite_add_tcase(suite, t);
	return suite;
}
