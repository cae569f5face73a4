/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 32768 /* the kernel's limit for one message of a dump */
#define DUMP_TRIES 10
#define MAX_ADDRESSES 4096

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

struct address {
	unsigned char family, prefix;
	uint32_t flags;
	bool has_metric;
	uint32_t metric;
	/* IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST; length 0: absent */
	struct {
		unsigned short length;
		unsigned char bytes[sizeof(struct in6_addr)];
	} local, address, broadcast;
};

int network_open(int fd, const char *where, struct network *ret_network, struct nacre_error *err)
{
	struct network network = {.fd = fd, .where = where};
	int on = 1;

	network.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!network.socket)
		return fail_errno(err, errno, "netlink socket %s", where);
	if (mnl_socket_bind(network.socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = fail_errno(err, errno, "netlink socket %s", where);

		(void)mnl_socket_close(network.socket);
		return r;
	}
	/* Linux 4.20: makes a dump list only one device's addresses. */
	(void)mnl_socket_setsockopt(network.socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*ret_network = network;
	return 0;
}

void network_close(struct network *network)
{
	if (network->socket)
		(void)mnl_socket_close(network->socket);
	network->socket = NULL;
}

/* Sends one request and passes each answer to TAKE. Returns 0, or -errno of the kernel without a
 * text. */
static int ask(struct network *network, struct nlmsghdr *request, mnl_cb_t take, void *data)
{
	const unsigned port = mnl_socket_get_portid(network->socket);
	char answer[BUFFER_SIZE];

	request->nlmsg_seq = ++network->sequence;
	if (mnl_socket_sendto(network->socket, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(network->socket, answer, sizeof(answer));
		int r;

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		r = mnl_cb_run(answer, (size_t)length, network->sequence, port, take, data);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

/* Begins a request about the device INDEX; 0: about no existing device. */
static struct nlmsghdr *link_request(void *buffer, unsigned type, unsigned flags, int index)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;

	request->nlmsg_type = (uint16_t)type;
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	link->ifi_index = index;
	return request;
}

static int take_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *found = mnl_nlmsg_get_payload(message);
	struct link *link = data;

	link->index = found->ifi_index;
	link->up = found->ifi_flags & IFF_UP;
	return MNL_CB_OK;
}

int link_find(
	struct network *network, const char *name, struct link *ret_link, struct nacre_error *err)
{
	char buffer[512];
	struct nlmsghdr *request = link_request(buffer, RTM_GETLINK, 0, 0);
	struct link link = {.index = 0};
	int r;

	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	r = ask(network, request, take_link, &link);
	if (r == 0 && link.index == 0)
		r = -ENODEV;
	if (r < 0)
		return fail_errno(err, r, "network device %s %s", name, network->where);
	*ret_link = link;
	return 0;
}

int link_set_up(struct network *network, int index, bool up, struct nacre_error *err)
{
	char buffer[512];
	struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, index);
	struct ifinfomsg *link = mnl_nlmsg_get_payload(request);
	int r;

	link->ifi_flags = up ? IFF_UP : 0;
	link->ifi_change = IFF_UP;
	r = ask(network, request, NULL, NULL);
	return r < 0 ? fail_errno(err, r, "set the device %s", up ? "up" : "down") : 0;
}

int link_move(struct network *from, int index, const struct network *to, const char *new_name,
	struct nacre_error *err)
{
	char buffer[512];
	struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, 0, index);
	int r;

	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)to->fd);
	mnl_attr_put_strz(request, IFLA_IFNAME, new_name);
	r = ask(from, request, NULL, NULL);
	if (r == -EINVAL)
		return fail_errno(err, r,
			"move the device (lo, and devices that belong to another device, cannot be "
			"moved)");
	return r < 0 ? fail_errno(err, r, "move the device") : 0;
}

struct address_dump {
	int index;
	struct addresses list;
	int result;
};

#define TAKE(attribute, to)                                                           \
	do {                                                                          \
		unsigned short length_ = mnl_attr_get_payload_len(attribute);         \
		if (length_ <= sizeof((to).bytes)) {                                  \
			(to).length = length_;                                        \
			memcpy((to).bytes, mnl_attr_get_payload(attribute), length_); \
		}                                                                     \
	} while (0)

static int take_attribute(const struct nlattr *attribute, void *data)
{
	struct address *address = data;

	switch (mnl_attr_get_type(attribute)) {
	case IFA_LOCAL:
		TAKE(attribute, address->local);
		break;
	case IFA_ADDRESS:
		TAKE(attribute, address->address);
		break;
	case IFA_BROADCAST:
		TAKE(attribute, address->broadcast);
		break;
	case IFA_FLAGS:
		address->flags = mnl_attr_get_u32(attribute);
		break;
	case IFA_RT_PRIORITY:
		address->has_metric = true;
		address->metric = mnl_attr_get_u32(attribute);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int take_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *found = mnl_nlmsg_get_payload(message);
	struct address_dump *dump = data;
	struct address address = {.family = found->ifa_family, .prefix = found->ifa_prefixlen};
	struct address *larger;

	if ((int)found->ifa_index != dump->index || found->ifa_scope != RT_SCOPE_UNIVERSE)
		return MNL_CB_OK;
	address.flags = found->ifa_flags;
	(void)mnl_attr_parse(message, sizeof(*found), take_attribute, &address);
	if (!(address.flags & IFA_F_PERMANENT))
		return MNL_CB_OK;
	larger = dump->list.n < MAX_ADDRESSES
			 ? reallocarray(dump->list.items, dump->list.n + 1, sizeof(*larger))
			 : NULL;
	if (!larger) {
		dump->result = dump->list.n < MAX_ADDRESSES ? -ENOMEM : -E2BIG;
		return MNL_CB_OK; /* reads the dump to its end all the same */
	}
	dump->list.items = larger;
	larger[dump->list.n++] = address;
	return MNL_CB_OK;
}

int addresses_read(struct network *network, int index, struct addresses *ret_addresses,
	struct nacre_error *err)
{
	/* The kernel reports a list that changed during the dump. */
	for (int tries = 0; tries < DUMP_TRIES; tries++) {
		char buffer[512];
		struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
		struct address_dump dump = {.index = index};
		struct ifaddrmsg *which;
		int r;

		request->nlmsg_type = RTM_GETADDR;
		request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		which = mnl_nlmsg_put_extra_header(request, sizeof(*which));
		which->ifa_family = AF_UNSPEC;
		which->ifa_index = (unsigned)index;
		r = ask(network, request, take_address, &dump);
		if (r == 0)
			r = dump.result;
		if (r == 0) {
			*ret_addresses = dump.list;
			return 0;
		}
		free(dump.list.items);
		if (r != -EINTR)
			return fail_errno(err, r, "read the device's addresses");
	}
	return fail(err, EAGAIN, "read the device's addresses: they keep changing");
}

static int add_address(struct network *network, int index, const struct address *address)
{
	char buffer[512];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *head;

	request->nlmsg_type = RTM_NEWADDR;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	head = mnl_nlmsg_put_extra_header(request, sizeof(*head));
	head->ifa_family = address->family;
	head->ifa_prefixlen = address->prefix;
	head->ifa_scope = RT_SCOPE_UNIVERSE;
	head->ifa_index = (unsigned)index;
	if (address->local.length)
		mnl_attr_put(request, IFA_LOCAL, address->local.length, address->local.bytes);
	if (address->address.length)
		mnl_attr_put(request, IFA_ADDRESS, address->address.length, address->address.bytes);
	if (address->broadcast.length)
		mnl_attr_put(request, IFA_BROADCAST, address->broadcast.length,
			address->broadcast.bytes);
	/* Only flags that an administrator sets: the kernel sets the others. */
	mnl_attr_put_u32(request, IFA_FLAGS,
		address->flags & (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
					 IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN));
	if (address->has_metric)
		mnl_attr_put_u32(request, IFA_RT_PRIORITY, address->metric);
	return ask(network, request, NULL, NULL);
}

int addresses_add(struct network *network, int index, const struct addresses *addresses,
	struct nacre_error *err)
{
	for (size_t i = 0; i < addresses->n; i++) {
		const struct address *address = &addresses->items[i];
		int r = add_address(network, index, address);
		char text[INET6_ADDRSTRLEN] = "";

		if (r == 0)
			continue;
		(void)inet_ntop(address->family, address->address.bytes, text, sizeof(text));
		return fail_errno(err, r, "set the device's address %s/%u", text, address->prefix);
	}
	return 0;
}
