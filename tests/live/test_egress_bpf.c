/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "tests/live/egress_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/ways/attempts.h"

Suite *suite_egress_bpf(void);

/* Whether the kernel has no such socket, or no such call, at all. */
static bool is_missing(int error)
{
	return error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT || error == EAFNOSUPPORT ||
	       error == ENOSYS;
}

START_TEST(without_rules_every_way_leads_out)
{
	struct cgroup cgroup = make("open");
	int missing = 0;

	enter_world();
	for (size_t i = 0; i < n_ways; i++) {
		int error = attempt(&cgroup, &ways[i]);

		if (is_missing(error) && ways[i].verdict >= WAY_NO_SOCKET)
			missing += ways[i].verdict == WAY_NO_SOCKET;
		else if (error)
			ck_abort_msg("%s: %s", ways[i].name, strerror(error));
	}
	ck_assert_int_le(missing, 4); /* but raw sockets and ping */
	destroy(&cgroup);
}
END_TEST

START_TEST(rules_leave_what_they_name_and_nothing_else)
{
	static const char *const words[] = {WAYS_RULES};
	const struct egress_policy rules = read_policy(words, 3);
	const struct egress_bpf_policy policy = {.rules = &rules, .no_metadata = true};
	struct cgroup cgroup = make("rules");

	enter_world();
	apply(&cgroup, &policy);
	for (size_t i = 0; i < n_ways; i++) {
		const struct way *way = &ways[i];
		int error = attempt(&cgroup, way);
		bool right = way->verdict <= WAY_BY_FILTER   ? error == 0
			     : way->verdict == WAY_BESIDE    ? true
			     : way->verdict == WAY_NO_SOCKET ? error == EPERM || is_missing(error)
							     : error == EPERM;

		if (!right)
			ck_abort_msg("%s: %s", way->name, error ? strerror(error) : "reached");
	}
	destroy(&cgroup);
}
END_TEST

START_TEST(metadata_alone_is_refused_without_rules)
{
	const struct egress_bpf_policy policy = {.no_metadata = true};
	struct egress_denial denials[EGRESS_DENIALS_MAX];
	struct cgroup cgroup = make("metadata");
	uint64_t refused = 0;

	enter_world();
	apply(&cgroup, &policy);
	for (size_t i = 0; i < n_ways; i++) {
		const struct way *way = &ways[i];
		int error = attempt(&cgroup, way);

		if (way->verdict <= WAY_METADATA &&
			(way->verdict == WAY_METADATA) != (error == EPERM))
			ck_abort_msg("%s: %s", way->name, error ? strerror(error) : "reached");
		refused += way->verdict == WAY_METADATA;
	}
	ck_assert_int_eq(egress_bpf_denied(cgroup.fd, denials, &err), 1);
	ck_assert_uint_eq(denials[0].key.kind, EGRESS_DENIED_METADATA);
	ck_assert_uint_eq(denials[0].value.count, refused);
	destroy(&cgroup);
}
END_TEST

START_TEST(datagrams_to_metadata_are_refused_where_that_is_required)
{
	static const struct {
		const char *address;
		uint16_t port;
		bool refused;
	} sent[] = {
		{"169.254.169.254", 80, true},
		{"::ffff:169.254.169.254", 80, true},
		{"fd00:ec2::254", 80, true},
		{"169.254.169.254", 53, false},
		{"169.254.169.254", 123, false},
		{"169.254.1.1", 80, false},
	};
	const struct egress_bpf_policy policy = {
		.no_metadata = true, .no_metadata_datagrams = true};
	struct cgroup cgroup = make("datagrams");
	struct way way = {.name = ""};

	for (size_t i = 0; i < n_ways && strcmp(way.name, "metadata by sendto") != 0; i++)
		way = ways[i];
	enter_world();
	apply(&cgroup, &policy);
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		int error;

		way.address = sent[i].address;
		way.port = sent[i].port;
		error = attempt(&cgroup, &way);
		if (sent[i].refused != (error == EPERM))
			ck_abort_msg("%s:%u: %s", way.address, way.port, strerror(error));
	}
	destroy(&cgroup);
}
END_TEST

static const char *const one_word[][1] = {{"none"}, {"open"}, {"0.0.0.0/0"}, {"10.0.0.0/8"}};

START_TEST(the_hosts_loopback_is_not_the_containers)
{
	struct egress_policy rules = read_policy(one_word[_i], 1);
	const struct egress_bpf_policy policy = {.rules = &rules, .host_network = true};
	const int denied = rules.open ? 0 : EPERM;
	struct cgroup cgroup = make("host");

	enter_world();
	apply(&cgroup, &policy);
	ck_assert_int_eq(connect_to(&cgroup, "127.0.0.1", 80), denied);
	ck_assert_int_eq(connect_to(&cgroup, "0.0.0.0", 80), denied);
	ck_assert_int_eq(connect_to(&cgroup, "::1", 80), denied);
	ck_assert_int_eq(connect_to(&cgroup, "::", 80), denied);
	ck_assert_int_eq(connect_to(&cgroup, "::ffff:127.0.0.1", 80), denied);
	ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 80), _i == 0 ? EPERM : 0);
	destroy(&cgroup);
}
END_TEST

START_TEST(none_leaves_loopback_and_nothing_else)
{
	static const char *const reached[] = {
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"};
	static const char *const refused[] = {"10.1.2.3", "127.0.0.11", "198.18.0.1",
		"169.254.169.254", "::ffff:10.1.2.3", "::ffff:127.0.0.11", "::2", "::127.0.0.1",
		"64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "2001:db8::1"};
	const struct egress_policy none = read_policy(one_word[0], 1);
	const struct egress_bpf_policy policy = {.rules = &none, .no_metadata = _i};
	struct cgroup cgroup = make("none");

	enter_world();
	apply(&cgroup, &policy);
	for (size_t i = 0; i < sizeof(reached) / sizeof(reached[0]); i++)
		if (connect_to(&cgroup, reached[i], 80) != 0)
			ck_abort_msg("%s is not reached", reached[i]);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (connect_to(&cgroup, refused[i], 80) != EPERM)
			ck_abort_msg("%s is not refused", refused[i]);
	destroy(&cgroup);
}
END_TEST

static const char *const anywhere[] = {"127.0.0.1", "127.0.0.11", "127.255.255.255", "126.0.0.1",
	"128.0.0.1", "0.0.0.0", "0.0.0.1", "10.1.2.3", "192.0.2.1", "198.18.0.1", "198.19.0.1",
	"169.254.169.254", "100.100.100.200", "168.63.129.16", "::", "::1", "::2", "::127.0.0.1",
	"::ffff:127.0.0.1", "::ffff:127.0.0.11", "::ffff:0.0.0.0", "::ffff:198.18.0.1",
	"::ffff:169.254.169.254", "::fffe:127.0.0.1", "::1:0:0:1", "1::1", "64:ff9b::127.0.0.1",
	"64:ff9b::169.254.169.254", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "fd00:ec2::254",
	"2001:db8::1"};
static int (*const any_way[])(const struct way *) = {
	way_tcp, way_udp_connect, way_sendto, way_sendmsg, way_sendto_unspec, way_v6_socket};
static const uint16_t any_port[] = {53, 123, 80};

#define N(array) (sizeof(array) / sizeof((array)[0]))
#define DECISIONS (N(anywhere) * N(any_way) * N(any_port))

static bool *decisions; /* shared */

static void decide(uint16_t unused)
{
	(void)unused;
	for (size_t i = 0; i < DECISIONS; i++) {
		const struct way way = {.address = anywhere[i / N(any_way) / N(any_port)],
			.port = any_port[i % N(any_port)]};

		decisions[i] = any_way[i / N(any_port) % N(any_way)](&way) == EPERM;
	}
	_exit(0);
}

/* Returns how many were refused in all, as the cgroup counted. */
static uint64_t decide_with(const char *name, const struct egress_bpf_policy *policy)
{
	struct egress_denial denials[EGRESS_DENIALS_MAX];
	struct cgroup cgroup = make(name);
	uint64_t count = 0;
	int n;

	apply(&cgroup, policy);
	in_cgroup(&cgroup, decide, 0);
	n = egress_bpf_denied(cgroup.fd, denials, &err);
	ck_assert_int_gt(n, 0);
	for (int i = 0; i < n; i++)
		count += denials[i].value.count;
	destroy(&cgroup);
	return count;
}

/* The programs of none are others than those of rules. */
START_TEST(none_decides_as_a_rule_for_nowhere)
{
	static const char *const words[] = {"udp:192.0.2.77:9"};
	const struct egress_policy none = read_policy(one_word[0], 1);
	const struct egress_policy nowhere = read_policy(words, 1);
	struct egress_bpf_policy policy = {
		.rules = &nowhere, .no_metadata = _i & 1, .host_network = _i & 2};
	bool expected[DECISIONS];
	uint64_t count;

	decisions = mmap(
		NULL, sizeof(expected), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(decisions, MAP_FAILED);
	enter_world();
	count = decide_with("rule", &policy);
	memcpy(expected, decisions, sizeof(expected));
	policy.rules = &none;
	ck_assert_uint_eq(decide_with("none", &policy), count);
	for (size_t i = 0; i < DECISIONS; i++)
		if (decisions[i] != expected[i])
			ck_abort_msg("%s:%u, way %zu: %s", anywhere[i / N(any_way) / N(any_port)],
				any_port[i % N(any_port)], i / N(any_port) % N(any_way),
				decisions[i] ? "refused" : "reached");
	(void)munmap(decisions, sizeof(expected));
}
END_TEST

START_TEST(no_rule_opens_metadata)
{
	static const char *const words[] = {"169.254.0.0/16", "[::/0]", "udp:169.254.169.254:53"};
	const struct egress_policy rules = read_policy(words, 3);
	const struct egress_bpf_policy granted = {.rules = &rules};
	const struct egress_bpf_policy policy = {.rules = &rules, .no_metadata = true};
	struct cgroup cgroup = make("granted");

	enter_world();
	apply(&cgroup, &policy);
	ck_assert_int_eq(connect_to(&cgroup, "169.254.169.254", 80), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "fd00:ec2::254", 80), EPERM);
	ck_assert_int_eq(connect_to(&cgroup, "fd00:ec2::253", 80), 0);
	ck_assert_int_eq(connect_to(&cgroup, "169.254.1.1", 80), 0);
	/* As any other address. */
	ck_assert_int_eq(connect_to(&cgroup, "169.254.169.254", 53), 0);
	apply(&cgroup, &granted);
	ck_assert_int_eq(connect_to(&cgroup, "169.254.169.254", 80), 0);
	ck_assert_int_eq(connect_to(&cgroup, "fd00:ec2::254", 80), 0);
	destroy(&cgroup);
}
END_TEST

START_TEST(what_is_refused_is_counted_by_destination)
{
	const struct egress_policy none = read_policy(one_word[0], 1);
	const struct egress_bpf_policy policy = {.rules = &none};
	struct egress_denial denials[EGRESS_DENIALS_MAX];
	struct cgroup cgroup = make("denials");
	struct way way = ways[0];
	int n;

	enter_world();
	apply(&cgroup, &policy);
	ck_assert_int_eq(egress_bpf_denied(cgroup.fd, denials, &err), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(connect_to(&cgroup, "10.1.2.3", 443), EPERM);
	ck_assert_int_eq(egress_bpf_denied(cgroup.fd, denials, &err), 1);
	ck_assert_uint_eq(denials[0].key.kind, EGRESS_DENIED_V4);
	ck_assert_uint_eq(denials[0].key.protocol, IPPROTO_TCP);
	ck_assert_uint_eq(denials[0].key.port, 443);
	ck_assert_mem_eq(denials[0].key.address, ((uint8_t[16]){10, 1, 2, 3}), 16);
	ck_assert_uint_eq(denials[0].value.count, 3);
	ck_assert(!*denials[0].value.comm || !strcmp(denials[0].value.comm, "live"));
	way.number = 262; /* MPTCP */
	if (attempt(&cgroup, &way) == EPERM) {
		n = egress_bpf_denied(cgroup.fd, denials, &err);
		ck_assert_int_eq(n, 2);
		n = denials[0].key.kind == EGRESS_DENIED_SOCKET ? 0 : 1;
		ck_assert_uint_eq(denials[n].key.kind, EGRESS_DENIED_SOCKET);
		ck_assert_uint_eq(denials[n].key.protocol, 262);
	}
	destroy(&cgroup);
}
END_TEST

/* Of one port to many: more than there is room for. Returns in the cgroup. */
static void scan(uint16_t n)
{
	for (uint16_t port = 1; port <= n; port++) {
		struct sockaddr_in to = {.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(0x0a010203)};
		int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(sock, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != EPERM)
			_exit(1);
		(void)close(sock);
	}
	_exit(0);
}

START_TEST(a_scan_of_ports_is_refused_and_counted_to_the_end)
{
	const struct egress_policy none = read_policy(one_word[0], 1);
	const struct egress_bpf_policy policy = {.rules = &none};
	/* All 0, as memory of an arena: the key of EGRESS_DENIED_OTHERS. */
	struct egress_denial denials[EGRESS_DENIALS_MAX] = {{.key.kind = EGRESS_DENIED_OTHERS}};
	struct cgroup cgroup = make("scan");
	uint64_t sum = 0;
	int n;

	apply(&cgroup, &policy);
	in_cgroup(&cgroup, scan, 1000);
	n = egress_bpf_denied(cgroup.fd, denials, &err);
	ck_assert_int_eq(n, EGRESS_DENIALS_MAX - 1);
	for (int i = 0; i < n; i++)
		sum += denials[i].value.count;
	ck_assert_uint_eq(sum, 1000);
	destroy(&cgroup);
}
END_TEST

START_TEST(without_listening_the_container_reaches_itself)
{
	const struct egress_bpf_policy policy = {.no_listening = true};
	struct cgroup cgroup = make("listening");

	enter_world();
	apply(&cgroup, &policy);
	ck_assert_int_eq(connect_to(&cgroup, "127.0.0.1", 80), 0);
	destroy(&cgroup);
}
END_TEST

Suite *suite_egress_bpf(void)
{
	Suite *suite = suite_create("egress_bpf");
	TCase *t = tcase_create("egress_bpf");

	tcase_add_unchecked_fixture(t, name_base, sweep);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, without_rules_every_way_leads_out);
	tcase_add_test(t, rules_leave_what_they_name_and_nothing_else);
	tcase_add_test(t, metadata_alone_is_refused_without_rules);
	tcase_add_test(t, datagrams_to_metadata_are_refused_where_that_is_required);
	tcase_add_loop_test(t, the_hosts_loopback_is_not_the_containers, 0, 4);
	tcase_add_loop_test(t, none_leaves_loopback_and_nothing_else, 0, 2);
	tcase_add_loop_test(t, none_decides_as_a_rule_for_nowhere, 0, 4);
	tcase_add_test(t, no_rule_opens_metadata);
	tcase_add_test(t, what_is_refused_is_counted_by_destination);
	tcase_add_test(t, a_scan_of_ports_is_refused_and_counted_to_the_end);
	tcase_add_test(t, without_listening_the_container_reaches_itself);
	suite_add_tcase(suite, t);
	return suite;
}
