/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup_devices.h"

#include <errno.h>
#include <string.h>

/*
 * cgroup v2 has no file for devices: a program of type BPF_PROG_TYPE_CGROUP_DEVICE hangs at the
 * cgroup, the kernel runs it at each open(2) and mknod(2) of a device, and 1 allows, 0 denies. All
 * programs of a cgroup and of those above it must allow.
 *
 * A rule speaks about bits (read, write, mknod), and for each bit the last rule that matches the
 * device decides. So the program tries the rules from last to first and keeps in a register the
 * bits that are asked for and not allowed yet: an allow rule takes its bits away, and nothing left
 * means yes; a deny rule that names a bit which is left means no. So does the end.
 */

/* The most instructions of a program before Linux 5.2; with 9 a rule far more than any config has.
 */
#define PROGRAM_MAX 4096
#define LOG_SIZE 16384
#define ATTACHED_MAX 64
#define LOAD_ATTEMPTS 10

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define TYPE_ALL (-1)
#define NUMBER_ALL (-1)

enum { /* registers */
	REG_RESULT = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1, /* struct bpf_cgroup_dev_ctx */
	REG_TYPE = BPF_REG_2,
	REG_LEFT = BPF_REG_3,
	REG_MAJOR = BPF_REG_4,
	REG_MINOR = BPF_REG_5,
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

/* Behind the rules of the config, so that those cannot take them away; as in runc, but for the
 * console, which crun has. A node that cannot be opened does no harm, hence mknod of anything. */
/* clang-format off */
static const struct device_rule default_rules[] = {
	{true, C, NUMBER_ALL, NUMBER_ALL, BPF_DEVCG_ACC_MKNOD},
	{true, B, NUMBER_ALL, NUMBER_ALL, BPF_DEVCG_ACC_MKNOD},
	{true, C, 10,  200,        ACCESS_ALL}, /* /dev/net/tun */
	{true, C, 5,   1,          ACCESS_ALL}, /* /dev/console */
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

#undef C
#undef B

struct program {
	struct bpf_insn *insns;
	size_t n;
	size_t room;
	bool denies; /* a rule that denies was emitted */
	bool closed; /* the last instructions decide on everything */
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

static void emit_verdict(struct program *p, bool allow)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_start(struct program *p)
{
	const uint8_t load = BPF_LDX | BPF_MEM | BPF_W;

	/* access_type: the access in the upper half, the type in the lower. */
	emit(p, load, REG_TYPE, REG_CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, REG_LEFT, REG_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, REG_LEFT, 0, 0, 16);
	emit(p, BPF_ALU | BPF_AND | BPF_K, REG_TYPE, 0, 0, 0xffff);
	emit(p, load, REG_MAJOR, REG_CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, load, REG_MINOR, REG_CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

static void emit_rule(struct program *p, const struct device_rule *rule)
{
	const uint8_t differs = BPF_JMP32 | BPF_JNE | BPF_K;
	int16_t next; /* instructions of this rule that follow */

	if (!rule->allow)
		p->denies = true;
	if (rule->type == TYPE_ALL && rule->major == NUMBER_ALL && rule->minor == NUMBER_ALL &&
		rule->access == ACCESS_ALL) {
		emit_verdict(p, rule->allow);
		p->closed = true;
		return;
	}
	next = (rule->type != TYPE_ALL) + (rule->major != NUMBER_ALL) +
	       (rule->minor != NUMBER_ALL) + 4;
	if (rule->type != TYPE_ALL)
		emit(p, differs, REG_TYPE, 0, --next, rule->type);
	if (rule->major != NUMBER_ALL)
		emit(p, differs, REG_MAJOR, 0, --next, (int32_t)rule->major);
	if (rule->minor != NUMBER_ALL)
		emit(p, differs, REG_MINOR, 0, --next, (int32_t)rule->minor);
	if (rule->allow) {
		emit(p, BPF_ALU | BPF_AND | BPF_K, REG_LEFT, 0, 0, ~rule->access);
		emit(p, differs, REG_LEFT, 0, 2, 0);
	} else {
		/* JSET jumps to the verdict if one of the bits is left. The verifier knows no
		 * "jump if none is". */
		emit(p, BPF_JMP32 | BPF_JSET | BPF_K, REG_LEFT, 0, 1, rule->access);
		emit(p, BPF_JMP | BPF_JA, 0, 0, 2, 0);
	}
	emit_verdict(p, rule->allow);
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

static int parse_access(const char *access)
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
			return -EINVAL;
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
	ret_rule->access = parse_access(rule->access);
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

int cgroup_devices_compile(const struct oci_device_rule *rules, size_t n_rules,
	struct bpf_insn *ret_program, size_t n, struct nacre_error *err)
{
	struct program p = {.insns = ret_program, .room = n};
	struct device_rule rule;
	size_t i;

	emit_start(&p);
	for (i = sizeof(default_rules) / sizeof(default_rules[0]); i > 0; i--)
		emit_rule(&p, &default_rules[i - 1]);
	/* What stands before a rule for everything has no say; the verifier refuses dead code. All
	 * rules are checked nevertheless. */
	for (i = n_rules; i > 0; i--) {
		int r = parse_rule(&rules[i - 1], i - 1, &rule, err);

		if (r < 0)
			return r;
		if (!p.closed)
			emit_rule(&p, &rule);
		/* Before the count of instructions can overflow a jump or an int. */
		if (p.n > n)
			return fail(err, E2BIG,
				"linux.resources.devices: %zu rules make more than %zu "
				"instructions",
				n_rules, n);
	}
	if (p.closed && !p.denies)
		return 0;
	if (!p.closed)
		emit_verdict(&p, false);
	if (p.n > n)
		return fail(err, E2BIG,
			"linux.resources.devices: %zu rules make more than %zu instructions",
			n_rules, n);
	return (int)p.n;
}
