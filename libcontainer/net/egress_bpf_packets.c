/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "libcontainer/net/egress_compiler.h"

/* Compiles the programs that see packets (struct __sk_buff) instead of system calls. */

/* BPF_REG_0 = the struct bpf_sock of the packet; a packet without one is allowed. */
static void emit_find_socket(struct egress_assembler *a)
{
	emit(a, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, REG_CONTEXT,
		(int)offsetof(struct __sk_buff, sk), 0);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_1, 0, LABEL_ALLOW, 0);
	emit_call(a, BPF_FUNC_sk_fullsock);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_0, 0, LABEL_ALLOW, 0);
}

/* Jumps if the packet arrives or leaves by lo, which is interface 1 of every network namespace. */
static void emit_is_by_lo(struct egress_assembler *a, enum egress_label label)
{
	emit_load(a, REG_SCRATCH, REG_CONTEXT, offsetof(struct __sk_buff, ifindex));
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 1, label);
}

/* Judges a packet that a socket in the cgroup receives. A connection that was opened from inside
 * has a socket of its own. */
void egress_compile_ingress(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_is_by_lo(a, LABEL_ALLOW);
	emit_find_socket(a);
	emit_load(a, REG_SCRATCH, BPF_REG_0, offsetof(struct bpf_sock, state));
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, BPF_TCP_LISTEN, LABEL_DENY);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, BPF_TCP_ESTABLISHED, LABEL_ALLOW);
	emit_load(a, REG_PROTOCOL, BPF_REG_0, offsetof(struct bpf_sock, protocol));
	emit_jump_if(a, BPF_JNE, REG_PROTOCOL, IPPROTO_UDP, LABEL_ALLOW);
	emit_label(a, from, LABEL_DENY);
	emit_return(a, 0);
	emit_label(a, from, LABEL_ALLOW);
	emit_return(a, 1);
}

enum { /* the first bytes of a packet that leaves */
	HEAD = 20,
	HEAD_AT = -24, /* below REG_STACK */
	HEAD_V4_PROTOCOL = 9,
	HEAD_V4_TO = 16,
	HEAD_V6_NEXT = 6,
	HEAD_V6_FROM = 8, /* and TO behind it */
	V6_SIZE = 16,
	TO_AT = HEAD_AT - V6_SIZE,
	FROM_AT = TO_AT - V6_SIZE,
};

/* Copies the N bytes of the packet from OFFSET on to REG_STACK + AT. */
static void emit_copy(
	struct egress_assembler *a, int offset, int n, int at, enum egress_label if_short)
{
	emit_move(a, BPF_REG_1, REG_CONTEXT);
	emit_set(a, BPF_REG_2, offset);
	emit_address(a, BPF_REG_3, REG_STACK, at);
	emit_set(a, BPF_REG_4, n);
	emit_call(a, BPF_FUNC_skb_load_bytes);
	emit(a, BPF_JMP | BPF_K | BPF_JNE, BPF_REG_0, 0, if_short, 0);
}

static void emit_head(struct egress_assembler *a, int offset)
{
	emit(a, BPF_LDX | BPF_MEM | BPF_B, REG_SCRATCH, REG_STACK, HEAD_AT + offset, 0);
}

/* Refuses what is for loopback, or for a name, and leaves by another interface than lo: a socket
 * that was bound to it (SO_BINDTODEVICE, perhaps after connect(2)) would reach its link. */
static void emit_leaving4(struct egress_assembler *a)
{
	const size_t from = a->n;

	emit_is_by_lo(a, LABEL_LO);
	emit(a, BPF_LDX | BPF_MEM | BPF_W, REG_V4, REG_STACK, HEAD_AT + HEAD_V4_TO, 0);
	emit_swap(a, REG_V4, 32);
	emit_is_synthetic(a, LABEL_DENY);
	emit_imm(a, BPF_RSH, REG_V4, 24);
	emit_jump_if(a, BPF_JEQ, REG_V4, 127, LABEL_DENY);
	emit_label(a, from, LABEL_LO);
}

/* REG_SCRATCH = 0 if the address at AT is ::1. */
static void emit_is_loopback6(struct egress_assembler *a, int at)
{
	emit(a, BPF_LDX | BPF_MEM | BPF_W, REG_SCRATCH, REG_STACK, at + 12, 0);
	emit_imm(a, BPF_XOR, REG_SCRATCH, htonl(1));
	for (int word = at; word < at + 12; word += 4) {
		emit(a, BPF_LDX | BPF_MEM | BPF_W, REG_V4, REG_STACK, word, 0);
		emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_SCRATCH, REG_V4, 0, 0);
	}
}

/* Jumps except for TCP of a socket that is connected to another address than ::1. A socket of UDP
 * sends to more addresses than the one that it is connected to. */
static void emit_is_for_loopback6(struct egress_assembler *a, enum egress_label label)
{
	const size_t to = offsetof(struct bpf_sock, dst_ip6);

	emit_head(a, HEAD_V6_NEXT);
	emit_jump_if(a, BPF_JNE, REG_SCRATCH, IPPROTO_TCP, label);
	emit_find_socket(a);
	emit_load(a, REG_SCRATCH, BPF_REG_0, to + 12);
	emit_imm(a, BPF_AND, REG_SCRATCH, ~htonl(1)); /* :: or ::1 */
	for (size_t word = 0; word < 3; word++) {
		emit_load(a, REG_V4, BPF_REG_0, to + 4 * word);
		emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_SCRATCH, REG_V4, 0, 0);
	}
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 0, label);
}

/* Refuses also what is for ::1 and comes from another address. Over IPv6 that need not be one of
 * this network (IPV6_FREEBIND, ip_nonlocal_bind): who has it would get the kernel's answer, an ICMP
 * error that quotes the data, by a socket that no rule sees. But a packet filter of this network
 * may have redirected TCP that was for another address (Istio). */
static void emit_leaving6(struct egress_assembler *a)
{
	const size_t from = a->n;

	emit_copy(a, HEAD_V6_FROM, 2 * V6_SIZE, FROM_AT, LABEL_DENY);
	emit_is_loopback6(a, TO_AT);
	emit_jump_if(a, BPF_JNE, REG_SCRATCH, 0, LABEL_NEXT);
	emit_is_by_lo(a, LABEL_LO);
	emit_jump(a, LABEL_DENY);
	emit_label(a, from, LABEL_LO);
	emit_is_loopback6(a, FROM_AT);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 0, LABEL_NEXT);
	emit_is_for_loopback6(a, LABEL_DENY);
	emit_label(a, from, LABEL_NEXT);
}

/* Refuses ICMP of a ping socket, which was made before there were rules: with rules none can be
 * made. The kernel's own ICMP comes from raw sockets. */
static void emit_ping(struct egress_assembler *a)
{
	emit_find_socket(a);
	emit_load(a, REG_SCRATCH, BPF_REG_0, offsetof(struct bpf_sock, type));
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, SOCK_DGRAM, LABEL_DENY);
}

/* Judges a packet that leaves. A source route (RFC 791, RFC 8754) would lead it to another address
 * before the one that is allowed. Without CAP_NET_RAW nothing else needs options. */
void egress_compile_packets(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;
	static const int headers[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS};

	emit_copy(a, 0, HEAD, HEAD_AT, LABEL_ALLOW);
	emit_head(a, 0);
	emit_jump_if(a, BPF_JNE, REG_SCRATCH, 0x45, LABEL_NEXT);
	emit_leaving4(a);
	emit_head(a, HEAD_V4_PROTOCOL);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, IPPROTO_ICMP, LABEL_V4);
	emit_jump(a, LABEL_ALLOW);
	emit_label(a, from, LABEL_NEXT); /* options, or IPv6 */
	emit_imm(a, BPF_RSH, REG_SCRATCH, 4);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 4, LABEL_DENY);
	emit_leaving6(a);
	emit_head(a, HEAD_V6_NEXT);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		emit_jump_if(a, BPF_JEQ, REG_SCRATCH, (uint32_t)headers[i], LABEL_DENY);
	emit_jump_if(a, BPF_JNE, REG_SCRATCH, IPPROTO_ICMPV6, LABEL_ALLOW);
	emit_label(a, from, LABEL_V4);
	emit_ping(a);
	emit_label(a, from, LABEL_ALLOW);
	emit_return(a, 1);
	emit_label(a, from, LABEL_DENY);
	emit_return(a, 0);
}
