/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ways/attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOWED_UDP "10.1.2.3", 5353

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(const char *text, uint16_t port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(port);
		return sizeof(ret->v4);
	}
	(void)inet_pton(AF_INET6, text, &ret->v6.sin6_addr);
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(port);
	return sizeof(ret->v6);
}

/* Closes SOCK. R is the result of a system call. */
static int result(int sock, long r)
{
	const int error = r < 0 ? errno : 0;

	if (sock >= 0)
		(void)close(sock);
	return error;
}

static int open_for(const union address *to, int type, int protocol)
{
	return socket(to->any.sa_family, type | SOCK_CLOEXEC, protocol);
}

int way_tcp(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_STREAM, way->number);

	return result(sock, sock < 0 ? -1 : connect(sock, &to.any, length));
}

/* connect(2) takes 0.0.0.0 for the address that the socket is bound to. */
int way_bound(const struct way *way)
{
	union address own, to, peer;
	socklen_t length = address_of(way->address, 0, &own);
	int sock = open_for(&own, SOCK_STREAM, 0), r;

	(void)address_of(strchr(way->address, ':') ? "::ffff:0.0.0.0" : "0.0.0.0", way->port, &to);
	r = sock < 0 ? -1 : bind(sock, &own.any, length);
	if (r < 0 && sock >= 0)
		errno = EPERM; /* it is no address of this network */
	if (r == 0)
		r = connect(sock, &to.any, length);
	if (r == 0)
		r = getpeername(sock, &peer.any, &length);
	(void)address_of(way->address, way->port, &to);
	if (r == 0 && memcmp(&peer, &to, length) != 0) {
		errno = EPERM;
		r = -1;
	}
	return result(sock, r);
}

int way_sendto(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_DGRAM, way->number);

	return result(sock, sock < 0 ? -1 : sendto(sock, "x", 1, 0, &to.any, length));
}

int way_sendmsg(const struct way *way)
{
	union address to;
	struct iovec data = {(char[]){"x"}, 1};
	struct msghdr message = {.msg_name = &to, .msg_iov = &data, .msg_iovlen = 1};
	int sock;

	message.msg_namelen = address_of(way->address, way->port, &to);
	sock = open_for(&to, SOCK_DGRAM, 0);
	return result(sock, sock < 0 ? -1 : sendmsg(sock, &message, 0));
}

int way_sendmmsg(const struct way *way)
{
	union address to;
	struct iovec data = {(char[]){"x"}, 1};
	struct mmsghdr message = {.msg_hdr = {.msg_name = &to, .msg_iov = &data, .msg_iovlen = 1}};
	int sock;

	message.msg_hdr.msg_namelen = address_of(way->address, way->port, &to);
	sock = open_for(&to, SOCK_DGRAM, 0);
	return result(sock, sock < 0 ? -1 : sendmmsg(sock, &message, 1, 0));
}

int way_udp_connect(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_DGRAM, 0);
	int r = sock < 0 ? -1 : connect(sock, &to.any, length);

	return result(sock, r < 0 ? r : send(sock, "x", 1, 0));
}

/* A UDP socket that is connected to an address that is allowed. */
static int connected(void)
{
	union address allowed;
	const socklen_t length = address_of(ALLOWED_UDP, &allowed);
	int sock = open_for(&allowed, SOCK_DGRAM, 0);

	return sock < 0 || connect(sock, &allowed.any, length) < 0 ? -1 : sock;
}

int way_connected_sendto(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = connected();

	return result(sock, sock < 0 ? -1 : sendto(sock, "x", 1, 0, &to.any, length));
}

int way_connect_again(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = connected();

	return result(sock, sock < 0 ? -1 : connect(sock, &to.any, length));
}

int way_connect_after_unspec(const struct way *way)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = connected();
	int r = sock < 0 ? -1 : connect(sock, &none, sizeof(none));

	return result(sock, r < 0 ? r : connect(sock, &to.any, length));
}

/* udp_sendmsg takes AF_UNSPEC for AF_INET. */
int way_sendto_unspec(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_DGRAM, 0);

	to.any.sa_family = AF_UNSPEC;
	return result(sock, sock < 0 ? -1 : sendto(sock, "x", 1, 0, &to.any, length));
}

int way_fast_open(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_STREAM, 0);

	return result(sock, sock < 0 ? -1 : sendto(sock, "x", 1, MSG_FASTOPEN, &to.any, length));
}

int way_fast_open_connect(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_STREAM, 0), yes = 1, r = -1;

	if (sock >= 0 &&
		setsockopt(sock, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof(yes)) == 0)
		r = connect(sock, &to.any, length);
	return result(sock, r < 0 ? r : send(sock, "x", 1, 0));
}

/* A socket of IPv6 with an address of IPv4. */
int way_v6_socket(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return result(sock, sock < 0 ? -1 : sendto(sock, "x", 1, 0, &to.any, length));
}

/* Loose source route (RFC 791): the packet goes to the hop, whatever address it was sent to. */
int way_source_route(const struct way *way)
{
	unsigned char options[8] = {0x83, 7, 4, 0, 0, 0, 0, 0};
	union address hop, to;
	socklen_t length;
	int sock, r = -1;

	(void)address_of(way->address, way->port, &hop);
	memcpy(options + 3, &hop.v4.sin_addr, 4);
	length = address_of(ALLOWED_UDP, &to);
	sock = open_for(&to, SOCK_DGRAM, 0);
	if (sock >= 0 && setsockopt(sock, IPPROTO_IP, IP_OPTIONS, options, sizeof(options)) == 0)
		r = (int)sendto(sock, "x", 1, 0, &to.any, length);
	return result(sock, r);
}

/* NUMBER: family << 16 | type << 12 | protocol; protocols of the internet are below. */
int way_socket(const struct way *way)
{
	int sock = socket(
		way->number >> 16, (way->number >> 12 & 15) | SOCK_CLOEXEC, way->number & 0xfff);

	return result(sock, sock);
}

int way_raw(const struct way *way)
{
	static const char packet[28] = {0x45, [9] = IPPROTO_ICMP}; /* IPPROTO_RAW has it whole */
	union address to;
	const socklen_t length = address_of(way->address, 0, &to);
	int sock = open_for(&to, SOCK_RAW, way->number);

	return result(
		sock, sock < 0 ? -1 : sendto(sock, packet, sizeof(packet), 0, &to.any, length));
}

int way_ping(const struct way *way)
{
	static const char echo[8] = {8};
	union address to;
	const socklen_t length = address_of(way->address, 0, &to);
	int sock = open_for(&to, SOCK_DGRAM, way->number);

	return result(sock, sock < 0 ? -1 : sendto(sock, echo, sizeof(echo), 0, &to.any, length));
}

int way_packet(const struct way *way)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
		.sll_ifindex = 1,
		.sll_halen = 6,
		.sll_protocol = htons(ETH_P_IP)};
	int sock = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));

	(void)way;
	return result(sock, sock < 0 ? -1 : sendto(sock, "x", 1, 0, (void *)&to, sizeof(to)));
}

/* One submission, IORING_OP_CONNECT. Returns what the completion says. */
static int connect_by_ring(int ring, const struct io_uring_params *params, int sock,
	const union address *to, socklen_t length)
{
	char *rings = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		IORING_OFF_SQ_RING);
	struct io_uring_sqe *entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);

	if (rings == MAP_FAILED || entries == MAP_FAILED)
		return -errno;
	memset(&entries[0], 0, sizeof(entries[0]));
	entries[0].opcode = IORING_OP_CONNECT;
	entries[0].fd = sock;
	entries[0].addr = (uintptr_t)to;
	entries[0].off = length;
	((unsigned *)(void *)(rings + params->sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(void *)(rings + params->sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return ((struct io_uring_cqe *)(void *)(rings + params->cq_off.cqes))[0].res;
}

int way_io_uring(const struct way *way)
{
	struct io_uring_params params = {.flags = 0};
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params), sock, r;

	if (ring < 0)
		return errno;
	sock = open_for(&to, SOCK_STREAM, 0);
	r = sock < 0 ? -errno : connect_by_ring(ring, &params, sock, &to, length);
	(void)close(ring);
	(void)result(sock, 0);
	return -r;
}

/* A socket that another process inside made and passed on. */
int way_passed(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte;
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2], sock = -1, r = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return errno;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	if (fork() == 0) {
		sock = open_for(&to, SOCK_STREAM, 0);
		memcpy(CMSG_DATA(header), &sock, sizeof(int));
		_exit(sendmsg(pair[1], &message, 0) == 1 ? 0 : 1);
	}
	(void)wait(NULL);
	if (recvmsg(pair[0], &message, 0) == 1) {
		memcpy(&sock, CMSG_DATA(header), sizeof(int));
		r = connect(sock, &to.any, length);
	}
	r = result(sock, r);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return r;
}

/* Made before a fork. */
int way_inherited(const struct way *way)
{
	union address to;
	const socklen_t length = address_of(way->address, way->port, &to);
	int sock = open_for(&to, SOCK_STREAM, 0), status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(result(-1, connect(sock, &to.any, length)));
	(void)waitpid(pid, &status, 0);
	(void)result(sock, 0);
	return WEXITSTATUS(status);
}
