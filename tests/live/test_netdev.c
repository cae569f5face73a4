/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/namespace/netdev.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Suite *suite_netdev(void);

static struct nacre_error err;

static int bind_loopback(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct sockaddr_in local = {.sin_family = AF_INET};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r = bind(sock, (struct sockaddr *)&address, sizeof(address));
	if (r == 0) {
		socklen_t length = sizeof(address);

		r = getsockname(sock, (struct sockaddr *)&address, &length);
		local.sin_port = address.sin_port;
	}
	if (r == 0)
		r = connect(sock, (struct sockaddr *)&local, sizeof(local));
	if (r == 0)
		r = send(sock, "x", 1, 0) == 1 ? 0 : -1;
	r = r < 0 ? -errno : 0;
	(void)close(sock);
	return r;
}

START_TEST(a_new_network_namespace_can_talk_to_itself)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(bind_loopback(), -ENETUNREACH);
	ck_assert_msg(netdev_loopback_up(&err) == 0, "%s", err.text);
	ck_assert_int_eq(bind_loopback(), 0);
	/* Twice does no harm. */
	ck_assert_msg(netdev_loopback_up(&err) == 0, "%s", err.text);
	ck_assert_int_eq(bind_loopback(), 0);
}
END_TEST

START_TEST(without_the_capability_it_says_so)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(netdev_loopback_up(&err), -EPERM);
	ck_assert_str_eq(err.text, "loopback device: bring lo up: Operation not permitted");
}
END_TEST

Suite *suite_netdev(void)
{
	Suite *suite = suite_create("netdev");
	TCase *t = tcase_create("netdev");

	tcase_add_test(t, a_new_network_namespace_can_talk_to_itself);
	tcase_add_test(t, without_the_capability_it_says_so);
	suite_add_tcase(suite, t);
	return suite;
}
