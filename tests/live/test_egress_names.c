/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/egress_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "libcontainer/net/egress_listeners.h"

Suite *suite_egress_names(void);

/* A server on a port that the kernel chose. */
static int listener(int type, uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int sock = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(sock, 8), 0);
	ck_assert_int_eq(getsockname(sock, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return sock;
}

/* One of a relay. */
static void open_listener(uint16_t *ret_port)
{
	int r = egress_listener_open(NULL, false, ret_port, &err);

	ck_assert_msg(r >= 0, "%s", err.text);
}

/* Outside of the cgroup, and so unmarked. */
static void get_no_answer(uint16_t port)
{
	const struct timeval wait = {.tv_usec = 500000};
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(0xc6120010)};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)), 0);
	ck_assert_int_eq(connect(sock, (const struct sockaddr *)&to, sizeof(to)), -1);
	ck_assert_int_eq(errno, EINPROGRESS);
	(void)close(sock);
}

/* In the cgroup: a peer at 198.18.0.16:PORT that is what it was asked for. */
static void talk(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(0xc6120010)};
	struct sockaddr_in peer = {.sin_family = AF_INET};
	socklen_t length = sizeof(peer);
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(sock, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(errno);
	if (getpeername(sock, (struct sockaddr *)&peer, &length) < 0)
		_exit(errno);
	_exit(memcmp(&peer, &to, sizeof(to)) ? 200 : 0);
}

/* The same with an IPv6 socket. */
static void talk_mapped(uint16_t port)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in6 peer = {.sin6_family = AF_INET6};
	socklen_t length = sizeof(peer);
	int sock = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(AF_INET6, "::ffff:198.18.0.16", &to.sin6_addr);
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(errno);
	if (getpeername(sock, (struct sockaddr *)&peer, &length) < 0)
		_exit(errno);
	_exit(memcmp(&peer, &to, sizeof(to)) ? 200 : 0);
}

/* Asks without a connection; the answer must come from whom was asked. */
static void ask(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(0xc6120001)};
	struct sockaddr_in from = {.sin_family = AF_INET};
	socklen_t length = sizeof(from);
	char byte;
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sendto(sock, "?", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		_exit(errno);
	if (recvfrom(sock, &byte, 1, 0, (struct sockaddr *)&from, &length) != 1)
		_exit(errno);
	_exit(memcmp(&from, &to, sizeof(to)) ? 200 : 0);
}

/* Answers one question from the address that it came to, as the relay's stub has to. */
static void answer(int sock)
{
	int yes = 1;
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char byte;

	ck_assert_int_eq(setsockopt(sock, SOL_IP, IP_FREEBIND, &yes, sizeof(yes)), 0);
	if (recvfrom(sock, &byte, 1, 0, (struct sockaddr *)&from, &length) != 1)
		_exit(1);
	{
		char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
		struct iovec data = {&byte, 1};
		struct msghdr message = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &data,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(0xc6120001)};

		header->cmsg_level = SOL_IP;
		header->cmsg_type = IP_PKTINFO;
		header->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(header), &info, sizeof(info));
		_exit(sendmsg(sock, &message, 0) == 1 ? 0 : 1);
	}
}

START_TEST(a_name_leads_to_the_listener_of_its_port)
{
	static const char *const words[] = {"example.com:443,8443"};
	const struct egress_policy rules = read_policy(words, 1);
	const struct egress_bpf_policy policy = {.rules = &rules, .no_metadata = true};
	struct cgroup cgroup = make("names");
	uint16_t tcp_port, udp_port;
	int udp, status;
	pid_t pid;

	enter_world();
	ck_assert_int_eq(egress_bpf_set_listener(cgroup.fd, 443, false, 1, &err), -ENOENT);
	apply(&cgroup, &policy);
	/* The world has a server on 443, which must not be reached so. */
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", 443), EPERM);
	open_listener(&tcp_port);
	udp = listener(SOCK_DGRAM, &udp_port);
	ck_assert_int_eq(egress_bpf_set_listener(cgroup.fd, 8443, false, tcp_port, &err), 0);
	ck_assert_int_eq(egress_bpf_set_listener(cgroup.fd, 53, true, udp_port, &err), 0);
	in_cgroup(&cgroup, talk, 8443);
	in_cgroup(&cgroup, talk_mapped, 8443);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", 443), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", tcp_port), 0);
	get_no_answer(tcp_port);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", 80), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "64:ff9b::198.18.0.16", 8443), EPERM);
	pid = fork();
	if (pid == 0)
		answer(udp);
	in_cgroup(&cgroup, ask, 53);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	destroy(&cgroup);
}
END_TEST

/* Two programs, of which the first puts the listener's port in place of the name's. */
START_TEST(names_are_reached_while_policies_are_swapped)
{
	static const char *const words[] = {"example.com:443,8443"};
	const struct egress_policy rules = read_policy(words, 1), none = {.n_rules = 0};
	const struct egress_bpf_policy policy = {.rules = &rules}, empty = {.rules = &none};
	const struct egress_bpf_policy relay = {.rules = &none, .relay = true};
	static const uint16_t one[] = {443};
	struct cgroup cgroup = make("swap-names");
	struct egress_bpf_swap swap;
	uint16_t port, other;

	enter_world();
	apply(&cgroup, &policy);
	open_listener(&port);
	open_listener(&other);
	ck_assert_int_eq(egress_bpf_has_listener(cgroup.fd, 8443, &err), 0);
	ck_assert_int_eq(egress_bpf_set_listener(cgroup.fd, 8443, false, port, &err), 0);
	ck_assert_int_eq(egress_bpf_set_listener(cgroup.fd, 443, false, other, &err), 0);
	ck_assert_int_eq(egress_bpf_has_listener(cgroup.fd, 8443, &err), 1);
	ck_assert_int_eq(egress_bpf_attach(cgroup.fd, &relay, &swap, &err), 0);
	in_cgroup(&cgroup, talk, 8443);
	in_cgroup(&cgroup, talk_mapped, 8443);
	ck_assert_int_eq(egress_bpf_keep_listeners(cgroup.fd, one, 1, &err), 0);
	ck_assert_int_eq(egress_bpf_has_listener(cgroup.fd, 8443, &err), 0);
	ck_assert_int_eq(egress_bpf_has_listener(cgroup.fd, 443, &err), 1);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", 8443), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", port), EPERM);
	in_cgroup(&cgroup, talk, 443);
	ck_assert_int_eq(egress_bpf_detach_old(cgroup.fd, &swap, &err), 0);
	egress_bpf_swap_done(&swap);
	in_cgroup(&cgroup, talk, 443);
	apply(&cgroup, &empty);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", 443), EPERM);
	destroy(&cgroup);
}
END_TEST

/* The relay of another container listens in the network that both share. */
START_TEST(no_network_has_the_names_of_others)
{
	static const char *const words[] = {"0.0.0.0/0", "udp:198.0.0.0/8"};
	const struct egress_policy rules = read_policy(words, 2);
	const struct egress_bpf_policy policy = {.rules = &rules};
	struct cgroup cgroup = make("others");
	uint16_t port;

	enter_world();
	(void)listener(SOCK_STREAM, &port);
	in_cgroup(&cgroup, talk, port);
	in_cgroup(&cgroup, talk_mapped, port);
	apply(&cgroup, &policy);
	ck_assert_int_eq(connect_to(&cgroup, "198.18.0.16", port), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "::ffff:198.18.0.16", port), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "64:ff9b::198.18.0.16", port), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "198.19.255.255", port), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "198.20.0.1", 443), 0);
	ck_assert_int_eq(connect_to(&cgroup, "198.17.255.255", 443), 0);
	destroy(&cgroup);
}
END_TEST

Suite *suite_egress_names(void)
{
	Suite *suite = suite_create("egress_names");
	TCase *t = tcase_create("egress_names");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_name_leads_to_the_listener_of_its_port);
	tcase_add_test(t, no_network_has_the_names_of_others);
	tcase_add_test(t, names_are_reached_while_policies_are_swapped);
	suite_add_tcase(suite, t);
	return suite;
}
