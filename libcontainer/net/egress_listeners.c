/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"
#include "specs/egress_names.h"

#define BACKLOG 1024

/* rtnetlink(7), by hand: one message, and no library that the main binary would have to have. */
struct route_message {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr destination_head;
	uint32_t destination;
	struct rtattr device_head;
	uint32_t device;
};

struct route_answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

static int exchange(int sock, const struct route_message *message)
{
	struct route_answer answer;
	ssize_t n;

	if (send(sock, message, sizeof(*message), 0) < 0)
		return -errno;
	do
		n = recv(sock, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n < (ssize_t)sizeof(answer) || answer.header.nlmsg_type != NLMSG_ERROR
		       ? -EPROTO
		       : answer.error.error;
}

int egress_route_add(struct nacre_error *err)
{
	struct route_message message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL},
		.route = {.rtm_family = AF_INET,
			.rtm_dst_len = EGRESS_NAMES_PREFIX,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_protocol = RTPROT_STATIC,
			.rtm_scope = RT_SCOPE_HOST,
			.rtm_type = RTN_LOCAL},
		.destination_head = {RTA_LENGTH(sizeof(uint32_t)), RTA_DST},
		.destination = htonl(EGRESS_NAMES_NETWORK),
		.device_head = {RTA_LENGTH(sizeof(uint32_t)), RTA_OIF},
		.device = if_nametoindex("lo"),
	};
	cleanup_close int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r = sock < 0 ? -errno : 0;

	if (r == 0)
		r = exchange(sock, &message);
	return r < 0 && r != -EEXIST ? fail_errno(err, r, "route addresses of names to lo") : 0;
}

int egress_network_look(bool *ret_wired, struct nacre_error *err)
{
	cleanup_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *interfaces = if_nameindex();
	bool wired = false;
	int r = sock < 0 || !interfaces ? -errno : 0;

	for (size_t i = 0; r == 0 && interfaces[i].if_index; i++) {
		struct ifreq request = {.ifr_flags = 0};

		(void)snprintf(
			request.ifr_name, sizeof(request.ifr_name), "%s", interfaces[i].if_name);
		r = ioctl(sock, SIOCGIFFLAGS, &request) < 0 ? -errno : 0;
		wired |= (request.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP;
	}
	if (interfaces)
		if_freenameindex(interfaces);
	if (r < 0)
		return fail_errno(err, r, "interfaces of the container's network");
	*ret_wired = wired;
	return 0;
}

static int listen_on_lo(int sock, bool udp, uint16_t *ret_port)
{
	struct sockaddr_in own = {.sin_family = AF_INET};
	socklen_t length = sizeof(own);
	const char lo[] = "lo";
	const int on = 1;

	if (setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, lo, sizeof(lo)) < 0)
		return -errno;
	/* The address that was asked has to be the one that answers. */
	if (udp && setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(sock, (const struct sockaddr *)&own, sizeof(own)) < 0 ||
		getsockname(sock, (struct sockaddr *)&own, &length) < 0 ||
		(!udp && listen(sock, BACKLOG) < 0))
		return -errno;
	*ret_port = ntohs(own.sin_port);
	return 0;
}

int egress_listener_open(bool udp, uint16_t *ret_port, struct nacre_error *err)
{
	cleanup_close int sock = socket(
		AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = sock < 0 ? -errno : listen_on_lo(sock, udp, ret_port);

	return r < 0 ? fail_errno(err, r, "listen on lo for names") : fd_steal(&sock);
}
