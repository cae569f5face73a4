/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/ways/attempts.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define UDP_LITE 136

/* clang-format off */
const struct way ways[] = {
	{"TCP, allowed", way_tcp, WAY_ALLOWED, "10.1.2.3", 443, 0},
	{"TCP, first of a range of ports", way_tcp, WAY_ALLOWED, "10.1.2.200", 8000, 0},
	{"TCP, last of a range of ports", way_tcp, WAY_ALLOWED, "10.1.2.255", 8002, 0},
	{"TCP over IPv6, allowed", way_tcp, WAY_ALLOWED, "fd77::5", 443, 0},
	{"TCP, v4-mapped, allowed", way_tcp, WAY_ALLOWED, "::ffff:10.1.2.3", 443, 0},
	{"TCP, NAT64, allowed", way_tcp, WAY_BY_FILTER, "64:ff9b::10.1.2.3", 443, 0},
	{"TCP, 6to4, allowed", way_tcp, WAY_BY_FILTER, "2002:a01:203::1", 443, 0},
	{"UDP by sendto, allowed", way_sendto, WAY_BY_FILTER, "10.1.2.3", 5353, 0},
	{"UDP by sendmsg, allowed", way_sendmsg, WAY_BY_FILTER, "10.1.2.3", 5353, 0},
	{"UDP connected, allowed", way_udp_connect, WAY_BY_FILTER, "10.1.2.3", 5353, 0},
	{"UDP, v4-mapped, allowed", way_sendto, WAY_BY_FILTER, "::ffff:10.1.2.3", 5353, 0},
	{"UDP of an IPv6 socket to IPv4, allowed", way_v6_socket, WAY_BY_FILTER, "10.1.2.3", 5353, 0},
	{"loopback", way_tcp, WAY_ALLOWED, "127.0.0.1", WAYS_OWN_PORT, 0},
	{"loopback over IPv6", way_tcp, WAY_ALLOWED, "::1", WAYS_OWN_PORT, 0},
	{"loopback, v4-mapped", way_tcp, WAY_ALLOWED, "::ffff:127.0.0.1", WAYS_OWN_PORT, 0},
	{"loopback by 0.0.0.0", way_tcp, WAY_ALLOWED, "0.0.0.0", WAYS_OWN_PORT, 0},
	{"loopback by UDP", way_sendto, WAY_ALLOWED, "127.0.0.1", 53, 0},
	{"socket of UNIX", way_socket, WAY_ALLOWED, NULL, 0, SOCKET(AF_UNIX, SOCK_STREAM, 0)},
	{"netlink: routes", way_socket, WAY_ALLOWED, NULL, 0, SOCKET(AF_NETLINK, SOCK_RAW, 0)},

	{"TCP, another port", way_tcp, WAY_DENIED, "10.1.2.3", 80, 0},
	{"TCP, below the range of ports", way_tcp, WAY_DENIED, "10.1.2.3", 7999, 0},
	{"TCP, above the range of ports", way_tcp, WAY_DENIED, "10.1.2.3", 8003, 0},
	{"TCP, the network beside", way_tcp, WAY_DENIED, "10.1.3.3", 443, 0},
	{"TCP to a port of UDP", way_tcp, WAY_DENIED, "10.1.2.3", 5353, 0},
	{"UDP to a port of TCP (QUIC)", way_sendto, WAY_DENIED, "10.1.2.3", 443, 0},
	{"UDP, another host", way_sendto, WAY_DENIED, "10.1.2.4", 5353, 0},
	{"private network", way_tcp, WAY_DENIED, "192.168.0.1", 443, 0},
	{"DNS over HTTPS by its address", way_tcp, WAY_DENIED, "1.1.1.1", 443, 0},
	{"DNS over TLS", way_tcp, WAY_DENIED, "9.9.9.9", 853, 0},
	{"DNS to another server", way_sendto, WAY_DENIED, "8.8.8.8", 53, 0},
	{"DNS to another server by TCP", way_tcp, WAY_DENIED, "8.8.8.8", 53, 0},
	{"DNS to Docker's resolver, which passes it on", way_sendto, WAY_DENIED, "127.0.0.11", 53, 0},
	{"IPv6 literal", way_tcp, WAY_DENIED, "2001:4860:4860::8888", 443, 0},
	{"IPv6, the network beside", way_tcp, WAY_DENIED, "fd77:0:0:1::5", 443, 0},
	{"IPv6 by UDP", way_sendto, WAY_DENIED, "2001:4860:4860::8888", 53, 0},
	{"v4-mapped", way_tcp, WAY_DENIED, "::ffff:1.1.1.1", 443, 0},
	{"v4-mapped by UDP", way_sendto, WAY_DENIED, "::ffff:8.8.8.8", 53, 0},
	{"NAT64", way_tcp, WAY_DENIED, "64:ff9b::1.1.1.1", 443, 0},
	{"NAT64, loopback inside", way_tcp, WAY_DENIED, "64:ff9b::127.0.0.1", 80, 0},
	{"6to4", way_tcp, WAY_DENIED, "2002:101:101::1", 443, 0},
	{"6to4, loopback inside", way_tcp, WAY_DENIED, "2002:7f00:1::1", 80, 0},
	{"UDP by sendto", way_sendto, WAY_DENIED, "198.51.100.1", 53, 0},
	{"UDP by sendmsg", way_sendmsg, WAY_DENIED, "198.51.100.1", 53, 0},
	{"UDP by sendmmsg", way_sendmmsg, WAY_DENIED, "198.51.100.1", 53, 0},
	{"UDP connected", way_udp_connect, WAY_DENIED, "198.51.100.1", 53, 0},
	{"sendto on a connected socket", way_connected_sendto, WAY_DENIED, "198.51.100.1", 53, 0},
	{"connect of a connected socket", way_connect_again, WAY_DENIED, "198.51.100.1", 53, 0},
	{"connect after AF_UNSPEC", way_connect_after_unspec, WAY_DENIED, "198.51.100.1", 53, 0},
	{"sendto with AF_UNSPEC", way_sendto_unspec, WAY_DENIED, "198.51.100.1", 53, 0},
	{"UDP of an IPv6 socket to IPv4", way_v6_socket, WAY_DENIED, "198.51.100.1", 53, 0},
	{"IP option: source route", way_source_route, WAY_DENIED, "198.51.100.1", 53, 0},
	{"MSG_FASTOPEN", way_fast_open, WAY_DENIED, "198.51.100.1", 443, 0},
	{"TCP_FASTOPEN_CONNECT", way_fast_open_connect, WAY_DENIED, "198.51.100.1", 443, 0},
	{"io_uring", way_io_uring, WAY_DENIED, "198.51.100.1", 443, 0},
	{"socket by SCM_RIGHTS", way_passed, WAY_DENIED, "198.51.100.1", 443, 0},
	{"inherited socket", way_inherited, WAY_DENIED, "198.51.100.1", 443, 0},

	{"metadata", way_tcp, WAY_METADATA, "169.254.169.254", 80, 0},
	{"metadata, v4-mapped", way_tcp, WAY_METADATA, "::ffff:169.254.169.254", 80, 0},
	{"metadata, NAT64", way_tcp, WAY_METADATA, "64:ff9b::169.254.169.254", 80, 0},
	{"metadata, 6to4", way_tcp, WAY_METADATA, "2002:a9fe:a9fe::1", 80, 0},
	{"metadata over IPv6", way_tcp, WAY_METADATA, "fd00:ec2::254", 80, 0},
	{"metadata of Azure", way_tcp, WAY_METADATA, "168.63.129.16", 80, 0},
	{"metadata, by 0.0.0.0", way_bound, WAY_METADATA, "169.254.169.254", 80, 0},
	{"metadata, by 0.0.0.0, v4-mapped", way_bound, WAY_METADATA, "::ffff:169.254.169.254", 80, 0},
	{"metadata, MSG_FASTOPEN", way_fast_open, WAY_METADATA, "169.254.169.254", 80, 0},
	{"metadata by UDP", way_udp_connect, WAY_METADATA, "169.254.169.254", 80, 0},
	{"metadata by sendto", way_sendto, WAY_DENIED, "169.254.169.254", 80, 0},
	{"metadata, its DNS", way_sendto, WAY_DENIED, "169.254.169.254", 53, 0},
	{"metadata, its NTP", way_sendto, WAY_DENIED, "169.254.169.254", 123, 0},
	{"link-local beside metadata", way_tcp, WAY_DENIED, "169.254.1.1", 80, 0},

	{"MPTCP", way_tcp, WAY_NO_SOCKET, "198.51.100.1", 443, IPPROTO_MPTCP},
	{"UDP-Lite", way_sendto, WAY_NO_SOCKET, "198.51.100.1", 53, UDP_LITE},
	{"SCTP", way_tcp, WAY_NO_SOCKET, "198.51.100.1", 443, IPPROTO_SCTP},
	{"DCCP", way_socket, WAY_NO_SOCKET, NULL, 0, SOCKET(AF_INET, SOCK_DCCP, IPPROTO_DCCP)},
	{"raw: ICMP", way_raw, WAY_NO_SOCKET, "198.51.100.1", 0, IPPROTO_ICMP},
	{"raw: ICMPv6", way_raw, WAY_NO_SOCKET, "2001:db8::1", 0, IPPROTO_ICMPV6},
	{"raw: UDP by hand", way_raw, WAY_NO_SOCKET, "198.51.100.1", 0, IPPROTO_UDP},
	{"raw: whole packets", way_raw, WAY_NO_SOCKET, "198.51.100.1", 0, IPPROTO_RAW},
	{"ping", way_ping, WAY_NO_SOCKET, "198.51.100.1", 0, IPPROTO_ICMP},

	{"cgroup of the host by its handle", way_cgroup, WAY_BESIDE, "9.9.9.9", 853, 0},
	{"cgroup of the host by clone3", way_clone_into_cgroup, WAY_BESIDE, "9.9.9.9", 853, 0},
	{"packet socket", way_packet, WAY_BESIDE, NULL, 0, 0},
	{"vsock", way_socket, WAY_BESIDE, NULL, 0, SOCKET(AF_VSOCK, SOCK_STREAM, 0)},
	{"XDP", way_socket, WAY_BESIDE, NULL, 0, SOCKET(44, SOCK_RAW, 0)},
	{"TIPC", way_socket, WAY_BESIDE, NULL, 0, SOCKET(AF_TIPC, SOCK_RDM, 0)},
	{"kernel crypto", way_socket, WAY_BESIDE, NULL, 0, SOCKET(AF_ALG, SOCK_SEQPACKET, 0)},
};
/* clang-format on */

const size_t n_ways = sizeof(ways) / sizeof(ways[0]);
