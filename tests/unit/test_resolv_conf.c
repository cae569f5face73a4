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

Suite *suite_resolv_conf(void)
{
	Suite *suite = suite_create("resolv_conf");
	TCase *tcase = tcase_create("resolv_conf");

	tcase_add_test(tcase, the_servers_change_and_the_rest_stays);
	tcase_add_test(tcase, without_servers_it_is_the_machine_itself);
	tcase_add_test(tcase, what_is_no_address_is_none);
	tcase_add_test(tcase, what_does_not_fit_is_left_out);
	suite_add_tcase(suite, tcase);
	return suite;
}
