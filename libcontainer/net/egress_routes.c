/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_routes.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"
#include "specs/egress_reading.h"

/* Uses rtnetlink(7) by hand: the messages are few, and the main binary needs no library for it. */

struct route_message {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr device_head;
	uint32_t device;
	struct rtattr destination_head;
	uint8_t destination[16]; /* of IPv4 four bytes, which the message ends with */
};

/* fib_rule_hdr has the size of rtmsg, and its members but ACTION. */
struct rule_message {
	struct nlmsghdr header;
	struct fib_rule_hdr rule;
	struct rtattr priority_head;
	uint32_t priority;
};

struct policy_message {
	struct nlmsghdr header;
	struct xfrm_userpolicy_default policy;
};

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

/* Sends one message, and returns the kernel's answer. */
static int ask(int protocol, const struct nlmsghdr *message)
{
	cleanup_close int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct answer answer;
	ssize_t n;

	if (sock < 0 || send(sock, message, message->nlmsg_len, 0) < 0)
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

int egress_route_add(const struct egress_network *network, struct nacre_error *err)
{
	const uint16_t size = network->v6 ? 16 : 4;
	struct route_message message = {
		.header = {.nlmsg_len = offsetof(struct route_message, destination) + size,
			.nlmsg_type = RTM_NEWROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL},
		.route = {.rtm_family = network->v6 ? AF_INET6 : AF_INET,
			.rtm_dst_len = network->prefix,
			.rtm_table = RT_TABLE_LOCAL,
			.rtm_protocol = RTPROT_STATIC,
			.rtm_scope = RT_SCOPE_HOST,
			.rtm_type = RTN_LOCAL},
		.device_head = {RTA_LENGTH(sizeof(uint32_t)), RTA_OIF},
		.device = if_nametoindex("lo"),
		.destination_head = {(uint16_t)RTA_LENGTH(size), RTA_DST},
	};
	char text[EGRESS_NETWORK_TEXT];
	int r;

	memcpy(message.destination, network->address, size);
	r = ask(NETLINK_ROUTE, &message.header);
	if (r >= 0 || r == -EEXIST)
		return 0;
	return fail_errno(err, r, "egress rules: route %s to lo%s",
		egress_network_text(network, text),
		network->v6 ? " (is IPv6 off in the container's network?)" : "");
}

static int close_family(uint8_t family)
{
	const struct rule_message message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = RTM_NEWRULE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL},
		.rule = {.family = family, .action = FR_ACT_PROHIBIT},
		.priority_head = {RTA_LENGTH(sizeof(uint32_t)), FRA_PRIORITY},
		.priority = 1, /* 0 is the table local */
	};

	return ask(NETLINK_ROUTE, &message.header);
}

/* A socket that is bound to an interface needs no route to send on its link, and neither do
 * broadcast and multicast. The default policy of IPsec can block all that no other policy of it
 * allows, except loopback (Linux 5.15). Returns 0 also if the kernel lacks that: it matters only
 * once there is an interface. */
static int close_links(void)
{
	const struct policy_message message = {
		.header = {.nlmsg_len = sizeof(message),
			.nlmsg_type = XFRM_MSG_SETDEFAULT,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.policy = {.out = XFRM_USERPOLICY_BLOCK},
	};
	int r = ask(NETLINK_XFRM, &message.header);

	return r == -EPROTONOSUPPORT || r == -EINVAL ? 0 : r;
}

int egress_close_routes(struct nacre_error *err)
{
	int r = close_family(AF_INET);

	if (r == 0)
		r = close_family(AF_INET6);
	if (r == -EAFNOSUPPORT) /* the kernel has no IPv6 */
		r = 0;
	if (r == 0 && (r = close_links()) < 0)
		return fail_errno(err, r, "egress rules: block what leaves by a link");
	return r < 0 ? fail_errno(err, r,
			       "egress rules: prohibit what is not local (the kernel needs "
			       "CONFIG_IP_MULTIPLE_TABLES)")
		     : 0;
}

/* Returns the flags of interface NAME, or -errno. */
static int read_flags(int sock, const char *name)
{
	struct ifreq request = {.ifr_flags = 0};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(sock, SIOCGIFFLAGS, &request) < 0 ? -errno : (uint16_t)request.ifr_flags;
}

int egress_check_loopback(struct nacre_error *err)
{
	cleanup_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int flags = sock < 0 ? -errno : read_flags(sock, "lo");

	if (flags < 0)
		return fail_errno(err, flags, "egress rules: lo of the container's network");
	if (!(flags & IFF_UP))
		return fail(err, ENETDOWN,
			"egress rules: lo is down in the container's network, and names lead to "
			"it: bring it up in the network namespace (ip link set lo up)");
	return 0;
}

int egress_network_look(char ret_interface[IF_NAMESIZE], struct nacre_error *err)
{
	cleanup_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *interfaces = if_nameindex();
	int r = sock < 0 || !interfaces ? -errno : 0;

	ret_interface[0] = '\0';
	for (size_t i = 0; r == 0 && interfaces[i].if_index; i++) {
		int flags = read_flags(sock, interfaces[i].if_name);

		r = flags < 0 ? flags : 0;
		if (r == 0 && (flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP)
			(void)snprintf(ret_interface, IF_NAMESIZE, "%s", interfaces[i].if_name);
	}
	if (interfaces)
		if_freenameindex(interfaces);
	return r < 0 ? fail_errno(err, r, "interfaces of the container's network") : 0;
}

int egress_check_alone(struct nacre_error *err)
{
	char interface[IF_NAMESIZE];
	int r = egress_network_look(interface, err);

	if (r < 0 || !interface[0])
		return r;
	return fail(err, ENOTEMPTY,
		"egress rules cannot be enforced here: the container's network has the interface "
		"%s, and rules for it take root of the host; give the container a network without "
		"(--network none)",
		interface);
}
