/* SPDX-License-Identifier: Apache-2.0 */
/* First, since check.h has a macro called fail. */
#include "libcontainer/cgroup/cgroup_devices.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_cgroup_devices(void);

#define ROOM 4096

enum {
	M = BPF_DEVCG_ACC_MKNOD,
	R = BPF_DEVCG_ACC_READ,
	W = BPF_DEVCG_ACC_WRITE
};

static struct nacre_error err;
static struct bpf_insn program[ROOM];
static uint64_t counter; /* in the map */

/* Does dst OP= src for the few operations that the compiler emits; false for any other. */
static bool calculate(uint8_t code, uint64_t *dst, uint64_t src)
{
	switch (code) {
	case BPF_ALU | BPF_XOR | BPF_K:
		*dst = (uint32_t)*dst ^ (uint32_t)src;
		return true;
	case BPF_ALU64 | BPF_MOV:
		*dst = src;
		return true;
	case BPF_ALU64 | BPF_AND:
		*dst &= src;
		return true;
	case BPF_ALU64 | BPF_OR:
		*dst |= src;
		return true;
	case BPF_ALU64 | BPF_XOR:
		*dst ^= src;
		return true;
	case BPF_ALU64 | BPF_SUB:
		*dst -= src;
		return true;
	case BPF_ALU64 | BPF_MUL:
		*dst *= src;
		return true;
	case BPF_ALU64 | BPF_LSH:
		*dst <<= src;
		return true;
	case BPF_ALU64 | BPF_RSH:
		*dst >>= src;
		return true;
	default:
		return false;
	}
}

/* What the kernel does with the few instructions that the compiler emits; any other, as any jump,
 * and a run off the end are failures. What is denied, and nothing else, must be counted. Asserts
 * only on a failure, since check is slow at it. */
static int run(int n, char type, uint32_t major, uint32_t minor, uint32_t access)
{
	uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	struct bpf_cgroup_dev_ctx context = {access << 16 | kind, major, minor};
	uint64_t reg[11] = {0}, before = counter;
	int pc;

	for (pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &program[pc];
		uint64_t imm = (uint64_t)(int64_t)i->imm;
		uint64_t src = BPF_SRC(i->code) == BPF_X ? reg[i->src_reg] : imm;
		uint64_t *dst = &reg[i->dst_reg];
		uint8_t code = i->code & ~(BPF_CLASS(i->code) == BPF_ALU64 ? BPF_X : 0);
		uint32_t word;

		switch (code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			if (i->src_reg != BPF_REG_1)
				ck_abort_msg("instruction %d: not of the context", pc);
			memcpy(&word, (const char *)&context + i->off, 4);
			*dst = word;
			break;
		case BPF_LD | BPF_IMM | BPF_DW:
			if (i->src_reg != BPF_PSEUDO_MAP_VALUE || n - pc != CGROUP_DEVICES_MAP)
				ck_abort_msg("instruction %d: not the map", pc);
			*dst = (uintptr_t)&counter;
			pc++;
			break;
		case BPF_STX | BPF_ATOMIC | BPF_DW:
			if (i->imm != BPF_ADD || *dst != (uintptr_t)&counter)
				ck_abort_msg("instruction %d: not an addition to the map", pc);
			counter += reg[i->src_reg];
			break;
		case BPF_JMP | BPF_EXIT:
			if (counter - before != !reg[BPF_REG_0])
				ck_abort_msg("verdict %d, but counted %d", (int)reg[BPF_REG_0],
					(int)(counter - before));
			return (int)reg[BPF_REG_0];
		default:
			if (!calculate(code, dst, src))
				ck_abort_msg("instruction %d: code %#x", pc, i->code);
		}
	}
	ck_abort_msg("ran off the end");
}

static int compile(const struct oci_device_rule *rules, size_t n)
{
	int r = cgroup_devices_compile(rules, n, program, ROOM, &err);

	ck_assert_msg(r >= 0, "%s", err.text);
	return r;
}

/* The same question without a program: for each bit the last rule that speaks about it. */
static int expected(const struct oci_device_rule *rules, size_t n, char type, uint32_t major,
	uint32_t minor, uint32_t access)
{
	static const char letters[] = "mrw";
	int bit;

	for (bit = 0; bit < 3; bit++) {
		int allowed = 0;
		size_t i;

		if (!(access & (1u << bit)))
			continue;
		for (i = 0; i < n; i++) {
			const struct oci_device_rule *rule = &rules[i];

			if (rule->type && rule->type[0] != 'a' && rule->type[0] != type)
				continue;
			if (rule->major.set && rule->major.value != -1 &&
				rule->major.value != major)
				continue;
			if (rule->minor.set && rule->minor.value != -1 &&
				rule->minor.value != minor)
				continue;
			if (rule->access && !strchr(rule->access, letters[bit]))
				continue;
			allowed = rule->allow;
		}
		if (!allowed)
			return 0;
	}
	return 1;
}

static const struct oci_device_rule deny_all = {.allow = false, .access = "rwm"};
static const struct oci_device_rule allow_all = {.allow = true, .access = "rwm"};

#define NUMBER(n)         \
	{                 \
		true, (n) \
	}

static const struct {
	char type;
	uint32_t major, minor;
	uint32_t access;
	int allowed;
} defaults[] = {
	{'c', 1, 3, R | W | M, 1}, /* null */
	{'c', 1, 5, R | W | M, 1}, /* zero */
	{'c', 1, 7, R | W | M, 1}, /* full */
	{'c', 1, 8, R | W | M, 1}, /* random */
	{'c', 1, 9, R | W | M, 1}, /* urandom */
	{'c', 5, 0, R | W | M, 1}, /* tty */
	{'c', 5, 1, R, 0}, /* the host's console */
	{'c', 5, 2, R | W | M, 1}, /* ptmx */
	{'c', 136, 0, R | W | M, 1}, /* pts */
	{'c', 136, 99999, R | W, 1},
	{'c', 10, 200, R | W | M, 1}, /* net/tun */
	{'c', 77, 77, M, 1},
	{'b', 8, 0, M, 1},
	{'b', 8, 0, R, 0},
	{'b', 8, 0, R | M, 0},
	{'b', 1, 3, R, 0},
	{'c', 1, 1, R, 0}, /* mem */
	{'c', 1, 1, W, 0},
	{'c', 1, 11, R, 0}, /* kmsg */
	{'c', 10, 232, R | W, 0}, /* kvm */
	{'c', 137, 0, R, 0},
};

START_TEST(the_default_devices_cannot_be_denied_and_others_are)
{
	int n = compile(&deny_all, 1);

	ck_assert_int_eq(run(n, defaults[_i].type, defaults[_i].major, defaults[_i].minor,
				 defaults[_i].access),
		defaults[_i].allowed);
	/* No rule at all denies too. */
	n = compile(NULL, 0);
	ck_assert_int_eq(run(n, defaults[_i].type, defaults[_i].major, defaults[_i].minor,
				 defaults[_i].access),
		defaults[_i].allowed);
}
END_TEST

START_TEST(the_last_rule_decides)
{
	struct oci_device_rule kvm = {true, "c", NUMBER(10), NUMBER(232), "rw"};
	struct oci_device_rule no_kvm = {false, "c", NUMBER(10), NUMBER(232), "w"};
	struct oci_device_rule rules[] = {deny_all, kvm, no_kvm};
	int n = compile(rules, 2);

	ck_assert_int_eq(run(n, 'c', 10, 232, R | W), 1);
	ck_assert_int_eq(run(n, 'b', 10, 232, R | W), 0);
	ck_assert_int_eq(run(n, 'c', 10, 233, R), 0);
	ck_assert_int_eq(run(n, 'c', 11, 232, R), 0);
	n = compile(rules, 3);
	ck_assert_int_eq(run(n, 'c', 10, 232, R), 1);
	ck_assert_int_eq(run(n, 'c', 10, 232, W), 0);
	ck_assert_int_eq(run(n, 'c', 10, 232, R | W), 0);
	rules[2] = deny_all;
	n = compile(rules, 3);
	ck_assert_int_eq(run(n, 'c', 10, 232, R), 0);
}
END_TEST

START_TEST(bits_may_come_from_two_rules)
{
	struct oci_device_rule rules[] = {deny_all, {true, "b", NUMBER(8), NUMBER(-1), "r"},
		{true, "b", {0}, NUMBER(1), "w"}};
	int n = compile(rules, 3);

	ck_assert_int_eq(run(n, 'b', 8, 1, R | W), 1);
	ck_assert_int_eq(run(n, 'b', 8, 2, R | W), 0);
	ck_assert_int_eq(run(n, 'b', 9, 1, R | W), 0);
	ck_assert_int_eq(run(n, 'b', 9, 1, W), 1);
}
END_TEST

START_TEST(everything_allowed_needs_no_program)
{
	struct oci_device_rule one = {true, "c", NUMBER(10), NUMBER(232), "rw"};
	struct oci_device_rule no = {false, "b", {0}, {0}, NULL};
	struct oci_device_rule rules[] = {deny_all, allow_all, one, no};

	ck_assert_int_eq(compile(&rules[1], 1), 0);
	ck_assert_int_eq(compile(rules, 2), 0);
	ck_assert_int_eq(compile(rules, 3), 0);
	ck_assert_int_gt(compile(rules, 4), 0);
	rules[1].type = "a";
	rules[1].major = (struct oci_i64)NUMBER(-1);
	rules[1].access = NULL;
	ck_assert_int_eq(compile(rules, 2), 0);
}
END_TEST

/* What engines send, docker for one: the defaults once more. */
START_TEST(rules_without_a_say_cost_nothing)
{
	struct oci_device_rule rules[] = {deny_all, {true, "c", NUMBER(-1), NUMBER(-1), "m"},
		{true, "b", NUMBER(-1), NUMBER(-1), "m"}, {true, "c", NUMBER(1), NUMBER(3), "rwm"},
		{true, "c", NUMBER(1), NUMBER(8), "rwm"}, {true, "c", NUMBER(5), NUMBER(2), "rw"},
		{true, "c", NUMBER(136), NUMBER(-1), "rwm"},
		{true, "c", NUMBER(136), NUMBER(4), "r"}};
	int alone = compile(rules, 1);

	ck_assert_int_eq(compile(rules, sizeof(rules) / sizeof(rules[0])), alone);
}
END_TEST

START_TEST(a_hole_in_a_wildcard_is_a_hole)
{
	struct oci_device_rule rules[] = {allow_all, {false, "c", NUMBER(10), NUMBER(232), "rw"}};
	int n = compile(rules, 2);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(run(n, 'c', 10, 232, R), 0);
	ck_assert_int_eq(run(n, 'c', 10, 233, R | W | M), 1);
	ck_assert_int_eq(run(n, 'b', 10, 232, R | W | M), 1);
}
END_TEST

START_TEST(a_denial_with_an_unknown_letter_is_whole)
{
	struct oci_device_rule rules[] = {allow_all, {false, "c", NUMBER(10), NUMBER(232), "ra"}};
	int n = compile(rules, 2);

	ck_assert_int_eq(run(n, 'c', 10, 232, R), 0);
	ck_assert_int_eq(run(n, 'c', 10, 232, W), 0);
	ck_assert_int_eq(run(n, 'c', 10, 233, R | W), 1);
}
END_TEST

/* Asks for every access to a few devices; asserts only on a difference, as run() does. */
static void compare(int n, const struct oci_device_rule *rules, size_t n_rules)
{
	uint32_t i;

	for (i = 0; i < 2 * 3 * 3 * 8; i++) {
		char type = i % 2 ? 'b' : 'c';
		uint32_t major = 200 + i / 2 % 3, minor = i / 6 % 3, access = i / 18;
		/* mknod is always allowed, so it has no say. */
		int e = expected(rules, n_rules, type, major, minor, access & ~(uint32_t)M);

		if ((access & ~(uint32_t)M) &&
			(n == 0 ? 1 : run(n, type, major, minor, access)) != e)
			ck_abort_msg("%c %u:%u access %u: not %d", type, major, minor, access, e);
	}
}

START_TEST(rules_mean_what_they_say_by_chance_too)
{
	static const char *const types[] = {NULL, "a", "b", "c"};
	static const char *const accesses[] = {NULL, "r", "w", "m", "rw", "rm", "wm", "rwm"};
	struct oci_device_rule rules[8];
	int round;

	srand(1);
	for (round = 0; round < 5000; round++) {
		size_t n_rules = (size_t)rand() % 8, i;

		for (i = 0; i < n_rules; i++)
			/* Numbers that no default device has. */
			rules[i] = (struct oci_device_rule){.allow = rand() % 2,
				.type = types[rand() % 4],
				.major = {rand() % 2, rand() % 4 ? 200 + rand() % 3 : -1},
				.minor = {rand() % 2, rand() % 4 - 1},
				.access = accesses[rand() % 8]};
		compare(compile(rules, n_rules), rules, n_rules);
	}
}
END_TEST

static const struct {
	struct oci_device_rule rule;
	const char *text;
} bad[] = {
	{{true, "x", {0}, {0}, "r"}, "linux.resources.devices[1].type: \"x\" "},
	{{true, "cc", {0}, {0}, "r"}, "linux.resources.devices[1].type: \"cc\" "},
	{{true, "c", {0}, {0}, "rx"}, "linux.resources.devices[1].access: \"rx\" "},
	{{true, "c", NUMBER(-2), {0}, "r"}, "linux.resources.devices[1].major: -2 "},
	{{true, "c", {0}, NUMBER(4294967296), "r"},
		"linux.resources.devices[1].minor: 4294967296 "},
};

START_TEST(a_bad_rule_is_refused_even_where_it_has_no_say)
{
	struct oci_device_rule rules[] = {allow_all, bad[_i].rule, deny_all};

	ck_assert_int_eq(cgroup_devices_compile(rules, 3, program, ROOM, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, bad[_i].text) != NULL, "%s", err.text);
}
END_TEST

START_TEST(too_many_rules_do_not_overflow)
{
	size_t n = 100000, i;
	struct oci_device_rule *rules = calloc(n, sizeof(*rules));

	ck_assert_ptr_nonnull(rules);
	for (i = 0; i < n; i++)
		rules[i] = (struct oci_device_rule){true, "c", {true, (int64_t)i}, {true, 1}, "r"};
	memset(program, 0xee, sizeof(program));
	ck_assert_int_eq(cgroup_devices_compile(rules, n, program, 100, &err), -E2BIG);
	ck_assert_uint_eq(program[100].code, 0xee);
	ck_assert_int_eq(cgroup_devices_compile(rules, n, program, ROOM, &err), -E2BIG);
	ck_assert_int_eq(cgroup_devices_compile(NULL, 0, program, 3, &err), -E2BIG);
	ck_assert_int_gt(cgroup_devices_compile(rules, 900, program, ROOM, &err), 3600);
	/* Numbers that no device can have cost nothing. */
	for (i = 0; i < 900; i++)
		rules[i].major.value += 4096;
	ck_assert_int_lt(cgroup_devices_compile(rules, 900, program, ROOM, &err), 200);
	free(rules);
}
END_TEST

Suite *suite_cgroup_devices(void)
{
	Suite *suite = suite_create("cgroup_devices");
	TCase *t = tcase_create("cgroup_devices");

	/* Thousands of programs run instruction by instruction, on a machine that may be busy. */
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, the_default_devices_cannot_be_denied_and_others_are, 0,
		sizeof(defaults) / sizeof(defaults[0]));
	tcase_add_test(t, the_last_rule_decides);
	tcase_add_test(t, bits_may_come_from_two_rules);
	tcase_add_test(t, everything_allowed_needs_no_program);
	tcase_add_test(t, rules_without_a_say_cost_nothing);
	tcase_add_test(t, a_hole_in_a_wildcard_is_a_hole);
	tcase_add_test(t, a_denial_with_an_unknown_letter_is_whole);
	tcase_add_test(t, rules_mean_what_they_say_by_chance_too);
	tcase_add_loop_test(
		t, a_bad_rule_is_refused_even_where_it_has_no_say, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, too_many_rules_do_not_overflow);
	suite_add_tcase(suite, t);
	return suite;
}
