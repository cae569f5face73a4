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

/* Judges a packet that a socket in the cgroup receives. A connection that was opened from inside
 * has a socket of its own. lo is interface 1 of every network namespace. */
void egress_compile_ingress(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_load(a, REG_SCRATCH, REG_CONTEXT, offsetof(struct __sk_buff, ifindex));
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 1, LABEL_ALLOW);
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
	HEAD = 12,
	HEAD_AT = -16, /* below REG_STACK */
	HEAD_V4_PROTOCOL = 9,
	HEAD_V6_NEXT = 6,
};

static void emit_head(struct egress_assembler *a, int offset)
{
	emit(a, BPF_LDX | BPF_MEM | BPF_B, REG_SCRATCH, REG_STACK, HEAD_AT + offset, 0);
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

	emit_move(a, BPF_REG_1, REG_CONTEXT);
	emit_set(a, BPF_REG_2, 0);
	emit_move(a, BPF_REG_3, REG_STACK);
	emit(a, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, HEAD_AT);
	emit_set(a, BPF_REG_4, HEAD);
	emit_call(a, BPF_FUNC_skb_load_bytes);
	emit(a, BPF_JMP | BPF_K | BPF_JNE, BPF_REG_0, 0, LABEL_ALLOW, 0);
	emit_head(a, 0);
	emit_jump_if(a, BPF_JNE, REG_SCRATCH, 0x45, LABEL_NEXT);
	emit_head(a, HEAD_V4_PROTOCOL);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, IPPROTO_ICMP, LABEL_V4);
	emit_jump(a, LABEL_ALLOW);
	emit_label(a, from, LABEL_NEXT); /* options, or IPv6 */
	emit_imm(a, BPF_RSH, REG_SCRATCH, 4);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 4, LABEL_DENY);
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
