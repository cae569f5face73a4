/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>

#include "libcontainer/net/egress_compiler.h"

/* Jumps to LABEL_DENY if REG_SCRATCH, an option of setsockopt(2), lies in FIRST to LAST. */
static void emit_options(struct egress_assembler *a, int first, int last)
{
	const size_t from = a->n;

	emit_jump_if(a, BPF_JLT, REG_SCRATCH, (uint32_t)first, LABEL_NEXT);
	emit_jump_if(a, BPF_JLE, REG_SCRATCH, (uint32_t)last, LABEL_DENY);
	emit_label(a, from, LABEL_NEXT);
}

/* Refuses to join and to change groups: the kernel reports them to the link, IGMP and MLD, by a
 * socket of its own that no rule sees. A group and the list of its sources are data. Refuses to
 * take an address that the network does not have (FREEBIND): over IPv6, an allowed host would
 * answer to it. The kernel runs no such program for a call of a 32-bit program: the filter refuses
 * those (FILTER_COMPAT). */
void egress_compile_options(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_load(a, REG_PORT, REG_CONTEXT, offsetof(struct bpf_sockopt, level));
	emit_load(a, REG_SCRATCH, REG_CONTEXT, offsetof(struct bpf_sockopt, optname));
	emit_jump_if(a, BPF_JEQ, REG_PORT, IPPROTO_IPV6, LABEL_V6);
	emit_jump_if(a, BPF_JNE, REG_PORT, IPPROTO_IP, LABEL_ALLOW);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, IP_FREEBIND, LABEL_DENY); /* of IPv6 sockets, too */
	emit_options(a, IP_ADD_MEMBERSHIP, MCAST_MSFILTER);
	emit_jump(a, LABEL_ALLOW);
	emit_label(a, from, LABEL_V6);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, IPV6_FREEBIND, LABEL_DENY);
	emit_options(a, IPV6_JOIN_GROUP, IPV6_LEAVE_GROUP);
	emit_options(a, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST);
	emit_options(a, MCAST_JOIN_GROUP, MCAST_MSFILTER);
	emit_label(a, from, LABEL_ALLOW);
	/* 0: the value stays as it is, which may be longer than the page that the program sees. */
	emit_set(a, REG_SCRATCH, 0);
	emit_store(a, REG_CONTEXT, (int)offsetof(struct bpf_sockopt, optlen), REG_SCRATCH);
	emit_return(a, 1);
	emit_label(a, from, LABEL_DENY);
	emit_return(a, 0);
}
