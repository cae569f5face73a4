/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress_sockets.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

#include "tests/unit/egress_fixture.h"

Suite *suite_egress_sockets(void);

static void check_socket(
	const struct egress_socket *socket, const char *address, uint16_t port, bool single)
{
	char text[INET6_ADDRSTRLEN];

	ck_assert_str_eq(inet_ntop(socket->at.v6 ? AF_INET6 : AF_INET, socket->at.address, text,
				 sizeof(text)),
		address);
	ck_assert_uint_eq(socket->port, port);
	ck_assert_int_eq(egress_socket_is_single(socket), single);
}

START_TEST(each_name_and_address_has_a_socket_of_its_own)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(
		arena, "a.example:80,443", "tcp:a.example:443", "10.1.2.3:443", "[fd77::5]:443");
	struct egress_sockets sockets;
	struct nacre_error err;

	ck_assert_int_eq(egress_sockets_plan(&policy, &sockets, &err), 0);
	ck_assert_uint_eq(sockets.n, 6);
	check_socket(&sockets.items[0], "198.18.0.1", 53, true);
	check_socket(&sockets.items[1], "198.18.0.1", 53, true);
	ck_assert(sockets.items[0].udp && !sockets.items[1].udp);
	check_socket(&sockets.items[2], "198.18.0.16", 80, true);
	check_socket(&sockets.items[3], "198.18.0.16", 443, true);
	check_socket(&sockets.items[4], "10.1.2.3", 443, true);
	check_socket(&sockets.items[5], "fd77::5", 443, true);
}
END_TEST

/* Two sockets of a port cannot listen, one on an address and one on all. */
START_TEST(a_network_takes_the_place_of_addresses)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(arena, "10.1.2.3:443,444", "[fd77::5]:443",
		"10.9.0.0/16:443", "10.1.2.4:443", "*.example:443");
	struct egress_sockets sockets;
	struct nacre_error err;

	ck_assert_int_eq(egress_sockets_plan(&policy, &sockets, &err), 0);
	ck_assert_uint_eq(sockets.n, 5);
	check_socket(&sockets.items[2], "10.1.2.3", 444, true);
	check_socket(&sockets.items[3], "fd77::5", 443, true);
	check_socket(&sockets.items[4], "10.9.0.0", 443, false);
}
END_TEST

START_TEST(nothing_is_needed_for_nothing_and_for_the_loopback)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policies[] = {PARSE(arena, "none"),
		PARSE(arena, "127.0.0.11:53"), PARSE(arena, "udp:127.0.0.11")};
	struct egress_sockets sockets;
	struct nacre_error err;

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(egress_sockets_plan(&policies[i], &sockets, &err), 0);
		ck_assert_uint_eq(sockets.n, 0);
	}
}
END_TEST

static const struct {
	const char *rule, *why;
} refused[] = {
	{"10.0.0.0/8", "a rule for addresses must name its ports: CIDR:PORT"},
	{"udp:10.0.0.0/8:53", "UDP needs root on the host"},
	{"224.0.0.0/4:443", "the relay cannot reach these addresses"},
	{"[fe80::/64]:443", "the relay cannot reach these addresses"},
	{"10.0.0.0/8:53", "resolver uses port 53 inside"},
	{"10.0.0.1:1000-1300", "more than 256"},
	{"b.example:53", "resolver uses port 53 of names"},
};

START_TEST(what_cannot_be_kept_is_one_clear_error)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(arena, "a.example", refused[_i].rule);
	struct egress_sockets sockets;
	struct nacre_error err;

	ck_assert_int_lt(egress_sockets_plan(&policy, &sockets, &err), 0);
	ck_assert_msg(strstr(err.text, refused[_i].why) != NULL, "%s", err.text);
}
END_TEST

static const struct {
	const char *address;
	uint16_t port;
	enum egress_judgement judgement;
} judged[] = {
	{"10.1.2.3", 443, EGRESS_ALLOWED},
	{"10.1.2.3", 80, EGRESS_NO_RULE},
	{"10.1.3.3", 443, EGRESS_NO_RULE},
	{"fd77::5", 443, EGRESS_ALLOWED},
	{"fd78::5", 443, EGRESS_NO_RULE},
	{"64:ff9b::10.1.2.3", 443, EGRESS_ALLOWED},
	{"64:ff9b::10.1.3.3", 443, EGRESS_NO_RULE},
	{"64:ff9b::127.0.0.1", 8443, EGRESS_IS_NOWHERE},
	{"9.9.9.9", 8443, EGRESS_ALLOWED},
	{"127.0.0.1", 8443, EGRESS_IS_NOWHERE},
	{"0.0.0.0", 8443, EGRESS_IS_NOWHERE},
	{"224.0.0.1", 8443, EGRESS_IS_NOWHERE},
	{"::1", 443, EGRESS_IS_NOWHERE},
	{"198.18.0.16", 8443, EGRESS_NO_NAME},
	{"169.254.1.1", 8443, EGRESS_ALLOWED},
	{"169.254.169.254", 8443, EGRESS_IS_METADATA},
	{"64:ff9b::169.254.169.254", 8443, EGRESS_IS_METADATA},
	{"169.254.169.254", 53, EGRESS_ALLOWED},
};

START_TEST(an_address_is_judged_as_the_filter_does)
{
	cleanup_arena struct arena *arena = arena_new(1 << 20);
	const struct egress_policy policy = PARSE(arena, "10.1.2.0/24:443", "[fd77::/64]:443",
		"0.0.0.0/0:53,8443", "udp:10.1.3.0/24:443", "a.example");
	struct egress_answer address = {.v6 = strchr(judged[_i].address, ':') != NULL};

	ck_assert_int_eq(
		inet_pton(address.v6 ? AF_INET6 : AF_INET, judged[_i].address, address.address), 1);
	ck_assert_int_eq(egress_address_judge(&policy, false, &address, judged[_i].port),
		judged[_i].judgement);
	if (judged[_i].judgement == EGRESS_IS_METADATA)
		ck_assert_int_eq(egress_address_judge(&policy, true, &address, judged[_i].port),
			EGRESS_ALLOWED);
}
END_TEST

Suite *suite_egress_sockets(void)
{
	Suite *suite = suite_create("egress_sockets");
	TCase *tc = tcase_create("egress_sockets");

	tcase_add_test(tc, each_name_and_address_has_a_socket_of_its_own);
	tcase_add_test(tc, a_network_takes_the_place_of_addresses);
	tcase_add_test(tc, nothing_is_needed_for_nothing_and_for_the_loopback);
	tcase_add_loop_test(tc, what_cannot_be_kept_is_one_clear_error, 0,
		sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(
		tc, an_address_is_judged_as_the_filter_does, 0, sizeof(judged) / sizeof(judged[0]));
	suite_add_tcase(suite, tc);
	return suite;
}
