/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_policy.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "libcontainer/seccomp/seccomp.h"

/*
 * Spans to classic BPF.
 *
 * The program asks for the architecture, then walks a binary tree over the spans of that
 * architecture, then, for few calls, compares arguments. Spans and not single numbers, because what
 * a filter costs at each container's start is the kernel's work on its instructions: about a
 * quarter of a microsecond for each, to check and compile it and to learn which calls are always
 * allowed. A usual list of 330 names for three architectures has about 1200 instructions as a tree
 * of libseccomp, a quarter of that here.
 *
 * Outside the tests of arguments only what that learning understands is used
 * (seccomp_is_const_allow in the kernel): loads of nr and arch, jumps on constants, returns.
 *
 * BPF jumps forward only, so the program is written from its end: what an instruction jumps to is
 * then there already, and equal returns are shared. An instruction is known by its place counted
 * from the end, and generate() turns the whole round.
 */

#define RETURNS 8 /* actions whose last return is remembered */

struct writer {
	struct sock_filter *filter; /* the last instruction first */
	unsigned n;
	bool full;
	struct {
		uint32_t action;
		unsigned at;
	} returns[RETURNS];
	unsigned n_returns;
	uint32_t foreign_action;
};

static unsigned emit(struct writer *w, unsigned code, unsigned jt, unsigned jf, uint32_t k)
{
	if (w->n == SECCOMP_MAX_INSTRUCTIONS) {
		w->full = true;
		return w->n - 1;
	}
	w->filter[w->n] = (struct sock_filter){(uint16_t)code, (uint8_t)jt, (uint8_t)jf, k};
	return w->n++;
}

/* How many instructions lie between TO and the next that is written. */
static unsigned distance(const struct writer *w, unsigned to)
{
	return w->n - to - 1;
}

/* Offsets of conditional jumps have 8 bits. One is kept for a second detour of the same jump. */
static unsigned near(struct writer *w, unsigned to)
{
	if (distance(w, to) < UINT8_MAX)
		return to;
	return emit(w, BPF_JMP | BPF_JA, 0, 0, distance(w, to));
}

static unsigned emit_jump(
	struct writer *w, unsigned condition, uint32_t k, unsigned yes, unsigned no)
{
	no = near(w, no);
	yes = near(w, yes);
	return emit(w, BPF_JMP | BPF_K | condition, distance(w, yes), distance(w, no), k);
}

/* Continues at NEXT. */
static unsigned emit_load(struct writer *w, size_t offset, unsigned next)
{
	if (distance(w, next))
		(void)emit(w, BPF_JMP | BPF_JA, 0, 0, distance(w, next));
	return emit(w, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static unsigned emit_return(struct writer *w, uint32_t action)
{
	unsigned i = 0;

	while (i < w->n_returns && w->returns[i].action != action)
		i++;
	/* Half the reach, as the jump to it is not written yet. */
	if (i < w->n_returns && distance(w, w->returns[i].at) < UINT8_MAX / 2)
		return w->returns[i].at;
	if (i == RETURNS)
		i = 0;
	else if (i == w->n_returns)
		w->n_returns++;
	w->returns[i].action = action;
	w->returns[i].at = emit(w, BPF_RET | BPF_K, 0, 0, action);
	return w->returns[i].at;
}

static size_t argument_offset(unsigned index, bool high)
{
	bool second = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? high : !high;

	return offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) +
	       (second ? sizeof(uint32_t) : 0);
}

/* Loads a half of the argument; the instruction written last comes next. */
static unsigned emit_half(struct writer *w, const struct seccomp_test *test, bool high)
{
	uint32_t mask = high ? (uint32_t)(test->mask >> 32) : (uint32_t)test->mask;
	unsigned next = w->n - 1;

	if (mask != UINT32_MAX)
		next = emit(w, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	return emit_load(w, argument_offset(test->index, high), next);
}

static unsigned emit_equal(
	struct writer *w, const struct seccomp_test *test, bool wide, unsigned yes, unsigned no)
{
	if ((uint32_t)test->mask) {
		(void)emit_jump(w, BPF_JEQ, (uint32_t)test->value, yes, no);
		yes = emit_half(w, test, false);
	}
	if (wide && test->mask >> 32) {
		(void)emit_jump(w, BPF_JEQ, (uint32_t)(test->value >> 32), yes, no);
		yes = emit_half(w, test, true);
	}
	return yes;
}

/* Whether the argument is above the value, or at least equal to it (BPF_JGE). The upper halves
 * decide unless they are equal. */
static unsigned emit_above(struct writer *w, const struct seccomp_test *test, bool wide,
	unsigned condition, unsigned yes, unsigned no)
{
	uint32_t high = (uint32_t)(test->value >> 32);
	unsigned low;

	(void)emit_jump(w, condition, (uint32_t)test->value, yes, no);
	low = emit_half(w, test, false);
	if (!wide)
		return low;
	low = emit_jump(w, BPF_JEQ, high, low, no);
	(void)emit_jump(w, BPF_JGT, high, yes, low);
	return emit_half(w, test, true);
}

static unsigned emit_test(
	struct writer *w, const struct seccomp_test *test, bool wide, unsigned yes, unsigned no)
{
	switch (test->op) {
	case SECCOMP_EQ:
		return emit_equal(w, test, wide, yes, no);
	case SECCOMP_NE:
		return emit_equal(w, test, wide, no, yes);
	case SECCOMP_GT:
		return emit_above(w, test, wide, BPF_JGT, yes, no);
	case SECCOMP_GE:
		return emit_above(w, test, wide, BPF_JGE, yes, no);
	case SECCOMP_LT:
		return emit_above(w, test, wide, BPF_JGE, no, yes);
	case SECCOMP_LE:
		return emit_above(w, test, wide, BPF_JGT, no, yes);
	}
	return no;
}

/* The first rule whose tests all hold. */
static unsigned emit_span(struct writer *w, const struct seccomp_span *span, bool wide)
{
	unsigned no = emit_return(w, span->action);

	for (size_t i = span->n_calls; i > 0; i--) {
		const struct seccomp_rule *rule = span->calls[i - 1].rule;
		unsigned yes = emit_return(w, rule->action);

		for (size_t k = rule->n_tests; k > 0; k--)
			yes = emit_test(w, &rule->tests[k - 1], wide, yes, no);
		no = yes;
	}
	return no;
}

/* Depth is log2 of the number of spans. */
static unsigned emit_tree(struct writer *w, const struct seccomp_span *spans, size_t n, bool wide)
{
	unsigned upper, lower;

	if (n == 1)
		return emit_span(w, spans, wide);
	upper = emit_tree(w, spans + n / 2, n - n / 2, wide);
	lower = emit_tree(w, spans, n / 2, wide);
	return emit_jump(w, BPF_JGE, spans[n / 2].first, upper, lower);
}

/* TABLE is NULL for an architecture that the policy does not list. */
static unsigned emit_table(struct writer *w, const struct seccomp_table *table)
{
	if (!table)
		return emit_return(w, w->foreign_action);
	return emit_tree(w, table->spans, table->n_spans, table->arch->bits == 64);
}

/* x86_64 and x32 are one architecture to the kernel; a bit of the number tells them apart. The
 * number -1, which a tracer sets to skip a call, is no call of x32. */
static unsigned emit_x86_64(
	struct writer *w, const struct seccomp_table *x86_64, const struct seccomp_table *x32)
{
	unsigned foreign = emit_table(w, x32);
	unsigned native = emit_table(w, x86_64);

	foreign = emit_jump(w, BPF_JEQ, UINT32_MAX, native, foreign);
	return emit_jump(w, BPF_JGE, SECCOMP_X32_BIT, foreign, native);
}

static const struct seccomp_table *find_table(
	const struct seccomp_table *tables, size_t n, uint32_t audit_arch, bool x32)
{
	for (size_t i = 0; i < n; i++)
		if (tables[i].audit_arch == audit_arch &&
			x32 == (tables[i].arch->base == SECCOMP_X32_BIT))
			return &tables[i];
	return NULL;
}

/* The first architecture, which is the native one, is asked for first. */
static void emit_program(struct writer *w, const struct seccomp_table *tables, size_t n)
{
	unsigned other = emit_return(w, w->foreign_action);

	for (size_t i = n; i > 0; i--) {
		uint32_t audit = tables[i - 1].audit_arch;
		const struct seccomp_table *x32 = find_table(tables, n, audit, true);
		const struct seccomp_table *plain = find_table(tables, n, audit, false);
		unsigned here;

		/* One of the two stands for both. */
		if (x32 && plain && &tables[i - 1] == x32)
			continue;
		if (audit == AUDIT_ARCH_X86_64)
			here = emit_x86_64(w, plain, x32);
		else
			here = emit_table(w, plain);
		here = emit_load(w, offsetof(struct seccomp_data, nr), here);
		other = emit_jump(w, BPF_JEQ, audit, here, other);
	}
	(void)emit_load(w, offsetof(struct seccomp_data, arch), other);
}

int seccomp_bpf_generate(const struct seccomp_policy *policy, const struct seccomp_table *tables,
	size_t n_tables, struct seccomp_program *ret_program, struct nacre_error *err)
{
	struct writer w = {.filter = ret_program->filter, .foreign_action = policy->foreign_action};

	emit_program(&w, tables, n_tables);
	if (w.full)
		return fail(err, E2BIG,
			"linux.seccomp: %zu rules need more than the kernel's %d instructions",
			policy->n_rules, SECCOMP_MAX_INSTRUCTIONS);
	for (unsigned i = 0; i < w.n / 2; i++) {
		struct sock_filter swap = w.filter[i];

		w.filter[i] = w.filter[w.n - 1 - i];
		w.filter[w.n - 1 - i] = swap;
	}
	ret_program->n = (unsigned short)w.n;
	return 0;
}
