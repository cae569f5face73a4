/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/net/egress_compiler.h"

/* Emits the code that counts what is refused. */

static void emit_key(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;
	const int address = KEY_AT + (int)offsetof(struct egress_denial_key, address);
	const bool socket = hook == EGRESS_SOCK_CREATE;

	emit(a, BPF_ST | BPF_MEM | BPF_W, REG_STACK, 0, KEY_AT,
		socket	? EGRESS_DENIED_SOCKET
		: c->v6 ? EGRESS_DENIED_V6
			: EGRESS_DENIED_V4);
	emit_load(a, REG_PROTOCOL, REG_CONTEXT,
		socket ? offsetof(struct bpf_sock, protocol)
		       : offsetof(struct bpf_sock_addr, protocol));
	emit_store(a, REG_STACK, KEY_AT + (int)offsetof(struct egress_denial_key, protocol),
		REG_PROTOCOL);
	emit_store(a, REG_STACK, KEY_AT + (int)offsetof(struct egress_denial_key, port), REG_PORT);
	for (int i = 0; i < 4; i++) {
		if (c->v6 || (i == 0 && !socket)) {
			emit_load(a, BPF_REG_1, REG_CONTEXT,
				c->v6 ? ADDR(user_ip6) + 4 * (size_t)i : ADDR(user_ip4));
			emit_store(a, REG_STACK, address + 4 * i, BPF_REG_1);
		} else if (i == 0) {
			emit_store(a, REG_STACK, address, REG_V4);
		} else {
			emit(a, BPF_ST | BPF_MEM | BPF_W, REG_STACK, 0, address + 4 * i, 0);
		}
	}
}

void egress_emit_comm(struct compiler *c, int base, int offset)
{
	if (!c->maps->comm)
		return;
	emit_address(
		&c->a, BPF_REG_1, base, offset + (int)offsetof(struct egress_denial_value, comm));
	emit_set(&c->a, BPF_REG_2, 16);
	emit_call(&c->a, BPF_FUNC_get_current_comm);
}

/* Looks the key up; if it is there, counts and goes to LABEL_ALLOW, here the end. */
static void emit_count(struct compiler *c, bool comm)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_map(a, BPF_REG_1, c->maps->denials);
	emit_address(a, BPF_REG_2, REG_STACK, KEY_AT);
	emit_call(a, BPF_FUNC_map_lookup_elem);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_0, 0, LABEL_NEXT, 0);
	emit_set(a, BPF_REG_1, 1);
	emit(a, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD);
	if (comm)
		egress_emit_comm(c, BPF_REG_0, 0);
	emit_jump(a, LABEL_ALLOW);
	emit_label(a, from, LABEL_NEXT);
}

/* A full map counts the rest in EGRESS_DENIED_OTHERS, which exists from the beginning. */
static void emit_denial(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_key(c, hook);
	emit_count(c, true);
	for (int at = VALUE_AT; at < KEY_AT; at += 8)
		emit(a, BPF_ST | BPF_MEM | BPF_DW, REG_STACK, 0, at, at == VALUE_AT);
	egress_emit_comm(c, REG_STACK, VALUE_AT);
	emit_map(a, BPF_REG_1, c->maps->denials);
	emit_address(a, BPF_REG_2, REG_STACK, KEY_AT);
	emit_address(a, BPF_REG_3, REG_STACK, VALUE_AT);
	emit_set(a, BPF_REG_4, BPF_ANY);
	emit_call(a, BPF_FUNC_map_update_elem);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_0, 0, LABEL_ALLOW, 0);
	for (int at = KEY_AT; at < KEY_AT + (int)sizeof(struct egress_denial_key); at += 4)
		emit(a, BPF_ST | BPF_MEM | BPF_W, REG_STACK, 0, at, 0);
	emit_count(c, false);
	emit_label(a, from, LABEL_ALLOW);
	emit_return(a, 0);
}

void egress_emit_verdicts(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;

	if (emit_label(a, 0, LABEL_ALLOW))
		emit_return(a, 1);
	emit_label(a, 0, LABEL_DENY);
	emit_denial(c, hook);
}
