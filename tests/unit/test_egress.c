/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress.h"
#include "tests/unit/hardening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

Suite *suite_egress(void);

/* Each form, and what is kept of it. */
static const struct {
	const char *text;
	const char *canonical;
} forms[] = {
	{"registry.npmjs.org", "registry.npmjs.org:443"},
	{"Registry.NPMjs.org.:443", "registry.npmjs.org:443"},
	{"a.example:80,443,8000-8010", "a.example:80,443,8000-8010"},
	{"a.example:443,80,81,82,81-90", "a.example:80-90,443"},
	{"a.example:1,65535", "a.example:1,65535"},
	{"db", "db:443"},
	{"my_db:5432", "my_db:5432"},
	{"3f2a9c:80", "3f2a9c:80"},
	{"xn--bcher-kva.example", "xn--bcher-kva.example:443"},
	{"*.githubusercontent.com", "*.githubusercontent.com:443"},
	{"*.internal:80-81", "*.internal:80-81"},
	{"tcp:db.corp:5432", "tcp:db.corp:5432"},
	{"tcp:db.corp:5432@10.0.0.0/8", "tcp:db.corp:5432@10.0.0.0/8"},
	{"db.corp@10.0.0.0/8,10.1.0.0/16,[fd00::/8]", "db.corp:443@10.0.0.0/8,[fd00::/8]"},
	{"*.corp@10.0.0.1/32", "*.corp:443@10.0.0.1"},
	{"10.1.0.0/16", "10.1.0.0/16"},
	{"10.1.0.0/16:5432", "10.1.0.0/16:5432"},
	{"10.1.2.3/32:443,80", "10.1.2.3:80,443"},
	{"10.1.2.3:1-65535", "10.1.2.3"},
	{"10.1.2.3:1-443,444-65535", "10.1.2.3"},
	{"0.0.0.0/0", "0.0.0.0/0"},
	{"169.254.169.254", "169.254.169.254"},
	{"[2001:DB8::]", "[2001:db8::]"},
	{"[2001:db8::/32]:443", "[2001:db8::/32]:443"},
	{"[::/0]", "[::/0]"},
	{"[fd00::1/128]:53", "[fd00::1]:53"},
	{"udp:1.1.1.1:53", "udp:1.1.1.1:53"},
	{"udp:[2606:4700::/32]:53,443", "udp:[2606:4700::/32]:53,443"},
	{"udp:127.0.0.11:53", "udp:127.0.0.11:53"},
	{"udp:224.0.0.251:5353", "udp:224.0.0.251:5353"},
};

START_TEST(a_rule_has_one_canonical_text)
{
	struct egress_rule rule, again;
	struct nacre_error err;

	ck_assert_msg(egress_rule_parse(arena, forms[_i].text, &rule, &err) == 0, "%s", err.text);
	ck_assert_str_eq(rule.text, forms[_i].canonical);
	ck_assert_int_eq(egress_rule_parse(arena, rule.text, &again, &err), 0);
	ck_assert_str_eq(again.text, forms[_i].canonical);
	ck_assert_int_eq(rule.n_ports, again.n_ports);
	ck_assert_int_eq(rule.kind == EGRESS_NAME, rule.name != NULL);
}
END_TEST

#define LABEL63 "a23456789012345678901234567890123456789012345678901234567890123"
#define NAME253                                                                 \
	LABEL63 "." LABEL63 "." LABEL63                                         \
		".a2345678901234567890123456789012345678901234567890123456789." \
		"a"

/* What is wrong, and the remedy that the error has. */
static const struct {
	const char *text;
	const char *says;
} wrong[] = {
	{"", "expected a host name or an address"},
	{"-a.example", "expected a host name"},
	{"a-.example", "expected a host name"},
	{"a..example", "expected a host name"},
	{".example", "expected a host name"},
	{"a b", "expected a host name"},
	{LABEL63 "a.example", "expected a host name"},
	{NAME253 "a", "expected a host name"},
	{"b\xc3\xbc"
	 "cher.example",
		"xn--"},
	{"https://a.example", "not a URL"},
	{"https://a.example/x", "not a URL"},
	{"a.example/x", "cannot have a path"},
	{"*", "\"open\""},
	{"*:443", "\"open\""},
	{"a.*.example", "*.example.com"},
	{"*a.example", "*.example.com"},
	{"*.", "*.example.com"},
	{"none:443", "rules of their own"},
	{"open:443", "rules of their own"},
	{"private:443", "rules of their own"},
	{"tcp", "cannot be host names"},
	{"UDP.", "cannot be host names"},
	{"localhost", "loopback needs no rule"},
	{"a.LocalHost.:80", "loopback needs no rule"},
	{"*.localhost", "loopback needs no rule"},
	{"127.0.0.1:80", "loopback needs no rule"},
	{"127.0.0.0/8", "loopback needs no rule"},
	{"[::1]:80", "loopback needs no rule"},
	{"0.0.0.0", "all of IPv4 is 0.0.0.0/0"},
	{"198.18.0.1", "give the name"},
	{"198.18.0.0/15", "give the name"},
	{"[::ffff:10.0.0.1]", "give the IPv4 address"},
	{"[64:ff9b::a00:1]", "NAT64"},
	{"[2002:a00:1::/48]", "6to4"},
	{"a.example:", "a port from 1 to 65535"},
	{"a.example:0", "a port from 1 to 65535"},
	{"a.example:65536", "a port from 1 to 65535"},
	{"a.example:99999999999999999999", "a port from 1 to 65535"},
	{"a.example:80,", "a port from 1 to 65535"},
	{"a.example:80-", "a port from 1 to 65535"},
	{"a.example:https", "a port from 1 to 65535"},
	{"a.example:90-80", "ends before it begins"},
	{"a.example:80x", "the end of the rule after the ports"},
	{"a.example:1,3,5,7,9,11,13,15,17", "give two rules"},
	{"tcp:db.corp", "expected a port: tcp:NAME:PORT"},
	{"tcp:*.corp:5432", "a rule for each"},
	{"tcp:10.0.0.0/8:5432", "is for TCP"},
	{"tcp:[fd00::/8]:5432", "is for TCP"},
	{"udp:a.example:53", "udp:CIDR:PORT"},
	{"10.0.0.1.2", "an IPv4 address such as"},
	{"10.0.0", "an IPv4 address such as"},
	{"10.0.0.256", "an IPv4 address such as"},
	{"010.0.0.1", "an IPv4 address such as"},
	{"443", "an IPv4 address such as"},
	{"127.0x1", "expected a host name"},
	{"10.0.0.0/33", "from 0 to 32"},
	{"10.0.0.0/", "from 0 to 32"},
	{"10.0.0.0/8/8", "the end of the rule"},
	{"[fd00::/129]", "from 0 to 128"},
	{"10.1.2.3/8", "give 10.0.0.0/8"},
	{"[fd00::1/8]:443", "give [fd00::/8]"},
	{"fd00::1", "in brackets"},
	{"2001:db8::/32", "in brackets"},
	{"[fd00::1", "expected [ADDRESS]"},
	{"[10.0.0.1]", "an IPv6 address between"},
	{"[fe80::1%eth0]", "expected [ADDRESS]"},
	{"10.0.0.0/8@10.0.0.0/8", "applies only to names"},
	{"a.example@", "an IPv4 address such as"},
	{"a.example@b.example", "an IPv4 address such as"},
	{"a.example@10.0.0.0/8:443", "the end of the rule"},
};

START_TEST(what_is_no_rule_gets_an_error_with_the_remedy)
{
	struct nacre_error err;
	struct egress_rule rule;

	ck_assert_msg(
		egress_rule_parse(arena, wrong[_i].text, &rule, &err) < 0, "%s", wrong[_i].text);
	ck_assert_ptr_nonnull(strstr(err.text, "egress rule \""));
	ck_assert_msg(strstr(err.text, wrong[_i].says) != NULL, "%s", err.text);
}
END_TEST

static const struct {
	const char *words;
	const char *canonical; /* NULL: an error, which says */
	const char *says;
} lists[] = {
	{"none", "none", NULL},
	{"none none", NULL, "cannot stand beside other rules"},
	{"none a.example", NULL, "cannot stand beside other rules"},
	{"open", "open", NULL},
	{"private open", "open private", NULL},
	{"open a.example", NULL, "\"a.example:443\""},
	{"private", NULL, "a rule with a NAME"},
	{"private a.example", "a.example:443 private", NULL},
	{"a.example A.example:443 b.example", "a.example:443 b.example:443", NULL},
	{"a.example:1-64", "a.example:1-64", NULL},
	{"a.example:1-65", NULL, "64 different ports"},
	{"a.example:1-60 b.example:1-64 10.0.0.0/8", "a.example:1-60 b.example:1-64 10.0.0.0/8",
		NULL},
	{"a.example:1-60 *.b.example:61-65", NULL, "64 different ports"},
	{"a.example b_.example:x", NULL, "b_.example:x"},
};

START_TEST(a_list_of_rules)
{
	const struct oci_strings words = split(lists[_i].words);
	struct egress_policy policy;
	struct oci_strings canonical;
	struct nacre_error err;
	int r = egress_policy_parse(arena, &words, &policy, &err);

	if (!lists[_i].canonical) {
		ck_assert_int_lt(r, 0);
		ck_assert_msg(strstr(err.text, lists[_i].says) != NULL, "%s", err.text);
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_int_eq(egress_policy_words(arena, &policy, &canonical, &err), 0);
	ck_assert_str_eq(joined(&canonical), lists[_i].canonical);
}
END_TEST

/* COUNT rules of different names. */
static struct oci_strings many(size_t count)
{
	struct oci_strings list = {.items = arena_array(arena, count, sizeof(char *))};

	for (; list.n < count; list.n++)
		list.items[list.n] = arena_printf(arena, "a%zu.example", list.n);
	return list;
}

START_TEST(a_list_is_bounded)
{
	struct oci_strings words = many(EGRESS_RULES_MAX);
	char text[EGRESS_TEXT_MAX + 1];
	struct egress_policy policy;
	struct egress_rule rule;
	struct nacre_error err;

	ck_assert_int_eq(egress_policy_parse(arena, &words, &policy, &err), 0);
	ck_assert_uint_eq(policy.n_rules, EGRESS_RULES_MAX);
	words = many(EGRESS_RULES_MAX + 1);
	ck_assert_int_eq(egress_policy_parse(arena, &words, &policy, &err), -E2BIG);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(egress_rule_parse(arena, text, &rule, &err), -E2BIG);
	ck_assert_int_eq(egress_rule_parse(arena, NAME253, &rule, &err), 0);
	ck_assert_uint_eq(strlen(NAME253), EGRESS_NAME_MAX);
}
END_TEST

static bool lies_in(const struct egress_network *networks, size_t n, const char *text)
{
	const bool v6 = strchr(text, ':');
	uint8_t address[16];

	ck_assert_int_eq(inet_pton(v6 ? AF_INET6 : AF_INET, text, address), 1);
	for (size_t i = 0; i < n; i++) {
		if (egress_network_has(&networks[i], address, v6))
			return true;
	}
	return false;
}

START_TEST(the_tables_of_networks)
{
	static const char *const metadata[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23",
		"168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
		"fe80::a9fe:a9fe", "fd00:42::42"};
	static const char *const inside[] = {"10.255.255.255", "172.31.0.1", "192.168.1.1",
		"100.127.0.1", "127.0.0.53", "169.254.1.1", "0.0.0.0", "255.255.255.255",
		"::", "::1", "fd12::1", "fe80::1", "ff02::1", "198.19.255.255"};
	static const char *const outside[] = {"1.1.1.1", "172.32.0.1", "100.128.0.1", "11.0.0.0",
		"198.20.0.0", "2606:4700::1111", "2001:4860:4860::8888"};

	for (int i = 0; i < COUNT(metadata); i++)
		ck_assert_msg(lies_in(egress_metadata, egress_n_metadata, metadata[i]), "%s",
			metadata[i]);
	for (int i = 0; i < COUNT(inside); i++)
		ck_assert_msg(
			lies_in(egress_private, egress_n_private, inside[i]), "%s", inside[i]);
	for (int i = 0; i < COUNT(outside); i++) {
		ck_assert_msg(
			!lies_in(egress_private, egress_n_private, outside[i]), "%s", outside[i]);
		ck_assert_msg(
			!lies_in(egress_metadata, egress_n_metadata, outside[i]), "%s", outside[i]);
	}
}
END_TEST

Suite *suite_egress(void)
{
	Suite *suite = suite_create("egress");
	TCase *tcase = tcase_create("rules");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tcase, a_rule_has_one_canonical_text, 0, COUNT(forms));
	tcase_add_loop_test(tcase, what_is_no_rule_gets_an_error_with_the_remedy, 0, COUNT(wrong));
	tcase_add_loop_test(tcase, a_list_of_rules, 0, COUNT(lists));
	tcase_add_test(tcase, a_list_is_bounded);
	tcase_add_test(tcase, the_tables_of_networks);
	suite_add_tcase(suite, tcase);
	return suite;
}
