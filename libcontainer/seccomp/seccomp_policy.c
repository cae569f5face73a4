/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_policy.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/seccomp/seccomp.h"

#define SECCOMP_ARGUMENTS 6 /* members of seccomp_data.args */
#define LARGEST_ERRNO 4095 /* MAX_ERRNO of the kernel, which cuts larger values to it */

/* Limits the work on a hostile config, far above what fits into a filter. */
#define MAX_RULES 65536

/* clang-format off */
static const struct {
	const char *name;
	uint32_t action;
	uint32_t data_limit; /* the highest errnoRet; 0: the action takes none */
} actions[] = {
	{"SCMP_ACT_KILL",		SECCOMP_RET_KILL_THREAD,	0},
	{"SCMP_ACT_KILL_PROCESS",	SECCOMP_RET_KILL_PROCESS,	0},
	{"SCMP_ACT_KILL_THREAD",	SECCOMP_RET_KILL_THREAD,	0},
	{"SCMP_ACT_TRAP",		SECCOMP_RET_TRAP,		0},
	{"SCMP_ACT_ERRNO",		SECCOMP_RET_ERRNO,		LARGEST_ERRNO},
	{"SCMP_ACT_TRACE",		SECCOMP_RET_TRACE,		SECCOMP_RET_DATA},
	{"SCMP_ACT_ALLOW",		SECCOMP_RET_ALLOW,		0},
	{"SCMP_ACT_LOG",		SECCOMP_RET_LOG,		0},
	{"SCMP_ACT_NOTIFY",		SECCOMP_RET_USER_NOTIF,		0},
};

static const struct {
	const char *name;
	enum seccomp_operator op;
	bool masked;
} operators[] = {
	{"SCMP_CMP_NE",		SECCOMP_NE, false},
	{"SCMP_CMP_LT",		SECCOMP_LT, false},
	{"SCMP_CMP_LE",		SECCOMP_LE, false},
	{"SCMP_CMP_EQ",		SECCOMP_EQ, false},
	{"SCMP_CMP_GE",		SECCOMP_GE, false},
	{"SCMP_CMP_GT",		SECCOMP_GT, false},
	{"SCMP_CMP_MASKED_EQ",	SECCOMP_EQ, true},
};

/* Some architectures have calls outside the common series of numbers: ARM from 0x0f0000 (set_tls),
 * x32 from 512 (calls with other structs than on x86_64). A policy that names one of them does not
 * therefore know all common numbers below. */
static const struct seccomp_arch architectures[SECCOMP_N_ARCHITECTURES] = {
	{"SCMP_ARCH_X86",		"x86",		32, 0, 0},
	{"SCMP_ARCH_X86_64",		"x86_64",	64, 0, 0},
	{"SCMP_ARCH_X32",		"x32",		32, SECCOMP_X32_BIT, SECCOMP_X32_BIT + 512},
	{"SCMP_ARCH_ARM",		"arm",		32, 0, 0x0f0000},
	{"SCMP_ARCH_AARCH64",		"aarch64",	64, 0, 0},
	{"SCMP_ARCH_MIPS",		"mips",		32, 4000, 0},
	{"SCMP_ARCH_MIPS64",		"mips64",	64, 5000, 0},
	{"SCMP_ARCH_MIPS64N32",		"mips64n32",	32, 6000, 0},
	{"SCMP_ARCH_MIPSEL",		"mipsel",	32, 4000, 0},
	{"SCMP_ARCH_MIPSEL64",		"mipsel64",	64, 5000, 0},
	{"SCMP_ARCH_MIPSEL64N32",	"mipsel64n32",	32, 6000, 0},
	{"SCMP_ARCH_PPC",		"ppc",		32, 0, 0},
	{"SCMP_ARCH_PPC64",		"ppc64",	64, 0, 0},
	{"SCMP_ARCH_PPC64LE",		"ppc64le",	64, 0, 0},
	{"SCMP_ARCH_S390",		"s390",		32, 0, 0},
	{"SCMP_ARCH_S390X",		"s390x",	64, 0, 0},
	{"SCMP_ARCH_PARISC",		"parisc",	32, 0, 0},
	{"SCMP_ARCH_PARISC64",		"parisc64",	64, 0, 0},
	{"SCMP_ARCH_RISCV64",		"riscv64",	64, 0, 0},
	{"SCMP_ARCH_LOONGARCH64",	"loongarch64",	64, 0, 0},
	{"SCMP_ARCH_M68K",		"m68k",		32, 0, 0},
	{"SCMP_ARCH_SH",		"sh",		32, 0, 0},
	{"SCMP_ARCH_SHEB",		"sheb",		32, 0, 0},
};

const struct seccomp_flag seccomp_flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC",			0},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW",		SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_LOG",			SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	{NULL,						0},
};
/* clang-format on */

#define N(table) (sizeof(table) / sizeof((table)[0]))

static int read_action(const char *path, const char *name, const struct oci_u32 *errno_ret,
	uint32_t *ret_action, struct nacre_error *err)
{
	uint32_t data = EPERM;

	for (size_t i = 0; name && i < N(actions); i++) {
		if (strcmp(name, actions[i].name))
			continue;
		if (errno_ret->set && !actions[i].data_limit)
			return fail(err, EINVAL, "linux.seccomp.%s: %s takes no errno, found %u",
				path, name, errno_ret->value);
		if (errno_ret->set && errno_ret->value > actions[i].data_limit)
			return fail(err, EINVAL, "linux.seccomp.%s: errno %u is above %u", path,
				errno_ret->value, actions[i].data_limit);
		if (errno_ret->set)
			data = errno_ret->value;
		*ret_action = actions[i].action | (actions[i].data_limit ? data : 0);
		return 0;
	}
	return fail(
		err, EINVAL, "linux.seccomp.%s: unknown action %s", path, name ? name : "(none)");
}

static int read_test(const char *call, const struct oci_syscall_arg *arg,
	struct seccomp_test *ret_test, struct nacre_error *err)
{
	if (arg->index >= SECCOMP_ARGUMENTS)
		return fail(err, EINVAL, "linux.seccomp.syscalls: %s: args: index %u is above %d",
			call, arg->index, SECCOMP_ARGUMENTS - 1);
	for (size_t i = 0; arg->op && i < N(operators); i++) {
		if (strcmp(arg->op, operators[i].name))
			continue;
		*ret_test = (struct seccomp_test){
			.op = operators[i].op,
			.index = arg->index,
			.mask = operators[i].masked ? arg->value : UINT64_MAX,
			.value = operators[i].masked ? arg->value & arg->value_two : arg->value,
		};
		return 0;
	}
	return fail(err, EINVAL, "linux.seccomp.syscalls: %s: args: unknown operator %s", call,
		arg->op ? arg->op : "(none)");
}

static bool index_repeats(const struct seccomp_test *tests, size_t n)
{
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (seen & (1u << tests[i].index))
			return true;
		seen |= 1u << tests[i].index;
	}
	return false;
}

/* Refuses notifications that would block the start itself: init reports the number of the listener
 * with write(2), and the agent has no listener before that. */
static int check_notify(const struct oci_seccomp *seccomp, const char *name, uint32_t action,
	struct nacre_error *err)
{
	if (action != SECCOMP_RET_USER_NOTIF)
		return 0;
	if (!seccomp->listener_path)
		return fail(err, EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs listenerPath");
	if (!name)
		return fail(err, EINVAL,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY is for single calls only");
	if (!strcmp(name, "write"))
		return fail(err, EINVAL,
			"linux.seccomp.syscalls: %s: SCMP_ACT_NOTIFY would stop the container's "
			"own start",
			name);
	return 0;
}

/* Splits a list that compares one argument twice into several rules, any of which may hold:
 * policies for other runtimes are written so (the values of `personality`). */
static int read_syscall(const struct oci_seccomp *seccomp, const struct oci_syscall *call,
	struct seccomp_policy *policy, size_t *n_tests, struct nacre_error *err)
{
	struct seccomp_test *tests = policy->tests + *n_tests;
	const char *first = call->names.n ? call->names.items[0] : "(no name)";
	size_t rules = 1;
	uint32_t action;
	int r = read_action("syscalls.action", call->action, &call->errno_ret, &action, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < call->n_args; i++) {
		r = read_test(first, &call->args[i], &tests[i], err);
		if (r < 0)
			return r;
	}
	*n_tests += call->n_args;
	if (index_repeats(tests, call->n_args))
		rules = call->n_args;
	for (size_t i = 0; i < call->names.n; i++) {
		r = check_notify(seccomp, call->names.items[i], action, err);
		if (r < 0)
			return r;
		for (size_t k = 0; k < rules; k++)
			policy->rules[policy->n_rules++] = (struct seccomp_rule){
				.name = call->names.items[i],
				.action = action,
				.tests = tests + k,
				.n_tests = rules > 1 ? 1 : call->n_args,
			};
	}
	if (action == SECCOMP_RET_USER_NOTIF && call->names.n)
		policy->notify = true;
	return 0;
}

static int read_syscalls(
	const struct oci_seccomp *seccomp, struct seccomp_policy *policy, struct nacre_error *err)
{
	size_t rules = 1, tests = 1; /* + 1: calloc(0) may return NULL */
	int r;

	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_syscall *call = &seccomp->syscalls[i];

		rules += call->names.n * (call->n_args ? call->n_args : 1);
		tests += call->n_args;
		if (rules > MAX_RULES)
			return fail(err, E2BIG, "linux.seccomp.syscalls: more than %d rules",
				MAX_RULES);
	}
	policy->rules = calloc(rules, sizeof(*policy->rules));
	policy->tests = calloc(tests, sizeof(*policy->tests));
	if (!policy->rules || !policy->tests)
		return fail_errno(err, ENOMEM, "linux.seccomp: %zu rules", rules);
	tests = 0;
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		r = read_syscall(seccomp, &seccomp->syscalls[i], policy, &tests, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void add_arch(struct seccomp_policy *policy, const struct seccomp_arch *arch)
{
	for (size_t i = 0; i < policy->n_archs; i++)
		if (policy->archs[i] == arch)
			return;
	policy->archs[policy->n_archs++] = arch;
}

const struct seccomp_arch *seccomp_find_arch(const char *oci)
{
	for (size_t i = 0; i < SECCOMP_N_ARCHITECTURES; i++)
		if (!strcmp(oci, architectures[i].oci))
			return &architectures[i];
	return NULL;
}

/* Adds the native architecture in any case: without it nothing could run. */
static int read_architectures(
	const struct oci_strings *list, struct seccomp_policy *policy, struct nacre_error *err)
{
	for (size_t i = 0; i < SECCOMP_N_ARCHITECTURES; i++)
		if (seccomp_arch_resolve_name(architectures[i].libseccomp) == seccomp_arch_native())
			add_arch(policy, &architectures[i]);
	for (size_t i = 0; i < list->n; i++) {
		const struct seccomp_arch *arch = seccomp_find_arch(list->items[i]);

		if (!arch)
			return fail(err, EINVAL,
				"linux.seccomp.architectures: unknown architecture %s",
				list->items[i]);
		if (!seccomp_arch_resolve_name(arch->libseccomp))
			return fail(err, EOPNOTSUPP,
				"linux.seccomp.architectures: %s is newer than the installed "
				"libseccomp",
				list->items[i]);
		add_arch(policy, arch);
	}
	return 0;
}

static int read_flags(
	const struct oci_seccomp *seccomp, struct seccomp_policy *policy, struct nacre_error *err)
{
	/* Since Linux 5.16 the kernel behaves like this by default. Before, a filter without this
	 * flag turns on expensive mitigations of speculation. An empty list of flags asks for
	 * them. */
	if (!seccomp->has_flags)
		policy->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < seccomp->flags.n; i++) {
		const struct seccomp_flag *known = seccomp_flags;

		while (known->name && strcmp(seccomp->flags.items[i], known->name))
			known++;
		if (!known->name)
			return fail(err, EINVAL, "linux.seccomp.flags: unknown flag %s",
				seccomp->flags.items[i]);
		policy->flags |= known->flag;
	}
	/* The kernel refuses this flag without a listener. */
	if (!policy->notify)
		policy->flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return 0;
}

/* Returns whether new calls should return ENOSYS instead of ACTION. libc falls back to an older
 * call only on ENOSYS, so an errno or a kill for a call that the policy's author could not know
 * breaks programs for nothing. With a default of notify, trace, log or allow, the author wants to
 * see unknown calls. */
static bool hides_new_calls(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
		return true;
	case SECCOMP_RET_ERRNO:
		return (action & SECCOMP_RET_DATA) != ENOSYS;
	default:
		return false;
	}
}

int seccomp_policy_read(const struct oci_seccomp *seccomp, struct seccomp_policy *ret_profile,
	struct nacre_error *err)
{
	struct seccomp_policy policy = {.foreign_action = SECCOMP_RET_KILL_PROCESS};
	int r = read_action("defaultAction", seccomp->default_action, &seccomp->default_errno_ret,
		&policy.default_action, err);

	if (r >= 0)
		r = check_notify(seccomp, NULL, policy.default_action, err);
	if (r >= 0)
		r = read_architectures(&seccomp->architectures, &policy, err);
	if (r >= 0)
		r = read_syscalls(seccomp, &policy, err);
	if (r >= 0)
		r = read_flags(seccomp, &policy, err);
	if (r < 0) {
		seccomp_policy_release(&policy);
		return r;
	}
	policy.new_calls_are_unknown = hides_new_calls(policy.default_action);
	*ret_profile = policy;
	return 0;
}

void seccomp_policy_release(struct seccomp_policy *policy)
{
	free(policy->rules);
	free(policy->tests);
	policy->rules = NULL;
	policy->tests = NULL;
}
