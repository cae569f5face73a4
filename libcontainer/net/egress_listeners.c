/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/net/egress_bpf.h"

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

/* Drops what asks for a connection (SYN without ACK) and has not the mark. The sockets of accepted
 * connections inherit this, so it passes all other packets. */
static int take_marked(int sock)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct tcphdr, th_flags)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_MARK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EGRESS_MARK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}

int egress_listener_open(
	const struct egress_socket *at, bool udp, uint16_t *ret_port, struct nacre_error *err)
{
	union address own;
	const socklen_t length = fill_address(at, &own);
	cleanup_close int sock = socket(own.any.sa_family,
		(udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = sock < 0 ? -errno : !at && !udp ? take_marked(sock) : 0;

	if (r == 0)
		r = listen_on_lo(sock, &own, length, udp);
	if (r < 0)
		return fail_errno(err, r, "egress rules: listen on lo, port %u", port_of(&own));
	*ret_port = port_of(&own);
	return fd_steal(&sock);
}
