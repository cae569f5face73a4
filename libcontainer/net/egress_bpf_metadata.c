/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>

#include "libcontainer/net/egress_compiler.h"

/* Judges the addresses of metadata, alone or before the rules. There is no jump on the way, since
 * this is loaded for nearly each container, and the kernel verifies each path through a program
 * that it loads (see cgroup_devices_compile.c): with jumps it took 120 us for IPv4, and 370 for
 * IPv6. */

#define DNS 53
#define NTP 123

/* Sets bit 63 of REG_MATCH if REG, less than 2^32, is 0; otherwise it stays as it is. */
static void emit_match(struct egress_assembler *a, int reg)
{
	emit(a, BPF_ALU64 | BPF_SUB | BPF_K, reg, 0, 0, 1);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_MATCH, reg, 0, 0);
}

/* REG = OTHER ^ VALUE */
static void emit_first(struct egress_assembler *a, int reg, int other, uint32_t value)
{
	emit_move(a, reg, other);
	if (value)
		emit_imm(a, BPF_XOR, reg, value);
}

/* REG |= OTHER ^ VALUE, by way of REG_OTHER */
static void emit_difference(struct egress_assembler *a, int reg, int other, uint32_t value)
{
	if (value)
		emit_first(a, REG_OTHER, other, value);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, reg, value ? REG_OTHER : other, 0, 0);
}

static void emit_metadata_of(struct egress_assembler *a, bool v6)
{
	for (size_t i = 0; i < egress_n_metadata; i++) {
		const struct egress_network *network = &egress_metadata[i];

		if (network->v6 != v6)
			continue;
		if (v6) {
			emit_first(a, REG_SCRATCH, REG_WORDS, word_of(network, 0));
			for (int word = 1; word < 4; word++)
				emit_difference(a, REG_SCRATCH, REG_WORDS + word,
					word_of(network, (size_t)word));
		} else {
			emit_first(a, REG_SCRATCH, REG_V4, word_of(network, 0));
		}
		emit_match(a, REG_SCRATCH);
	}
}

void egress_emit_metadata(struct compiler *c, bool v4, bool v6)
{
	struct egress_assembler *a = &c->a;

	if (!c->policy->no_metadata)
		return;
	emit_set(a, REG_MATCH, 0);
	if (v4)
		emit_metadata_of(a, false);
	if (v6)
		emit_metadata_of(a, true);
	/* Except for DNS, and NTP by UDP. */
	emit_move(a, REG_SCRATCH, REG_MATCH);
	emit_set(a, REG_MATCH, 0);
	emit_move(a, REG_OTHER, REG_PORT);
	emit_imm(a, BPF_XOR, REG_OTHER, DNS);
	emit_match(a, REG_OTHER);
	emit_load(a, REG_OTHER, REG_CONTEXT, ADDR(protocol));
	emit_imm(a, BPF_LSH, REG_OTHER, 16);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_OTHER, REG_PORT, 0, 0);
	emit_imm(a, BPF_XOR, REG_OTHER, IPPROTO_UDP << 16 | NTP);
	emit_match(a, REG_OTHER);
	emit(a, BPF_ALU64 | BPF_XOR | BPF_K, REG_MATCH, 0, 0, -1);
	emit(a, BPF_ALU64 | BPF_AND | BPF_X, REG_MATCH, REG_SCRATCH, 0, 0);
	emit(a, BPF_ALU64 | BPF_RSH | BPF_K, REG_MATCH, 0, 0, 63);
	emit_jump_if(a, BPF_JNE, REG_MATCH, 0, LABEL_DENY);
}

/* Sets REG_V4 to the IPv4 address inside, or to 0. */
static void emit_inside6_flat(struct egress_assembler *a)
{
	/* mapped, then NAT64 */
	emit_set(a, REG_MATCH, 0);
	emit_first(a, REG_SCRATCH, REG_WORDS, 0);
	emit_difference(a, REG_SCRATCH, REG_WORDS + 1, 0);
	emit_difference(a, REG_SCRATCH, REG_WORDS + 2, 0xffff);
	emit_match(a, REG_SCRATCH);
	emit_first(a, REG_SCRATCH, REG_WORDS, 0x0064ff9b);
	emit_difference(a, REG_SCRATCH, REG_WORDS + 1, 0);
	emit_difference(a, REG_SCRATCH, REG_WORDS + 2, 0);
	emit_match(a, REG_SCRATCH);
	emit(a, BPF_ALU64 | BPF_RSH | BPF_K, REG_MATCH, 0, 0, 63);
	emit_move(a, REG_V4, REG_WORDS + 3);
	emit(a, BPF_ALU64 | BPF_MUL | BPF_X, REG_V4, REG_MATCH, 0, 0);
	/* 6to4 */
	emit_set(a, REG_MATCH, 0);
	emit_move(a, REG_SCRATCH, REG_WORDS);
	emit_imm(a, BPF_RSH, REG_SCRATCH, 16);
	emit_imm(a, BPF_XOR, REG_SCRATCH, 0x2002);
	emit_match(a, REG_SCRATCH);
	emit(a, BPF_ALU64 | BPF_RSH | BPF_K, REG_MATCH, 0, 0, 63);
	emit_move(a, REG_SCRATCH, REG_WORDS);
	emit_imm(a, BPF_LSH, REG_SCRATCH, 16);
	emit_move(a, REG_OTHER, REG_WORDS + 1);
	emit_imm(a, BPF_RSH, REG_OTHER, 16);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_SCRATCH, REG_OTHER, 0, 0);
	emit(a, BPF_ALU64 | BPF_MUL | BPF_X, REG_SCRATCH, REG_MATCH, 0, 0);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_V4, REG_SCRATCH, 0, 0);
}

/* The kernel takes 0.0.0.0 for the address that the socket is bound to, which may be one of
 * metadata where such a service is in this network: judges that one. */
static void emit_bound(struct egress_assembler *a, enum egress_hook hook)
{
	emit_set(a, REG_MATCH, 0);
	emit_move(a, REG_SCRATCH, REG_V4);
	emit_match(a, REG_SCRATCH);
	emit(a, BPF_ALU64 | BPF_RSH | BPF_K, REG_MATCH, 0, 0, 63);
	if (hook == EGRESS_SENDMSG4) { /* a message may name another (IP_PKTINFO) */
		emit_load(a, REG_SCRATCH, REG_CONTEXT, ADDR(msg_src_ip4));
	} else {
		emit(a, BPF_LDX | BPF_MEM | BPF_DW, REG_OTHER, REG_CONTEXT, ADDR(sk), 0);
		emit_load(a, REG_SCRATCH, REG_OTHER, offsetof(struct bpf_sock, src_ip4));
	}
	emit_swap(a, REG_SCRATCH, 32);
	emit(a, BPF_ALU64 | BPF_MUL | BPF_X, REG_SCRATCH, REG_MATCH, 0, 0);
	emit(a, BPF_ALU64 | BPF_OR | BPF_X, REG_V4, REG_SCRATCH, 0, 0);
}

/* Counts in the only element of the array. */
static void emit_metadata_count(struct compiler *c)
{
	struct egress_assembler *a = &c->a;

	emit(a, BPF_LD | BPF_IMM | BPF_DW, REG_CONTEXT, BPF_PSEUDO_MAP_VALUE, 0, c->maps->metadata);
	emit(a, 0, 0, 0, 0, 0);
	emit_set(a, BPF_REG_1, 1);
	emit(a, BPF_STX | BPF_ATOMIC | BPF_DW, REG_CONTEXT, BPF_REG_1, 0, BPF_ADD);
	egress_emit_comm(c, REG_CONTEXT, 0);
}

/* Nothing but metadata is refused. */
void egress_compile_metadata(struct compiler *c, enum egress_hook hook)
{
	struct egress_assembler *a = &c->a;

	if (c->v6) {
		emit_words(a);
		emit_inside6_flat(a);
	} else {
		emit_load(a, REG_V4, REG_CONTEXT, ADDR(user_ip4));
		emit_swap(a, REG_V4, 32);
	}
	emit_bound(a, hook);
	egress_emit_metadata(c, true, c->v6);
	emit_return(a, 1);
	emit_label(a, 0, LABEL_DENY);
	emit_metadata_count(c);
	emit_return(a, 0);
}
