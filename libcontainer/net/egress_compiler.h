/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_COMPILER_H
#define NACRE_EGRESS_COMPILER_H

#include "libcontainer/net/egress_bpf.h"
#include "specs/egress_names.h"

/* Assembles the programs: eBPF with forward jumps to labels. Pure. */

enum egress_label {
	LABEL_NONE, /* offsets of resolved jumps are never negative */
	LABEL_ALLOW = -1,
	LABEL_DENY = -2,
	LABEL_NEXT = -3, /* the next rule or address */
	LABEL_V4 = -4, /* IPv6 with an IPv4 address inside */
	LABEL_SYNTHETIC = -5,
	LABEL_LISTENER = -6, /* a listener's port was found */
	LABEL_LO = -7, /* by the interface lo */
	LABEL_V6 = -8, /* the level of IPv6 */
};

struct egress_assembler {
	struct bpf_insn *insns;
	size_t n; /* counts what did not fit, too */
	size_t room;
};

static inline void emit(
	struct egress_assembler *a, int code, int dst, int src, int off, int64_t imm)
{
	if (a->n < a->room)
		a->insns[a->n] = (struct bpf_insn){.code = (uint8_t)code,
			.dst_reg = (uint8_t)(dst & 15),
			.src_reg = (uint8_t)(src & 15),
			.off = (int16_t)off,
			.imm = (int32_t)imm};
	a->n++;
}

static inline void emit_move(struct egress_assembler *a, int dst, int src)
{
	emit(a, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

/* DST = BASE + OFFSET */
static inline void emit_address(struct egress_assembler *a, int dst, int base, int offset)
{
	emit_move(a, dst, base);
	emit(a, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, offset);
}

static inline void emit_set(struct egress_assembler *a, int dst, int64_t imm)
{
	emit(a, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

/* On the lower 32 bits; the upper ones become 0. */
static inline void emit_imm(struct egress_assembler *a, int operation, int dst, uint32_t imm)
{
	emit(a, BPF_ALU | BPF_K | operation, dst, 0, 0, (int32_t)imm);
}

static inline void emit_load(struct egress_assembler *a, int dst, int base, size_t offset)
{
	emit(a, BPF_LDX | BPF_MEM | BPF_W, dst, base, (int)offset, 0);
}

static inline void emit_store(struct egress_assembler *a, int base, int offset, int src)
{
	emit(a, BPF_STX | BPF_MEM | BPF_W, base, src, offset, 0);
}

/* From network byte order to the machine's, and back. BITS: 16 or 32. */
static inline void emit_swap(struct egress_assembler *a, int dst, int bits)
{
	emit(a, BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits);
}

/* Jumps if the lower 32 bits of REG compare to IMM as CONDITION says. */
static inline void emit_jump_if(
	struct egress_assembler *a, int condition, int reg, uint32_t imm, enum egress_label label)
{
	emit(a, BPF_JMP32 | BPF_K | condition, reg, 0, label, (int32_t)imm);
}

static inline void emit_jump(struct egress_assembler *a, enum egress_label label)
{
	emit(a, BPF_JMP | BPF_JA, 0, 0, label, 0);
}

static inline void emit_call(struct egress_assembler *a, int function)
{
	emit(a, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

static inline void emit_map(struct egress_assembler *a, int dst, int map_fd)
{
	emit(a, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, map_fd);
	emit(a, 0, 0, 0, 0, 0);
}

static inline void emit_return(struct egress_assembler *a, int value)
{
	emit_set(a, BPF_REG_0, value);
	emit(a, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Makes the next instruction the target of all jumps to LABEL since FROM. Returns whether there are
 * any: the kernel refuses instructions that cannot be reached. */
static inline bool emit_label(struct egress_assembler *a, size_t from, enum egress_label label)
{
	bool found = false;

	for (size_t i = from; i < a->n && i < a->room; i++) {
		const int class = BPF_CLASS(a->insns[i].code);

		if ((class == BPF_JMP || class == BPF_JMP32) && a->insns[i].off == label) {
			a->insns[i].off = (int16_t)(a->n - i - 1);
			found = true;
		}
	}
	return found;
}

enum { /* registers */
	REG_MATCH = BPF_REG_0,
	REG_WORDS = BPF_REG_1, /* to BPF_REG_4: the words of an IPv6 address */
	REG_SCRATCH = BPF_REG_5,
	REG_CONTEXT = BPF_REG_6, /* struct bpf_sock_addr, bpf_sock, bpf_sockopt, __sk_buff */
	REG_V4 = BPF_REG_7, /* the IPv4 address; sock_create: the family */
	REG_PORT = BPF_REG_8, /* sock_create: the type */
	REG_PROTOCOL = BPF_REG_9,
	REG_OTHER = REG_PROTOCOL, /* until that is needed */
	REG_STACK = BPF_REG_10,
};

enum { /* places below REG_STACK */
	KEY_AT = -(int)sizeof(struct egress_denial_key) - 4,
	VALUE_AT = KEY_AT - (int)sizeof(struct egress_denial_value),
	PORT_KEY_AT = -4,
	MARK_AT = -4,
};

struct compiler {
	struct egress_assembler a;
	const struct egress_bpf_policy *policy;
	const struct egress_bpf_maps *maps;
	bool v6;
};

#define ADDR(member) offsetof(struct bpf_sock_addr, member)

static inline uint32_t word_of(const struct egress_network *network, size_t i)
{
	const uint8_t *b = network->address + 4 * i;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void emit_words(struct egress_assembler *a)
{
	for (int i = 0; i < 4; i++) {
		emit_load(a, REG_WORDS + i, REG_CONTEXT, ADDR(user_ip6) + 4 * (size_t)i);
		emit_swap(a, REG_WORDS + i, 32);
	}
}

/* Jumps if REG_V4 is an address that stands for a name. */
static inline void emit_is_synthetic(struct egress_assembler *a, enum egress_label label)
{
	emit_move(a, REG_SCRATCH, REG_V4);
	emit_imm(a, BPF_RSH, REG_SCRATCH, 32 - EGRESS_NAMES_PREFIX);
	emit_jump_if(
		a, BPF_JEQ, REG_SCRATCH, EGRESS_NAMES_NETWORK >> (32 - EGRESS_NAMES_PREFIX), label);
}

/* Jumps to LABEL_DENY for an address of metadata: V4 judges REG_V4, V6 REG_WORDS. Overwrites
 * REG_OTHER, which is REG_PROTOCOL. */
void egress_emit_metadata(struct compiler *c, bool v4, bool v6);
/* Jump to LABEL_ALLOW for addresses of loopback, or in the host's network to LABEL_DENY: the first
 * judges REG_V4, the second REG_WORDS. */
void egress_emit_loopback4(struct compiler *c);
void egress_emit_loopback6(struct compiler *c);
/* Writes the name of the process to the struct egress_denial_value at BASE + OFFSET. */
void egress_emit_comm(struct compiler *c, int base, int offset);
/* Ends the program: LABEL_ALLOW returns 1, LABEL_DENY counts and returns 0. */
void egress_emit_verdicts(struct compiler *c, enum egress_hook hook);

/* Emit whole programs, except for the loading of REG_CONTEXT and, for the first, of REG_PORT. */
void egress_compile_metadata(struct compiler *c, enum egress_hook hook);
void egress_compile_packets(struct compiler *c);
void egress_compile_ingress(struct compiler *c);
void egress_compile_options(struct compiler *c);

#endif
