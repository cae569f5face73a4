/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_devices.h"

#include <errno.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"

/*
 * cgroup v2 has no file for devices. A program of type BPF_PROG_TYPE_CGROUP_DEVICE is attached to
 * the cgroup. The kernel runs it at each open(2) and mknod(2) of a device, and 1 allows, 0 denies.
 * All programs of a cgroup and of those above it must allow.
 *
 * A rule is about bits (read, write, mknod), and for each bit the last rule that matches the device
 * decides. So the program goes through the rules from first to last and keeps the bits that are
 * allowed so far: a rule that matches sets or clears its own bits. In the end every requested bit
 * must be set.
 *
 * There is not a single jump. The kernel verifies each path through a program when it is loaded,
 * and the start of a container waits for that: 490 us for the default rules as branches, 90 us
 * without. So a truth value is bit 63 of a register: DIFFERENCE is 0 if the device is the rule's
 * and less than 2^32 otherwise, and the bit is that of DIFFERENCE - 1. (An arithmetic shift of that
 * into a mask would be worse than a jump: Linux 6.18 then continues with both values.)
 */

/* More than fit into a program. */
#define RULES_MAX 4096

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define TYPE_ALL (-1)
#define NUMBER_ALL (-1)

/* The kernel's dev_t: 12 bits and 20 bits. */
#define MINOR_BITS 20
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

enum { /* registers */
	REG_RESULT = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1, /* struct bpf_cgroup_dev_ctx */
	REG_WANTED = BPF_REG_2, /* the requested access */
	REG_DEVICE = BPF_REG_3, /* major << MINOR_BITS | minor */
	REG_IS_BLOCK = BPF_REG_4, /* bit 63 */
	REG_IS_CHAR = BPF_REG_5, /* bit 63 */
	REG_MATCH = BPF_REG_6, /* bit 63 */
	REG_DIFFERENCE = BPF_REG_7,
	REG_ALLOWED = BPF_REG_8,
	REG_COUNTER = BPF_REG_9,
};

struct device_rule {
	bool allow;
	int type; /* BPF_DEVCG_DEV_* or TYPE_ALL */
	int64_t major;
	int64_t minor;
	int access;
};

#define C BPF_DEVCG_DEV_CHAR
#define B BPF_DEVCG_DEV_BLOCK

/* Default rules come after those of the config, so that the config cannot revoke them, as in runc.
 * 5:1, which crun has, is not among them: that is the host's console, the container's is a pty.
 * mknod of anything is allowed, since a node that cannot be opened does no harm. */
/* clang-format off */
static const struct device_rule default_rules[] = {
	{true, C, NUMBER_ALL, NUMBER_ALL, BPF_DEVCG_ACC_MKNOD},
	{true, B, NUMBER_ALL, NUMBER_ALL, BPF_DEVCG_ACC_MKNOD},
	{true, C, 10,  200,        ACCESS_ALL}, /* /dev/net/tun */
	{true, C, 5,   2,          ACCESS_ALL}, /* /dev/ptmx */
	{true, C, 136, NUMBER_ALL, ACCESS_ALL}, /* /dev/pts */
	{true, C, 5,   0,          ACCESS_ALL}, /* /dev/tty */
	{true, C, 1,   7,          ACCESS_ALL}, /* /dev/full */
	{true, C, 1,   8,          ACCESS_ALL}, /* /dev/random */
	{true, C, 1,   5,          ACCESS_ALL}, /* /dev/zero */
	{true, C, 1,   9,          ACCESS_ALL}, /* /dev/urandom */
	{true, C, 1,   3,          ACCESS_ALL}, /* /dev/null */
};
/* clang-format on */

#define N_DEFAULT_RULES (sizeof(default_rules) / sizeof(default_rules[0]))

#undef C
#undef B

struct program {
	struct bpf_insn *insns;
	size_t n;
	size_t room;
	const struct device_rule *open; /* the rule whose access is not emitted yet */
};

/* What does not fit is counted and not written. */
static void emit(
	struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (p->n < p->room)
		p->insns[p->n] = (struct bpf_insn){
			.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm};
	p->n++;
}

/* 64 bits wide; the kernel extends IMM with its sign. */
static void emit_imm(struct program *p, uint8_t operation, uint8_t dst, int32_t imm)
{
	emit(p, BPF_ALU64 | BPF_K | operation, dst, 0, 0, imm);
}

static void emit_reg(struct program *p, uint8_t operation, uint8_t dst, uint8_t src)
{
	emit(p, BPF_ALU64 | BPF_X | operation, dst, src, 0, 0);
}

static void emit_load(struct program *p, uint8_t dst, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, REG_CONTEXT, (int16_t)offset, 0);
}

static void emit_start(struct program *p)
{
	/* access_type: the access in the upper half, the type in the lower. */
	emit_load(p, REG_WANTED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_reg(p, BPF_MOV, REG_IS_BLOCK, REG_WANTED);
	emit_imm(p, BPF_RSH, REG_WANTED, 16);
	emit_imm(p, BPF_AND, REG_IS_BLOCK, 0xffff);
	emit_reg(p, BPF_MOV, REG_IS_CHAR, REG_IS_BLOCK);
	emit_imm(p, BPF_XOR, REG_IS_BLOCK, BPF_DEVCG_DEV_BLOCK);
	emit_imm(p, BPF_XOR, REG_IS_CHAR, BPF_DEVCG_DEV_CHAR);
	emit_imm(p, BPF_SUB, REG_IS_BLOCK, 1);
	emit_imm(p, BPF_SUB, REG_IS_CHAR, 1);
	emit_load(p, REG_DEVICE, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(p, REG_DIFFERENCE, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit_imm(p, BPF_LSH, REG_DEVICE, MINOR_BITS);
	emit_reg(p, BPF_OR, REG_DEVICE, REG_DIFFERENCE);
	emit_imm(p, BPF_MOV, REG_ALLOWED, 0);
}

/* Bit 63 of DIFFERENCE: whether the numbers are the rule's. */
static void emit_numbers(struct program *p, const struct device_rule *rule)
{
	const uint8_t xor32 = BPF_ALU | BPF_K | BPF_XOR; /* for its result is extended with zeros */
	uint32_t major = (uint32_t)rule->major, minor = (uint32_t)rule->minor;

	if (rule->major == NUMBER_ALL && rule->minor == NUMBER_ALL) {
		emit_imm(p, BPF_MOV, REG_DIFFERENCE, -1);
		return;
	}
	emit_reg(p, BPF_MOV, REG_DIFFERENCE, REG_DEVICE);
	if (rule->minor == NUMBER_ALL) {
		emit_imm(p, BPF_RSH, REG_DIFFERENCE, MINOR_BITS);
		emit(p, xor32, REG_DIFFERENCE, 0, 0, (int32_t)major);
	} else if (rule->major == NUMBER_ALL) {
		emit_imm(p, BPF_AND, REG_DIFFERENCE, MINOR_MAX);
		emit(p, xor32, REG_DIFFERENCE, 0, 0, (int32_t)minor);
	} else {
		emit(p, xor32, REG_DIFFERENCE, 0, 0, (int32_t)(major << MINOR_BITS | minor));
	}
	emit_imm(p, BPF_SUB, REG_DIFFERENCE, 1);
}

/* Sets or clears the rule's bits, once MATCH is known. */
static void emit_access(struct program *p, const struct device_rule *rule)
{
	if (rule->type == BPF_DEVCG_DEV_BLOCK)
		emit_reg(p, BPF_AND, REG_MATCH, REG_IS_BLOCK);
	else if (rule->type == BPF_DEVCG_DEV_CHAR)
		emit_reg(p, BPF_AND, REG_MATCH, REG_IS_CHAR);
	emit_imm(p, BPF_RSH, REG_MATCH, 63);
	emit_imm(p, BPF_MUL, REG_MATCH, rule->access);
	emit_reg(p, BPF_OR, REG_ALLOWED, REG_MATCH);
	/* Bits to be cleared are set by now, so that XOR clears them. */
	if (!rule->allow)
		emit_reg(p, BPF_XOR, REG_ALLOWED, REG_MATCH);
}

/* Consecutive rules that differ only in the numbers share the second half. */
static bool differ_in_numbers_alone(const struct device_rule *a, const struct device_rule *b)
{
	return a->allow == b->allow && a->type == b->type && a->access == b->access;
}

static void emit_rule(struct program *p, const struct device_rule *rule)
{
	const struct device_rule *before = p->open;
	bool goes_on = before && differ_in_numbers_alone(before, rule);

	if (before && !goes_on)
		emit_access(p, before);
	emit_numbers(p, rule);
	emit_reg(p, goes_on ? BPF_OR : BPF_MOV, REG_MATCH, REG_DIFFERENCE);
	p->open = rule;
}

static void emit_end(struct program *p)
{
	emit_access(p, p->open);
	/* 1 if WANTED & ~ALLOWED is 0 */
	emit_imm(p, BPF_XOR, REG_ALLOWED, -1);
	emit_reg(p, BPF_AND, REG_WANTED, REG_ALLOWED);
	emit_imm(p, BPF_SUB, REG_WANTED, 1);
	emit_imm(p, BPF_RSH, REG_WANTED, 63);
	emit_reg(p, BPF_MOV, REG_RESULT, REG_WANTED);
	/* Counts without a jump as well: what is allowed adds 0. */
	emit_imm(p, BPF_XOR, REG_WANTED, 1);
	emit(p, BPF_LD | BPF_IMM | BPF_DW, REG_COUNTER, BPF_PSEUDO_MAP_VALUE, 0, 0);
	emit(p, 0, 0, 0, 0, 0); /* the second half: the place in the map */
	emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, REG_COUNTER, REG_WANTED, 0, BPF_ADD);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int parse_type(const char *type)
{
	if (!type || !*type || strcmp(type, "a") == 0)
		return TYPE_ALL;
	if (strcmp(type, "c") == 0)
		return BPF_DEVCG_DEV_CHAR;
	if (strcmp(type, "b") == 0)
		return BPF_DEVCG_DEV_BLOCK;
	return -EINVAL;
}

/* A rule that denies must not deny less because of a letter without meaning: see
 * check_device_rules. */
static int parse_access(const char *access, bool allow)
{
	int bits = 0;

	if (!access || !*access)
		return ACCESS_ALL;
	for (; *access; access++) {
		switch (*access) {
		case 'r':
			bits |= BPF_DEVCG_ACC_READ;
			break;
		case 'w':
			bits |= BPF_DEVCG_ACC_WRITE;
			break;
		case 'm':
			bits |= BPF_DEVCG_ACC_MKNOD;
			break;
		default:
			return allow ? -EINVAL : ACCESS_ALL;
		}
	}
	return bits;
}

static bool parse_number(struct oci_i64 number, int64_t *ret_number)
{
	*ret_number = number.set ? number.value : NUMBER_ALL;
	return *ret_number >= NUMBER_ALL && *ret_number <= UINT32_MAX;
}

static int parse_rule(const struct oci_device_rule *rule, size_t i, struct device_rule *ret_rule,
	struct nacre_error *err)
{
	const char *path = "linux.resources.devices";

	ret_rule->allow = rule->allow;
	ret_rule->type = parse_type(rule->type);
	if (ret_rule->type == -EINVAL)
		return fail(err, EINVAL, "%s[%zu].type: \"%s\" is none of a, b, c", path, i,
			rule->type);
	ret_rule->access = parse_access(rule->access, rule->allow);
	if (ret_rule->access < 0)
		return fail(err, EINVAL, "%s[%zu].access: \"%s\" is not made of r, w, m", path, i,
			rule->access);
	if (!parse_number(rule->major, &ret_rule->major))
		return fail(err, EINVAL, "%s[%zu].major: %lld is not a device number", path, i,
			(long long)rule->major.value);
	if (!parse_number(rule->minor, &ret_rule->minor))
		return fail(err, EINVAL, "%s[%zu].minor: %lld is not a device number", path, i,
			(long long)rule->minor.value);
	return 0;
}

/* Whether LATER decides all that RULE is about. */
static bool covers(const struct device_rule *later, const struct device_rule *rule)
{
	return (later->type == TYPE_ALL || later->type == rule->type) &&
	       (later->major == NUMBER_ALL || later->major == rule->major) &&
	       (later->minor == NUMBER_ALL || later->minor == rule->minor) &&
	       (later->access & rule->access) == rule->access;
}

static bool is_for_everything(const struct device_rule *rule)
{
	return rule->type == TYPE_ALL && rule->major == NUMBER_ALL && rule->minor == NUMBER_ALL &&
	       rule->access == ACCESS_ALL;
}

/* Emits the rules that have an effect. Engines send the default rules themselves, so this drops
 * half of a usual list. Returns whether anything can be denied. */
static bool emit_rules(struct program *p, const struct device_rule *rules, size_t n)
{
	bool denies = true;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n && !covers(&rules[j], &rules[i]); j++)
			;
		if (j < n || rules[i].major > MAJOR_MAX || rules[i].minor > MINOR_MAX)
			continue;
		/* Everything is denied at the start. */
		if (!rules[i].allow && !p->open)
			continue;
		if (!rules[i].allow)
			denies = true;
		else if (is_for_everything(&rules[i]))
			denies = false;
		emit_rule(p, &rules[i]);
	}
	return denies;
}

int cgroup_devices_compile(const struct oci_device_rule *rules, size_t n_rules,
	struct bpf_insn *ret_program, size_t n, struct nacre_error *err)
{
	struct program p = {.insns = ret_program, .room = n};
	cleanup_free struct device_rule *all = NULL;
	size_t i;
	bool denies;

	if (n_rules > RULES_MAX)
		return fail(err, E2BIG, "linux.resources.devices: %zu rules, more than %d", n_rules,
			RULES_MAX);
	all = calloc(n_rules + N_DEFAULT_RULES, sizeof(*all));
	if (!all)
		return fail_errno(err, ENOMEM, "linux.resources.devices");
	for (i = 0; i < n_rules; i++) {
		int r = parse_rule(&rules[i], i, &all[i], err);

		if (r < 0)
			return r;
	}
	memcpy(all + n_rules, default_rules, sizeof(default_rules));
	emit_start(&p);
	denies = emit_rules(&p, all, n_rules + N_DEFAULT_RULES);
	emit_end(&p);
	if (!denies)
		return 0;
	if (p.n > n)
		return fail(err, E2BIG,
			"linux.resources.devices: %zu rules make %zu instructions, more than %zu",
			n_rules, p.n, n);
	return (int)p.n;
}
