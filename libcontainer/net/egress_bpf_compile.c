/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "libcontainer/net/egress_compiler.h"
#include "specs/egress_names.h"

/*
 * Compiles the programs of the hooks of egress_bpf.h. A rule is a few comparisons in a row, and no
 * map: an IPv4 address is one number, an IPv6 address four. All jumps lead forward, to places where
 * the registers mean the same whatever path led there, so that the kernel verifies each instruction
 * about once when it loads a program.
 *
 * PORT and PROTOCOL must be kept from the beginning to the end: a call of a kernel function clears
 * BPF_REG_1 to BPF_REG_5.
 */

bool egress_bpf_has_rules(const struct egress_bpf_policy *policy)
{
	return policy->rules && !policy->rules->open;
}

bool egress_bpf_has_names(const struct egress_bpf_policy *policy)
{
	return policy->rules && (policy->relay || egress_names_any(policy->rules));
}

/* --- addresses --- */

/* Jumps to LABEL_NEXT if the upper BITS of REG, 32 bits of the address, are not those of VALUE. */
static void emit_compare(struct egress_assembler *a, int reg, uint32_t value, unsigned bits)
{
	if (bits == 0)
		return;
	if (bits < 32) {
		emit_move(a, REG_SCRATCH, reg);
		emit_imm(a, BPF_RSH, REG_SCRATCH, 32 - bits);
		reg = REG_SCRATCH;
	}
	emit_jump_if(a, BPF_JNE, reg, value >> (32 - bits) % 32, LABEL_NEXT);
}

static void emit_network(struct egress_assembler *a, const struct egress_network *network)
{
	for (unsigned i = 0, left = network->prefix; left; i++) {
		const unsigned bits = left < 32 ? left : 32;

		emit_compare(
			a, network->v6 ? REG_WORDS + (int)i : REG_V4, word_of(network, i), bits);
		left -= bits;
	}
}

/* Sets REG_SCRATCH to 0 if the address is in NETWORK, else to another value. */
static void emit_outside(struct egress_assembler *a, const struct egress_network *network)
{
	emit_set(a, REG_SCRATCH, 0);
	for (unsigned i = 0, left = network->prefix; left; i++) {
		const unsigned bits = left < 32 ? left : 32;

		emit_move(a, REG_MATCH, network->v6 ? REG_WORDS + (int)i : REG_V4);
		if (bits < 32)
			emit_imm(a, BPF_RSH, REG_MATCH, 32 - bits);
		emit_imm(a, BPF_XOR, REG_MATCH, word_of(network, i) >> (32 - bits));
		emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_SCRATCH, REG_MATCH, 0, 0);
		left -= bits;
	}
}

/* Emits one jump per port, not one per comparison: the kernel verifies each path. */
static void emit_rule(struct egress_assembler *a, const struct egress_rule *rule)
{
	const uint32_t protocol = (uint32_t)(rule->udp ? IPPROTO_UDP : IPPROTO_TCP) << 16;
	const struct egress_port_range any = {.first = 0, .last = UINT16_MAX};
	const size_t n = rule->n_ports ? rule->n_ports : 1;

	emit_outside(a, &rule->network);
	for (size_t i = 0; i < n; i++) {
		const struct egress_port_range *range = rule->n_ports ? &rule->ports[i] : &any;
		const size_t from = a->n;

		emit_move(a, REG_MATCH, REG_PROTOCOL);
		if (range->first == range->last) {
			emit_imm(a, BPF_XOR, REG_MATCH, protocol | range->first);
			emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_MATCH, REG_SCRATCH, 0, 0);
			emit_jump_if(a, BPF_JEQ, REG_MATCH, 0, LABEL_ALLOW);
		} else {
			emit_imm(a, BPF_SUB, REG_MATCH, protocol | range->first);
			emit_jump_if(a, BPF_JNE, REG_SCRATCH, 0, LABEL_NEXT);
			emit_jump_if(a, BPF_JLE, REG_MATCH, (uint32_t)(range->last - range->first),
				LABEL_ALLOW);
			emit_label(a, from, LABEL_NEXT);
		}
	}
}

/* Ends with a jump to LABEL_ALLOW or LABEL_DENY, and changes REG_PROTOCOL. */
static void emit_rules(struct compiler *c, enum egress_hook hook, bool v6)
{
	struct egress_assembler *a = &c->a;
	const struct egress_policy *rules = c->policy->rules;
	/* sendto(2) of TCP is judged by connect(2). */
	const bool only_udp = hook == EGRESS_SENDMSG4 || hook == EGRESS_SENDMSG6;

	/* REG_PROTOCOL: the protocol in the upper half, the port in the lower. */
	emit_imm(a, BPF_LSH, REG_PROTOCOL, 16);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_PROTOCOL, REG_PORT, 0, 0);
	for (size_t i = 0; i < rules->n_rules; i++) {
		const struct egress_rule *rule = &rules->rules[i];

		if (rule->kind == EGRESS_ADDRESS && rule->network.v6 == v6 &&
			(rule->udp || !only_udp))
			emit_rule(a, rule);
	}
	emit_jump(a, LABEL_DENY);
}

/* Looks up the port of the context: BPF_REG_0 points to the other port. */
static void emit_find_port(struct compiler *c, bool back, enum egress_label if_none)
{
	struct egress_assembler *a = &c->a;

	emit_load(a, REG_SCRATCH, REG_CONTEXT, ADDR(user_port));
	emit(a, BPF_JMP32 | BPF_K | BPF_JNE, REG_PROTOCOL, 0, 1, IPPROTO_UDP);
	emit_imm(a, BPF_OR, REG_SCRATCH, egress_bpf_port_key(0, true, false));
	if (back)
		emit_imm(a, BPF_OR, REG_SCRATCH, egress_bpf_port_key(0, false, true));
	emit_store(a, REG_STACK, PORT_KEY_AT, REG_SCRATCH);
	emit_map(a, BPF_REG_1, c->maps->ports);
	emit_address(a, BPF_REG_2, REG_STACK, PORT_KEY_AT);
	emit_call(a, BPF_FUNC_map_lookup_elem);
	emit(a, BPF_JMP | BPF_K | BPF_JEQ, BPF_REG_0, 0, if_none, 0);
}

static void emit_change_port(struct egress_assembler *a)
{
	emit_load(a, BPF_REG_1, BPF_REG_0, 0);
	emit_store(a, REG_CONTEXT, (int)ADDR(user_port), BPF_REG_1);
}

/* Marks the socket of a connection, which a listener asks for. */
static void emit_mark(struct compiler *c)
{
	struct egress_assembler *a = &c->a;

	emit_jump_if(a, BPF_JEQ, REG_PROTOCOL, IPPROTO_UDP, LABEL_ALLOW);
	emit(a, BPF_ST | BPF_MEM | BPF_W, REG_STACK, 0, MARK_AT, EGRESS_MARK);
	emit_move(a, BPF_REG_1, REG_CONTEXT);
	emit_set(a, BPF_REG_2, SOL_SOCKET);
	emit_set(a, BPF_REG_3, SO_MARK);
	emit_address(a, BPF_REG_4, REG_STACK, MARK_AT);
	emit_set(a, BPF_REG_5, sizeof(uint32_t));
	emit_call(a, BPF_FUNC_setsockopt);
}

/* Changes a port that has a listener to the listener's. While rules are swapped, another program
 * may have done that. */
static void emit_synthetic(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_find_port(c, false, LABEL_NEXT);
	emit_change_port(a);
	emit_jump(a, LABEL_LISTENER);
	emit_label(a, from, LABEL_NEXT);
	emit_find_port(c, true, LABEL_DENY);
	emit_label(a, from, LABEL_LISTENER);
	if (hook == EGRESS_CONNECT4 || hook == EGRESS_CONNECT6)
		emit_mark(c);
}

/* --- the hooks --- */

/* struct bpf_sock: the kernel has replaced 0 as protocol by the default one. */
static void compile_sock_create(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_load(a, REG_V4, REG_CONTEXT, offsetof(struct bpf_sock, family));
	emit_load(a, REG_PORT, REG_CONTEXT, offsetof(struct bpf_sock, type));
	emit_load(a, REG_PROTOCOL, REG_CONTEXT, offsetof(struct bpf_sock, protocol));
	emit_jump_if(a, BPF_JNE, REG_PORT, SOCK_STREAM, LABEL_NEXT);
	emit_jump_if(a, BPF_JEQ, REG_PROTOCOL, IPPROTO_TCP, LABEL_ALLOW);
	emit_label(a, from, LABEL_NEXT);
	emit_jump_if(a, BPF_JNE, REG_PORT, SOCK_DGRAM, LABEL_DENY);
	emit_jump_if(a, BPF_JNE, REG_PROTOCOL, IPPROTO_UDP, LABEL_DENY);
	egress_emit_verdicts(c, EGRESS_SOCK_CREATE);
}

/* REG_V4 is the IPv4 address at the far end of a tunnel. Refuses those that have a meaning in the
 * container alone. */
static void emit_inner(struct compiler *c)
{
	struct egress_assembler *a = &c->a;

	emit_move(a, REG_SCRATCH, REG_V4);
	emit_imm(a, BPF_RSH, REG_SCRATCH, 24);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 0, LABEL_DENY);
	emit_jump_if(a, BPF_JEQ, REG_SCRATCH, 127, LABEL_DENY);
	emit_is_synthetic(a, LABEL_DENY);
	emit_jump(a, LABEL_V4);
}

/* Sets REG_V4 to the 32 bits of the IPv6 address from byte AT on. */
static void emit_inside(struct egress_assembler *a, unsigned at)
{
	const int word = REG_WORDS + (int)(at / 4);
	const unsigned bits = 8 * (at % 4);

	emit_move(a, REG_V4, word);
	if (!bits)
		return;
	emit_imm(a, BPF_LSH, REG_V4, bits);
	emit_move(a, REG_SCRATCH, word + 1);
	emit_imm(a, BPF_RSH, REG_SCRATCH, 32 - bits);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_V4, REG_SCRATCH, 0, 0);
}

static void emit_inside6(struct compiler *c)
{
	struct egress_assembler *a = &c->a;

	for (size_t i = 0; i < egress_n_embeddings; i++) {
		const size_t from = a->n;

		emit_network(a, &egress_embeddings[i].network);
		emit_inside(a, egress_embeddings[i].at);
		if (i == 0)
			emit_jump(a, LABEL_V4);
		else
			emit_inner(c);
		emit_label(a, from, LABEL_NEXT);
	}
}

/* Without a rule and a name: refuses all but loopback, also as IPv4 in IPv6. The checks left out
 * would refuse as well, and the kernel verifies each instruction for each container. */
static void compile_none(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;

	if (c->v6) {
		emit_words(a);
		emit_network(a, &egress_embeddings[0].network);
		emit_inside(a, egress_embeddings[0].at);
		emit_jump(a, LABEL_V4);
		emit_label(a, 0, LABEL_NEXT);
		egress_emit_loopback6(c);
		emit_jump(a, LABEL_DENY);
		emit_label(a, 0, LABEL_V4);
	} else {
		emit_load(a, REG_V4, REG_CONTEXT, ADDR(user_ip4));
		emit_swap(a, REG_V4, 32);
	}
	egress_emit_loopback4(c);
	emit_jump(a, LABEL_DENY);
	egress_emit_verdicts(c, hook);
}

/* Compiles connect(2), and sendto(2) and the like with an address. */
static void compile_connect(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;

	emit_load(a, REG_PORT, REG_CONTEXT, ADDR(user_port));
	emit_swap(a, REG_PORT, 16);
	if (!egress_bpf_has_rules(c->policy)) {
		egress_compile_metadata(c, hook);
		return;
	}
	/* Without an address, but with ancillary data: connect(2) has judged that of the socket.
	 * The kernel itself refuses port 0 of an address. */
	if (hook == EGRESS_SENDMSG4 || hook == EGRESS_SENDMSG6)
		emit_jump_if(a, BPF_JEQ, REG_PORT, 0, LABEL_ALLOW);
	if (!c->policy->rules->n_rules && !egress_bpf_has_names(c->policy)) {
		compile_none(c, hook);
		return;
	}
	if (c->v6) {
		emit_words(a);
		/* No metadata address embeds another one. After the jumps, the kernel would verify
		 * these checks five times. */
		egress_emit_metadata(c, false, true);
		emit_inside6(c);
		emit_load(a, REG_PROTOCOL, REG_CONTEXT, ADDR(protocol));
		egress_emit_loopback6(c);
		emit_rules(c, hook, true);
		emit_label(a, 0, LABEL_V4);
	} else {
		emit_load(a, REG_V4, REG_CONTEXT, ADDR(user_ip4));
		emit_swap(a, REG_V4, 32);
	}
	egress_emit_metadata(c, true, false);
	emit_load(a, REG_PROTOCOL, REG_CONTEXT, ADDR(protocol));
	egress_emit_loopback4(c);
	/* Name addresses of another container in this network lead to its relay. */
	emit_is_synthetic(a, egress_bpf_has_names(c->policy) ? LABEL_SYNTHETIC : LABEL_DENY);
	emit_rules(c, hook, false);
	if (egress_bpf_has_names(c->policy)) {
		emit_label(a, 0, LABEL_SYNTHETIC);
		emit_synthetic(c, hook);
	}
	egress_emit_verdicts(c, hook);
}

/* Compiles getpeername(2), and the source address of a datagram. */
static void compile_restore(struct compiler *c)
{
	struct egress_assembler *a = &c->a;
	const size_t from = a->n;

	emit_load(a, REG_PROTOCOL, REG_CONTEXT, ADDR(protocol));
	if (c->v6) {
		emit_words(a);
		emit_jump_if(a, BPF_JNE, REG_WORDS, 0, LABEL_ALLOW);
		emit_jump_if(a, BPF_JNE, REG_WORDS + 1, 0, LABEL_ALLOW);
		emit_jump_if(a, BPF_JNE, REG_WORDS + 2, 0xffff, LABEL_ALLOW);
		emit_move(a, REG_V4, REG_WORDS + 3);
	} else {
		emit_load(a, REG_V4, REG_CONTEXT, ADDR(user_ip4));
		emit_swap(a, REG_V4, 32);
	}
	emit_is_synthetic(a, LABEL_SYNTHETIC);
	emit_jump(a, LABEL_ALLOW);
	emit_label(a, from, LABEL_SYNTHETIC);
	emit_find_port(c, true, LABEL_ALLOW);
	emit_change_port(a);
	emit_label(a, from, LABEL_ALLOW);
	emit_return(a, 1);
}

static bool is_needed(const struct egress_bpf_policy *policy, enum egress_hook hook)
{
	switch (hook) {
	case EGRESS_SOCK_CREATE:
		return policy->rules;
	case EGRESS_CONNECT4:
	case EGRESS_CONNECT6:
	case EGRESS_SENDMSG4:
	case EGRESS_SENDMSG6:
		return egress_bpf_has_rules(policy) ||
		       (policy->no_metadata &&
			       (hook <= EGRESS_CONNECT6 || policy->no_metadata_datagrams));
	case EGRESS_PACKETS:
	case EGRESS_SETSOCKOPT:
		return egress_bpf_has_rules(policy);
	case EGRESS_INGRESS:
		return policy->no_listening;
	default:
		return egress_bpf_has_names(policy);
	}
}

int egress_bpf_compile(const struct egress_bpf_policy *policy, enum egress_hook hook,
	const struct egress_bpf_maps *maps, struct bpf_insn *ret_program, size_t room,
	struct nacre_error *err)
{
	struct compiler c = {.a = {.insns = ret_program, .room = room},
		.policy = policy,
		.maps = maps,
		.v6 = hook == EGRESS_CONNECT6 || hook == EGRESS_SENDMSG6 ||
		      hook == EGRESS_GETPEERNAME6 || hook == EGRESS_RECVMSG6};

	if (!is_needed(policy, hook))
		return 0;
	emit_move(&c.a, REG_CONTEXT, BPF_REG_1);
	if (hook == EGRESS_SOCK_CREATE)
		compile_sock_create(&c);
	else if (hook == EGRESS_PACKETS)
		egress_compile_packets(&c);
	else if (hook == EGRESS_INGRESS)
		egress_compile_ingress(&c);
	else if (hook == EGRESS_SETSOCKOPT)
		egress_compile_options(&c);
	else if (hook <= EGRESS_SENDMSG6)
		compile_connect(&c, hook);
	else
		compile_restore(&c);
	if (c.a.n > room)
		return fail(err, E2BIG, "egress: the rules make %zu instructions, more than %zu",
			c.a.n, room);
	return (int)c.a.n;
}
