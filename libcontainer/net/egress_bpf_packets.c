/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>

#include "libcontainer/net/egress_compiler.h"

/* The programs that see packets (struct __sk_buff), in place of system calls. */

/* A packet, as its socket in the cgroup gets it; a connection that was begun from inside has one of
 * its own. lo is interface 1 of every network namespace. */
void egress_compile_ingress(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_load(a, REG_SCRATCH, REG_CONTEXT, offsetof(struct __sk_buff, ifindex));
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 1, LABEL_ALLOW);
	emit(a, BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, REG_CONTEXT,
		(int)offsetof(struct __sk_buff, sk), 0);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_1, 0, LABEL_ALLOW, 0);
	emit_call(a, BPF_FUNC_sk_fullsock);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_0, 0, LABEL_ALLOW, 0);
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

/* A packet that leaves: source routes (RFC 791, RFC 8754) would take one for an address that is
 * allowed to another first. Without CAP_NET_RAW nothing else needs options. */
void egress_compile_packets(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;
	static const int headers[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS};

	emit_move(a, BPF_REG_1, REG_CONTEXT);
	emit_set(a, BPF_REG_2, 0);
	emit_move(a, BPF_REG_3, REG_STACK);
	emit(a, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -8);
	emit_set(a, BPF_REG_4, 8);
	emit_call(a, BPF_FUNC_skb_load_bytes);
	emit(a, BPF_JMP | BPF_K | BPF_JNE, BPF_REG_0, 0, LABEL_ALLOW, 0);
	emit(a, BPF_LDX | BPF_MEM | BPF_B, REG_SCRATCH, REG_STACK, -8, 0);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 0x45, LABEL_ALLOW); /* no options */
	emit_imm(a, BPF_RSH, REG_SCRATCH, 4);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 4, LABEL_DENY);
	emit(a, BPF_LDX | BPF_MEM | BPF_B, REG_SCRATCH, REG_STACK, -8 + 6, 0);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		emit_jump_if(a, BPF_JEQ, REG_SCRATCH, (uint32_t)headers[i], LABEL_DENY);
	emit_label(a, from, LABEL_ALLOW);
	emit_return(a, 1);
	emit_label(a, from, LABEL_DENY);
	emit_return(a, 0);
}
