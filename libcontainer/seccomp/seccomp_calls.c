/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_policy.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Resolves names to numbers. libseccomp's tables contain all calls of all architectures up to the
 * kernel of its release. Newer calls are listed below: from 424 on a call has the same number
 * everywhere.
 */

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	const char *name;
	uint32_t number;
	const char *only; /* libseccomp's name of the only architecture that has it */
} newer_calls[] = {
	{"futex_waitv", 449, NULL},		{"set_mempolicy_home_node", 450, NULL},
	{"cachestat", 451, NULL},		{"fchmodat2", 452, NULL},
	{"map_shadow_stack", 453, NULL},	{"futex_wake", 454, NULL},
	{"futex_wait", 455, NULL},		{"futex_requeue", 456, NULL},
	{"statmount", 457, NULL},		{"listmount", 458, NULL},
	{"lsm_get_self_attr", 459, NULL},	{"lsm_set_self_attr", 460, NULL},
	{"lsm_list_modules", 461, NULL},	{"mseal", 462, NULL},
	{"setxattrat", 463, NULL},		{"getxattrat", 464, NULL},
	{"listxattrat", 465, NULL},		{"removexattrat", 466, NULL},
	{"open_tree_attr", 467, NULL},		{"file_getattr", 468, NULL},
	{"file_setattr", 469, NULL},		{"listns", 470, NULL},
	{"rseq_slice_yield", 471, NULL},
	{"uretprobe", 335, "x86_64"},		{"uprobe", 336, "x86_64"},
	{"riscv_hwprobe", 258, "riscv64"},
};

/* Calls that some architectures have, also or only, as a number in the first argument of
 * socketcall(2) or ipc(2). libseccomp resolves their names there to -(100 + number) and -(200 +
 * number). The kernel uses 32 bits of that argument, for ipc 16. */
static const struct subcall {
	const char *name;
	bool ipc;
	struct seccomp_test test;
} subcalls[] = {
#define SOCKETCALL(name, number) {name, false, {SECCOMP_EQ, 0, 0xffffffff, number}}
#define IPC(name, number)	 {name, true, {SECCOMP_EQ, 0, 0xffff, number}}
	SOCKETCALL("socket", 1),	SOCKETCALL("bind", 2),		SOCKETCALL("connect", 3),
	SOCKETCALL("listen", 4),	SOCKETCALL("accept", 5),	SOCKETCALL("getsockname", 6),
	SOCKETCALL("getpeername", 7),	SOCKETCALL("socketpair", 8),	SOCKETCALL("send", 9),
	SOCKETCALL("recv", 10),		SOCKETCALL("sendto", 11),	SOCKETCALL("recvfrom", 12),
	SOCKETCALL("shutdown", 13),	SOCKETCALL("setsockopt", 14),	SOCKETCALL("getsockopt", 15),
	SOCKETCALL("sendmsg", 16),	SOCKETCALL("recvmsg", 17),	SOCKETCALL("accept4", 18),
	SOCKETCALL("recvmmsg", 19),	SOCKETCALL("sendmmsg", 20),
	IPC("semop", 1),		IPC("semget", 2),		IPC("semctl", 3),
	IPC("semtimedop", 4),		IPC("msgsnd", 11),		IPC("msgrcv", 12),
	IPC("msgget", 13),		IPC("msgctl", 14),		IPC("shmat", 21),
	IPC("shmdt", 22),		IPC("shmget", 23),		IPC("shmctl", 24),
#undef SOCKETCALL
#undef IPC
};
/* clang-format on */

/* The numbers of `subcalls` that an architecture also has as calls of their own; 0: none. */
struct direct_numbers {
	bool multiplexed; /* the architecture has socketcall(2) and ipc(2) */
	uint32_t number[N(subcalls)];
};

static uint32_t token_of(const struct seccomp_arch *arch)
{
	return seccomp_arch_resolve_name(arch->libseccomp);
}

/* Finds direct numbers by asking for the name of each number: for a multiplexed name libseccomp
 * returns only the pseudo number. All lie within the first 500 numbers. */
static void find_direct_numbers(const struct seccomp_arch *arch, struct direct_numbers *ret_direct)
{
	uint32_t token = token_of(arch);

	*ret_direct = (struct direct_numbers){
		.multiplexed = seccomp_syscall_resolve_name_arch(token, "socketcall") >= 0,
	};
	if (!ret_direct->multiplexed)
		return;
	for (uint32_t number = arch->base + 1; number < arch->base + 500; number++) {
		char *name = seccomp_syscall_resolve_num_arch(token, (int)number);

		for (size_t i = 0; name && i < N(subcalls); i++)
			if (!strcmp(name, subcalls[i].name))
				ret_direct->number[i] = number;
		free(name);
	}
}

static size_t find_subcall(const char *name)
{
	size_t i = 0;

	while (i < N(subcalls) && strcmp(name, subcalls[i].name))
		i++;
	return i;
}

/* Returns false if the architecture does not have the call. */
static bool find_number(const struct seccomp_arch *arch, const struct direct_numbers *direct,
	const char *name, uint32_t *ret_number)
{
	int number = seccomp_syscall_resolve_name_arch(token_of(arch), name);
	size_t i;

	/* Numbers of x32, with bit 30, are positive as an int, too. */
	if (number >= 0) {
		*ret_number = (uint32_t)number;
		return true;
	}
	if (direct->multiplexed) {
		i = find_subcall(name);
		if (i < N(subcalls) && direct->number[i]) {
			*ret_number = direct->number[i];
			return true;
		}
	}
	if (number != __NR_SCMP_ERROR)
		return false;
	for (i = 0; i < N(newer_calls); i++) {
		if (strcmp(name, newer_calls[i].name))
			continue;
		if (newer_calls[i].only && strcmp(newer_calls[i].only, arch->libseccomp))
			return false;
		*ret_number = arch->base + newer_calls[i].number;
		return true;
	}
	return false;
}

void seccomp_call_name(uint32_t arch, int number, char ret_name[static 40])
{
	char *name = seccomp_syscall_resolve_num_arch(arch, number);

	(void)snprintf(ret_name, 40, "%d", number);
	if (name)
		(void)snprintf(ret_name, 40, "%s", name);
	for (size_t i = 0; i < N(newer_calls) && !name; i++) {
		const char *only = newer_calls[i].only;

		if (newer_calls[i].number == (uint32_t)number &&
			(!only || seccomp_arch_resolve_name(only) == arch))
			(void)snprintf(ret_name, 40, "%s", newer_calls[i].name);
	}
	free(name);
}

static bool name_is_known(const char *name)
{
	if (seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR)
		return true;
	for (size_t i = 0; i < N(newer_calls); i++)
		if (!strcmp(name, newer_calls[i].name))
			return true;
	return false;
}

size_t seccomp_unknown_names(const struct seccomp_policy *policy, char *text, size_t size)
{
	size_t used = 0, unknown = 0;

	text[0] = '\0';
	for (size_t i = 0; i < policy->n_rules; i++) {
		/* One call of the spec may have become several rules. */
		if ((i && policy->rules[i].name == policy->rules[i - 1].name) ||
			name_is_known(policy->rules[i].name))
			continue;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
				unknown ? ", " : "", policy->rules[i].name);
		unknown++;
	}
	return unknown;
}

/* Returns whether action A takes precedence over B when filters are stacked, in the kernel's
 * order. */
static bool stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

static bool policy_names(const struct seccomp_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (!strcmp(policy->rules[i].name, name))
			return true;
	return false;
}

/* Returns the rule that applies to the multiplexer for the call SUB. There the arguments lie behind
 * a pointer and cannot be compared. So a rule with tests is left out if it would allow more than it
 * names (all of socket(2) instead of AF_UNIX), and applies without its tests if it forbids. */
static const struct seccomp_rule *rule_for_subcall(
	const struct seccomp_policy *policy, const struct subcall *sub)
{
	const struct seccomp_rule *found = NULL;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct seccomp_rule *rule = &policy->rules[i];

		if (rule->action == policy->default_action || strcmp(rule->name, sub->name))
			continue;
		if (!rule->n_tests)
			return rule;
		if (stricter(rule->action, policy->default_action) &&
			(!found || stricter(rule->action, found->action)))
			found = rule;
	}
	return found;
}

/* Adds rules for the multiplexers, except for one that the policy names itself, even with the
 * default action. libseccomp would refuse such a rule and then allow socketcall(SYS_SOCKET) because
 * of a rule for socket(AF_UNIX), which opened every family to 32-bit programs (moby 7158007). */
static size_t add_multiplexed(const struct seccomp_policy *policy, const struct seccomp_arch *arch,
	struct seccomp_table *table, size_t n)
{
	bool done[2] = {policy_names(policy, "socketcall"), policy_names(policy, "ipc")};
	uint32_t token = token_of(arch);
	int number[2] = {seccomp_syscall_resolve_name_arch(token, "socketcall"),
		seccomp_syscall_resolve_name_arch(token, "ipc")};

	for (size_t i = 0; i < N(subcalls); i++) {
		const struct subcall *sub = &subcalls[i];
		const struct seccomp_rule *rule;

		if (done[sub->ipc] || number[sub->ipc] < 0)
			continue;
		rule = rule_for_subcall(policy, sub);
		if (!rule)
			continue;
		table->made[i] = (struct seccomp_rule){
			.name = sub->name,
			.action = rule->action,
			.tests = &sub->test,
			.n_tests = 1,
		};
		table->calls[n++] = (struct seccomp_call){
			.number = (uint32_t)number[sub->ipc],
			.rule = &table->made[i],
		};
	}
	return n;
}

/* Orders by number; rules of one call keep the order of the policy. */
static int compare_calls(const void *a, const void *b)
{
	const struct seccomp_call *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

/* Adds a span, or extends the last one if both have the same action without tests. */
static void add_span(struct seccomp_table *table, struct seccomp_span span)
{
	if (table->n_spans) {
		const struct seccomp_span *last = &table->spans[table->n_spans - 1];

		if (!last->n_calls && !span.n_calls && last->action == span.action)
			return;
	}
	table->spans[table->n_spans++] = span;
}

/* Combines the rules of one call: a rule without tests overrides those with tests, and of several
 * the first counts. A rule with the default action is ignored; libseccomp has always refused these.
 * In an ordered policy a rule without tests is the last one that is tried. */
static struct seccomp_span span_of_call(
	const struct seccomp_policy *policy, struct seccomp_call *calls, size_t n)
{
	struct seccomp_span span = {
		.first = calls[0].number,
		.action = policy->default_action,
		.calls = calls,
	};

	for (size_t i = 0; i < n; i++) {
		const struct seccomp_rule *rule = calls[i].rule;

		if (!policy->ordered && rule->action == policy->default_action)
			continue;
		if (!rule->n_tests) {
			span.action = rule->action;
			if (!policy->ordered)
				span.n_calls = 0;
			break;
		}
		calls[span.n_calls++] = calls[i];
	}
	return span;
}

/* Returns the first number above all numbers that the policy names; 0: there is none. */
static uint32_t first_new_number(
	const struct seccomp_policy *policy, const struct seccomp_table *table, size_t n)
{
	if (!policy->new_calls_are_unknown)
		return 0;
	while (n) {
		uint32_t number = table->calls[--n].number;

		if (!table->arch->special || number < table->arch->special)
			return number + 1;
	}
	return 0;
}

/* Adds the numbers from FROM up to, not including, TO (0: no end), which the policy does not
 * name. */
static void add_gap(const struct seccomp_policy *policy, struct seccomp_table *table,
	uint32_t first_new, uint32_t from, uint32_t to)
{
	uint32_t special = table->arch->special;

	if (from == to && to)
		return;
	if (first_new && from == first_new && (!special || from < special)) {
		add_span(table, (struct seccomp_span){from, SECCOMP_RET_ERRNO | ENOSYS, NULL, 0});
		if (!special || special == to)
			return;
		from = special;
	}
	add_span(table, (struct seccomp_span){from, policy->default_action, NULL, 0});
}

static void make_spans(const struct seccomp_policy *policy, struct seccomp_table *table, size_t n)
{
	uint32_t first_new = first_new_number(policy, table, n);
	uint32_t next = 0;

	for (size_t i = 0, end; i < n; i = end) {
		uint32_t number = table->calls[i].number;

		for (end = i + 1; end < n && table->calls[end].number == number; end++)
			;
		if (number)
			add_gap(policy, table, first_new, next, number);
		add_span(table, span_of_call(policy, &table->calls[i], end - i));
		next = number + 1;
	}
	add_gap(policy, table, first_new, next, 0);
}

int seccomp_table_make(const struct seccomp_policy *policy, const struct seccomp_arch *arch,
	struct seccomp_table *ret_table, struct nacre_error *err)
{
	struct seccomp_table table = {.arch = arch, .audit_arch = token_of(arch)};
	size_t room = policy->n_rules + N(subcalls), n = 0;
	struct direct_numbers direct;

	if (arch->base == SECCOMP_X32_BIT)
		table.audit_arch = AUDIT_ARCH_X86_64;
	table.calls = calloc(room, sizeof(*table.calls));
	table.made = calloc(N(subcalls), sizeof(*table.made));
	table.spans = calloc(2 * room + 4, sizeof(*table.spans));
	if (!table.calls || !table.made || !table.spans) {
		seccomp_table_release(&table);
		return fail_errno(err, ENOMEM, "seccomp: table of %s", arch->libseccomp);
	}
	find_direct_numbers(arch, &direct);
	for (size_t i = 0; i < policy->n_rules; i++) {
		uint32_t number;

		if (!find_number(arch, &direct, policy->rules[i].name, &number))
			continue;
		table.calls[n++] = (struct seccomp_call){number, &policy->rules[i]};
	}
	if (direct.multiplexed)
		n = add_multiplexed(policy, arch, &table, n);
	qsort(table.calls, n, sizeof(*table.calls), compare_calls);
	make_spans(policy, &table, n);
	*ret_table = table;
	return 0;
}

void seccomp_table_release(struct seccomp_table *table)
{
	free(table->calls);
	free(table->made);
	free(table->spans);
	table->calls = NULL;
	table->made = NULL;
	table->spans = NULL;
}
