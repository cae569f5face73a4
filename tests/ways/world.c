/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/ways/ways.h"

static int raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (sock < 0)
		return -1;
	r = ioctl(sock, SIOCSIFFLAGS, &request);
	(void)close(sock);
	return r;
}

/* "ip route add local default dev lo" */
static int route_all_to_self(unsigned char family)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr attribute;
		int interface;
	} request = {
		.header = {sizeof(request), RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK,
			0, 0},
		.route = {.rtm_family = family,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_protocol = RTPROT_STATIC,
			.rtm_scope = RT_SCOPE_HOST,
			.rtm_type = RTN_LOCAL},
		.attribute = {RTA_LENGTH(sizeof(int)), RTA_OIF},
		.interface = 1,
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[256];
	} answer;
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r = -1;

	if (sock < 0)
		return -1;
	if (send(sock, &request, sizeof(request), 0) == (ssize_t)sizeof(request) &&
		recv(sock, &answer, sizeof(answer), 0) >= (ssize_t)NLMSG_LENGTH(sizeof(int))) {
		errno = -answer.error.error;
		r = errno ? -1 : 0;
	}
	(void)close(sock);
	return r;
}

/* The kernel takes connections; nobody has to accept them. */
static int listen_on(uint16_t port)
{
	const struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int sock = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), no = 0, yes = 1;

	if (sock < 0 || setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0 ||
		setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		bind(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return listen(sock, 4096);
}

int ways_serve_loopback(void)
{
	return listen_on(WAYS_OWN_PORT) < 0 ? -1 : 0;
}

bool ways_address_is_own(const char *address)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_own;

	if (!strncmp(address, "::ffff:", 7))
		address += 7;
	is_own = inet_pton(AF_INET, address, &own.sin_addr) == 1 &&
		 bind(sock, (const struct sockaddr *)&own, sizeof(own)) == 0;
	(void)close(sock);
	return is_own;
}

/* For all groups, as Docker does, that a user namespace of as.sh has. */
static int allow_ping(void)
{
	static const char range[] = "0 999999";
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = write(fd, range, sizeof(range) - 1) < 0 ? -1 : 0;
	(void)close(fd);
	return r;
}

int ways_enter_world(void)
{
	if (unshare(CLONE_NEWNET) < 0 || raise_loopback() < 0 || route_all_to_self(AF_INET) < 0 ||
		route_all_to_self(AF_INET6) < 0 || allow_ping() < 0)
		return -1;
	for (size_t i = 0; i < n_ways; i++)
		if (ways[i].port && listen_on(ways[i].port) < 0 && errno != EADDRINUSE)
			return -1;
	return 0;
}
