/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/resolv_conf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_resolv_conf(void);

START_TEST(the_servers_change_and_the_rest_stays)
{
	struct resolv_conf conf;

	resolv_conf_read("# made by an engine\n"
			 "search default.svc.cluster.local cluster.local\r\n"
			 "search default.svc.cluster.local cluster.local\n"
			 "nameserver\t10.96.0.10\n"
			 "nameserver fd00::53 # the other\n"
			 "options ndots:5",
		"198.18.0.1", &conf);
	ck_assert_uint_eq(conf.n_servers, 2);
	ck_assert_str_eq(conf.servers[0], "10.96.0.10");
	ck_assert_str_eq(conf.servers[1], "fd00::53");
	ck_assert_str_eq(conf.text, "nameserver 198.18.0.1\n"
				    "search default.svc.cluster.local cluster.local\n"
				    "options ndots:5\n");
}
END_TEST

START_TEST(without_servers_it_is_the_machine_itself)
{
	struct resolv_conf conf;

	resolv_conf_read("", "198.18.0.1", &conf);
	ck_assert_uint_eq(conf.n_servers, 1);
	ck_assert_str_eq(conf.servers[0], "127.0.0.1");
	ck_assert_str_eq(conf.text, "nameserver 198.18.0.1\n");
}
END_TEST

START_TEST(what_is_no_address_is_none)
{
	struct resolv_conf conf;

	resolv_conf_read(
		"nameserver 1.1.1.1,evil\nnameserver \nnameserver\nnameserver fe80::1%eth0\n"
		"nameservers 2.2.2.2\n nameserver 3.3.3.3\nnameserver 4.4.4.4\n"
		"nameserver 5.5.5.5\nnameserver 6.6.6.6\nnameserver 7.7.7.7\n",
		"s", &conf);
	ck_assert_uint_eq(conf.n_servers, 3);
	ck_assert_str_eq(conf.servers[0], "4.4.4.4");
	ck_assert_str_eq(conf.servers[2], "6.6.6.6");
	ck_assert_str_eq(conf.text, "nameserver s\n");
}
END_TEST

START_TEST(what_does_not_fit_is_left_out)
{
	char *text = malloc(2 * RESOLV_TEXT_MAX);
	struct resolv_conf conf;

	memset(text, 'x', 2 * RESOLV_TEXT_MAX);
	memcpy(text, "search ", 7);
	memcpy(text + RESOLV_TEXT_MAX, "\noptions edns0\n", 16);
	resolv_conf_read(text, "s", &conf);
	ck_assert_str_eq(conf.text, "nameserver s\noptions edns0\n");
	free(text);
}
END_TEST

static const char *domains_of(const char *text, struct resolv_conf *ret_conf)
{
	resolv_conf_read(text, "s", ret_conf);
	ret_conf->text[strcspn(ret_conf->text + ret_conf->search, "\n") + ret_conf->search] = '\0';
	return ret_conf->search ? ret_conf->text + ret_conf->search : "";
}

START_TEST(the_last_domains_count)
{
	struct resolv_conf conf;

	ck_assert_str_eq(domains_of("domain a\nsearch  b.c d\noptions x\n", &conf), "b.c d");
	ck_assert_str_eq(domains_of("search b.c d\ndomain\ta\n", &conf), "a");
	ck_assert_str_eq(domains_of("search b.c d\nsearch \001\n", &conf), "b.c d");
	ck_assert_str_eq(domains_of("options ndots:5\n", &conf), "");
}
END_TEST

START_TEST(a_name_is_shortened_by_each_domain_that_it_ends_in)
{
	const char *domains = "default.svc.test  SVC.test.\t. test st svc.test.more";
	const char *name = "api.default.svc.test";

	ck_assert_uint_eq(resolv_conf_shorten(&domains, name), strlen("api"));
	ck_assert_uint_eq(resolv_conf_shorten(&domains, name), strlen("api.default"));
	ck_assert_uint_eq(resolv_conf_shorten(&domains, name), strlen("api.default.svc"));
	ck_assert_uint_eq(resolv_conf_shorten(&domains, name), 0);
	ck_assert_str_eq(domains, "");
	domains = "test";
	ck_assert_uint_eq(resolv_conf_shorten(&domains, "test"), 0);
	domains = "test";
	ck_assert_uint_eq(resolv_conf_shorten(&domains, ".test"), 0);
	domains = "";
	ck_assert_uint_eq(resolv_conf_shorten(&domains, name), 0);
}
END_TEST

Suite *suite_resolv_conf(void)
{
	Suite *suite = suite_create("resolv_conf");
	TCase *tcase = tcase_create("resolv_conf");

	tcase_add_test(tcase, the_servers_change_and_the_rest_stays);
	tcase_add_test(tcase, without_servers_it_is_the_machine_itself);
	tcase_add_test(tcase, what_is_no_address_is_none);
	tcase_add_test(tcase, what_does_not_fit_is_left_out);
	tcase_add_test(tcase, the_last_domains_count);
	tcase_add_test(tcase, a_name_is_shortened_by_each_domain_that_it_ends_in);
	suite_add_tcase(suite, tcase);
	return suite;
}
