/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>

#include "libcontainer/net/egress_compiler.h"

/* Judges the addresses of loopback, before the rules. */

#define DOCKER_RESOLVER 0x7f00000bu /* 127.0.0.11 */

/* Judges 0.0.0.0. The kernel takes it for the address that the socket is bound to, and for
 * 127.0.0.1 only if there is none. The addresses of names are local, so they could be meant, and
 * lead to the relay of another container in this network: makes it 127.0.0.1 always. A socket of
 * IPv6 has it at the end of ::ffff:0.0.0.0. For ::, the kernel itself does the same. */
static void emit_any4(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;
	const size_t address = c->v6 ? ADDR(user_ip6) + 12 : ADDR(user_ip4);

	emit_jump_if(a, BPF_JNE, REG_V4, 0, LABEL_NEXT);
	emit_set(a, REG_SCRATCH, (int32_t)htonl(INADDR_LOOPBACK));
	emit_store(a, REG_CONTEXT, (int)address, REG_SCRATCH);
	emit_jump(a, LABEL_ALLOW);
	emit_label(a, from, LABEL_NEXT);
}

void egress_emit_loopback4(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const enum egress_label verdict = c->policy->host_network ? LABEL_DENY : LABEL_ALLOW;
	const size_t from = a->n;

	if (c->policy->host_network) {
		emit_jump_if(a, BPF_JEQ, REG_V4, 0, LABEL_DENY);
	} else {
		emit_any4(c);
		emit_jump_if(a, BPF_JEQ, REG_V4, DOCKER_RESOLVER, LABEL_NEXT);
	}
	emit_move(a, REG_SCRATCH, REG_V4);
	emit_imm(a, BPF_RSH, REG_SCRATCH, 24);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 127, verdict);
	emit_label(a, from, LABEL_NEXT);
}

void egress_emit_loopback6(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	for (int i = 0; i < 3; i++)
		emit_jump_if(a, BPF_JNE, REG_WORDS + i, 0, LABEL_NEXT);
	emit_jump_if(
		a, BPF_JLE, REG_WORDS + 3, 1, c->policy->host_network ? LABEL_DENY : LABEL_ALLOW);
	emit_label(a, from, LABEL_NEXT);
}
