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
	HEAD_V6_TO = 24, /* behind those */
	TO = 16,
	TO_AT = HEAD_AT - TO,
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

static void emit_leaving6(struct egress_assembler *a)
{
	const size_t from = a->n;

	emit_is_by_lo(a, LABEL_LO);
	emit_copy(a, HEAD_V6_TO, TO, TO_AT, LABEL_DENY);
	emit(a, BPF_LDX | BPF_MEM | BPF_W, REG_SCRATCH, REG_STACK, TO_AT + 12, 0);
	emit_imm(a, BPF_XOR, REG_SCRATCH, htonl(1));
	for (int at = TO_AT; at < TO_AT + 12; at += 4) {
		emit(a, BPF_LDX | BPF_MEM | BPF_W, REG_V4, REG_STACK, at, 0);
		emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_SCRATCH, REG_V4, 0, 0);
	}
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 0, LABEL_DENY);
	emit_label(a, from, LABEL_LO);
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
