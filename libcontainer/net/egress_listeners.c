/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"

#define BACKLOG 1024

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* AT NULL: any of IPv4, at any port. */
static socklen_t fill_address(const struct egress_socket *at, union address *ret_address)
{
	const bool single = at && egress_socket_is_single(at);

	*ret_address = (union address){.any.sa_family = at && at->at.v6 ? AF_INET6 : AF_INET};
	if (at && at->at.v6) {
		ret_address->v6.sin6_port = htons(at->port);
		if (single)
			memcpy(&ret_address->v6.sin6_addr, at->at.address, 16);
		return sizeof(ret_address->v6);
	}
	ret_address->v4.sin_port = htons(at ? at->port : 0);
	if (single)
		memcpy(&ret_address->v4.sin_addr, at->at.address, 4);
	return sizeof(ret_address->v4);
}

static uint16_t port_of(const union address *address)
{
	return ntohs(
		address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

static int listen_on_lo(int sock, union address *own, socklen_t length, bool udp)
{
	const bool v6 = own->any.sa_family == AF_INET6;
	const char lo[] = "lo";
	const int on = 1;

	if (setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, lo, sizeof(lo)) < 0)
		return -errno;
	/* IPv4 has sockets of its own. bind(2) does not know an address that is local by its route
	 * alone. */
	if (v6 && (setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
			  setsockopt(sock, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0))
		return -errno;
	/* The answer must come from the address that was asked. */
	if (udp && !v6 && setsockopt(sock, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0)
		return -errno;
	if (bind(sock, &own->any, length) < 0 || getsockname(sock, &own->any, &length) < 0 ||
		(!udp && listen(sock, BACKLOG) < 0))
		return -errno;
	return 0;
}

int egress_listener_open(
	const struct egress_socket *at, bool udp, uint16_t *ret_port, struct nacre_error *err)
{
	union address own;
	const socklen_t length = fill_address(at, &own);
	cleanup_close int sock = socket(own.any.sa_family,
		(udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = sock < 0 ? -errno : listen_on_lo(sock, &own, length, udp);

	if (r < 0)
		return fail_errno(err, r, "egress rules: listen on lo, port %u", port_of(&own));
	*ret_port = port_of(&own);
	return fd_steal(&sock);
}
