/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_policy.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "libcontainer/seccomp/seccomp.h"

/*
 * Translates spans to classic BPF.
 *
 * The program tests the architecture, then walks a binary tree over the spans of that architecture,
 * then, for few calls, compares arguments. It works on spans and not on single numbers, because the
 * cost of a filter at each container's start is the kernel's work per instruction: about a quarter
 * of a microsecond, to check and compile it and to learn which calls are always allowed. A usual
 * list of 330 names for three architectures has about 1200 instructions as a tree of libseccomp,
 * and a quarter of that here.
 *
 * Outside the tests of arguments it uses only instructions that this learning understands
 * (seccomp_is_const_allow in the kernel): loads of nr and arch, jumps on constants, returns.
 *
 * BPF jumps only forward, so the program is written from its end: the target of a jump exists
 * already, and equal returns and equal tests are shared. An instruction is identified by its place
 * counted from the end; generate() reverses the whole.
 */

#define RETURNS 8 /* actions whose last return instruction is remembered */
#define SPANS 64 /* spans with tests that are remembered */

struct writer {
	struct sock_filter *filter; /* the last instruction first */
	unsigned n;
	bool full;
	struct {
		uint32_t action;
		unsigned at;
	} returns[RETURNS];
	unsigned n_returns;
	struct {
		const struct seccomp_span *span;
		bool wide;
		unsigned at;
	} spans[SPANS];
	unsigned n_spans;
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

/* Returns how many instructions lie between TO and the next one to be written. */
static unsigned distance(const struct writer *w, unsigned to)
{
	return w->n - to - 1;
}

/* Returns TO, or a JA to it if TO is out of the reach of a conditional jump, which has 8 bits. One
 * instruction of the reach is kept for the JA of the jump's other target. */
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

/* Writes a load that continues at NEXT. */
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
	/* Shares it only within half the reach, as the jump to it is not written yet. */
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

/* Returns whether the masked bits can be tested where they are (BPF_JSET): VALUE has none of them,
 * or is the only one. */
static bool is_bit_test(uint32_t mask, uint32_t value)
{
	return mask != UINT32_MAX && (value == 0 || (value == mask && !(mask & (mask - 1))));
}

/* Loads one half of the argument, before the instruction written last. */
static unsigned emit_half(struct writer *w, const struct seccomp_test *test, bool high)
{
	return emit_load(w, argument_offset(test->index, high), w->n - 1);
}

static unsigned emit_masked(struct writer *w, uint32_t mask)
{
	return mask == UINT32_MAX ? w->n - 1 : emit(w, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
}

static unsigned emit_equal_half(
	struct writer *w, const struct seccomp_test *test, bool high, unsigned yes, unsigned no)
{
	const uint32_t mask = (uint32_t)(high ? test->mask >> 32 : test->mask);
	const uint32_t value = (uint32_t)(high ? test->value >> 32 : test->value);

	if (!mask)
		return yes;
	if (is_bit_test(mask, value)) {
		(void)emit_jump(w, BPF_JSET, mask, value ? yes : no, value ? no : yes);
	} else {
		(void)emit_jump(w, BPF_JEQ, value, yes, no);
		(void)emit_masked(w, mask);
	}
	return emit_half(w, test, high);
}

static unsigned emit_equal(
	struct writer *w, const struct seccomp_test *test, bool wide, unsigned yes, unsigned no)
{
	yes = emit_equal_half(w, test, false, yes, no);
	return wide ? emit_equal_half(w, test, true, yes, no) : yes;
}

/* Tests whether the argument is above the value, or at least equal to it (BPF_JGE). The upper
 * halves decide unless they are equal. */
static unsigned emit_above(struct writer *w, const struct seccomp_test *test, bool wide,
	unsigned condition, unsigned yes, unsigned no)
{
	uint32_t high = (uint32_t)(test->value >> 32);
	unsigned low;

	(void)emit_jump(w, condition, (uint32_t)test->value, yes, no);
	(void)emit_masked(w, (uint32_t)test->mask);
	low = emit_half(w, test, false);
	if (!wide || !(test->mask >> 32))
		return low;
	low = emit_jump(w, BPF_JEQ, high, low, no);
	(void)emit_jump(w, BPF_JGT, high, yes, low);
	(void)emit_masked(w, (uint32_t)(test->mask >> 32));
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

/* Returns whether TEST compares one half of an argument without masking it. */
static bool is_plain(const struct seccomp_test *test, bool wide)
{
	const uint32_t mask = (uint32_t)test->mask;
	const bool equal = test->op == SECCOMP_EQ || test->op == SECCOMP_NE;

	return mask && !(wide && test->mask >> 32) &&
	       (mask == UINT32_MAX || (equal && is_bit_test(mask, (uint32_t)test->value)));
}

/* Returns whether all tests of the rule do that with the same argument. */
static bool is_plain_rule(const struct seccomp_rule *rule, bool wide)
{
	for (size_t i = 0; i < rule->n_tests; i++)
		if (!is_plain(&rule->tests[i], wide) ||
			rule->tests[i].index != rule->tests[0].index)
			return false;
	return rule->n_tests > 0;
}

/* Removes the load at AT if it is the last instruction written, and repeats the load of TEST, which
 * runs before it and is the only way to it. Returns what follows the load. */
static unsigned without_load(struct writer *w, const struct seccomp_test *test, unsigned at)
{
	const struct sock_filter *last = &w->filter[w->n - 1];

	if (at != w->n - 1 || last->code != (BPF_LD | BPF_W | BPF_ABS) ||
		last->k != argument_offset(test->index, false))
		return at;
	w->n--;
	return w->n - 1;
}

/* Writes a rule, which continues at NO if not all of its tests hold. */
static unsigned emit_rule(struct writer *w, const struct seccomp_rule *rule, bool wide, unsigned no)
{
	unsigned yes = emit_return(w, rule->action);

	if (is_plain_rule(rule, wide))
		no = without_load(w, &rule->tests[0], no);
	for (size_t k = rule->n_tests; k > 0; k--) {
		const struct seccomp_test *test = &rule->tests[k - 1];

		if (k < rule->n_tests && is_plain(test, wide))
			yes = without_load(w, test, yes);
		yes = emit_test(w, test, wide, yes, no);
	}
	return yes;
}

static bool is_same_span(const struct seccomp_span *a, const struct seccomp_span *b)
{
	if (a->action != b->action || a->n_calls != b->n_calls)
		return false;
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct seccomp_rule *one = a->calls[i].rule, *other = b->calls[i].rule;

		if (one->action != other->action || one->n_tests != other->n_tests ||
			one->tests != other->tests)
			return false;
	}
	return true;
}

/* Writes a span with tests: the first rule whose tests all hold decides. Names that a policy lists
 * together have the same tests, which are written only once. */
static unsigned emit_span(struct writer *w, const struct seccomp_span *span, bool wide)
{
	unsigned at;

	if (!span->n_calls)
		return emit_return(w, span->action);
	for (unsigned i = 0; i < w->n_spans; i++)
		if (w->spans[i].wide == wide && is_same_span(w->spans[i].span, span))
			return w->spans[i].at;
	/* Writes the returns first, so that none stands between two tests. */
	for (size_t i = 0; i < span->n_calls; i++)
		(void)emit_return(w, span->calls[i].rule->action);
	at = emit_return(w, span->action);
	for (size_t i = span->n_calls; i > 0; i--)
		at = emit_rule(w, span->calls[i - 1].rule, wide, at);
	if (w->n_spans < SPANS) {
		w->spans[w->n_spans].span = span;
		w->spans[w->n_spans].wide = wide;
		w->spans[w->n_spans++].at = at;
	}
	return at;
}

/* Writes a tree of depth log2(N). */
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

/* Separates x86_64 and x32, which are one architecture for the kernel, by a bit of the number. The
 * number -1, with which a tracer skips a call, is not a call of x32. */
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

/* Tests the architecture. The first, which is the native one, is tested first. */
static void emit_program(struct writer *w, const struct seccomp_table *tables, size_t n)
{
	unsigned other = emit_return(w, w->foreign_action);

	for (size_t i = n; i > 0; i--) {
		uint32_t audit = tables[i - 1].audit_arch;
		const struct seccomp_table *x32 = find_table(tables, n, audit, true);
		const struct seccomp_table *plain = find_table(tables, n, audit, false);
		unsigned here;

		/* The entry of x86_64 covers both. */
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
