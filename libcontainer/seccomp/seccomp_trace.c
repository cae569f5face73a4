/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_trace.h"

#include <errno.h>
#include <linux/audit.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libcontainer/seccomp/seccomp_policy.h"

/* Leaves room for a kernel that writes more than the header defines. */
#define NOTIF_BYTES 512

int seccomp_trace_program(struct arena *arena, const struct seccomp_own *own,
	struct seccomp_own *ret_traced, struct nacre_error *err)
{
	struct sock_filter *filter = arena_array(arena, own->n, sizeof(*filter));

	if (!filter)
		return fail_errno(err, ENOMEM, "trace of denials");
	memcpy(filter, own->filter, own->n * sizeof(*filter));
	for (unsigned i = 0; i < own->n; i++) {
		if (filter[i].code == (BPF_RET | BPF_K) &&
			(filter[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
			filter[i].k = SECCOMP_RET_USER_NOTIF;
	}
	*ret_traced = (struct seccomp_own){own->profile, filter, own->n};
	return 0;
}

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word = 0;

	if (offset <= sizeof(*data) - sizeof(word))
		memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool jumps(const struct sock_filter *i, uint32_t a)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == i->k;
	case BPF_JGT:
		return a > i->k;
	case BPF_JGE:
		return a >= i->k;
	default:
		return a & i->k;
	}
}

/* Interprets the instructions that seccomp_bpf.c writes. It ends, since jumps go only forward. */
static uint32_t walk(const struct sock_filter *filter, unsigned short n,
	const struct seccomp_data *data, bool *ret_looked)
{
	uint32_t a = 0;

	*ret_looked = false;
	for (unsigned at = 0; at < n; at++) {
		const struct sock_filter *i = &filter[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			a = load(data, i->k);
			*ret_looked |= i->k >= offsetof(struct seccomp_data, args);
			break;
		case BPF_ALU:
			a &= i->k;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				at += i->k;
			else
				at += jumps(i, a) ? i->jt : i->jf;
			break;
		default:
			return i->k;
		}
	}
	return SECCOMP_RET_ERRNO | ENOSYS;
}

uint32_t seccomp_trace_verdict(
	const struct sock_filter *filter, unsigned short n, const struct seccomp_data *data)
{
	bool looked;

	return walk(filter, n, data, &looked);
}

bool seccomp_trace_constant(const struct sock_filter *filter, unsigned short n, uint32_t arch,
	int number, uint32_t *ret_verdict)
{
	const struct seccomp_data data = {.nr = number, .arch = arch};
	bool looked;

	*ret_verdict = walk(filter, n, &data, &looked);
	return !looked;
}

static const struct filter_rule *find_rule(
	unsigned profile, const struct seccomp_denial *denial, const uint64_t args[6])
{
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++) {
		bool holds = rule->profiles & (profile | FILTER_COMPAT) &&
			     rule->error == denial->error &&
			     filter_names(rule->calls, denial->call);

		for (size_t i = 0; i < FILTER_TESTS && rule->tests[i].op != FILTER_ANY && holds;
			i++)
			holds = filter_test_holds(&rule->tests[i], args);
		if (holds)
			return rule;
	}
	return NULL;
}

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
	return hash;
}

/* Hashes what the row refuses, but not its reason: a reason can be worded anew. The number has at
 * most five digits, for the file, and is above the index in the table, which earlier versions
 * wrote. */
int seccomp_rule_number(const struct filter_rule *rule)
{
	uint64_t hash = fnv1a(0xcbf29ce484222325u, rule->calls, strlen(rule->calls));

	hash = fnv1a(hash, &rule->error, sizeof(rule->error));
	for (size_t i = 0; i < FILTER_TESTS && rule->tests[i].op != FILTER_ANY; i++) {
		const struct filter_test *test = &rule->tests[i];
		const uint32_t words[] = {test->op, test->index, test->mask, test->value};

		hash = fnv1a(hash, words, sizeof(words));
	}
	return 1000 + (int)(hash % 99000);
}

const struct filter_rule *seccomp_rule_find(int number)
{
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++)
		if (seccomp_rule_number(rule) == number)
			return rule;
	return NULL;
}

const char *seccomp_denial_rule(int number)
{
	const struct filter_rule *rule = seccomp_rule_find(number);

	return rule && rule->profiles & FILTER_SETUID ? "setuid-files" : "own-seccomp-filter";
}

const char *seccomp_denial_reason(int number)
{
	const struct filter_rule *rule = seccomp_rule_find(number);

	if (number < 0)
		return "not in nacre's list, or of another architecture";
	return rule ? rule->why
		    : "in the list of the nacre that counted it, which is another version";
}

/* Returns whether a 32-bit call is refused only because the grant of its ABI is missing: getpid,
 * 20, is never refused otherwise. */
static bool lacks_i386(const struct seccomp_own *own, const struct seccomp_denial *denial)
{
#ifdef __x86_64__
	uint32_t verdict;

	return denial->data.arch == AUDIT_ARCH_I386 &&
	       seccomp_trace_constant(own->filter, own->n, AUDIT_ARCH_I386, 20, &verdict) &&
	       verdict != SECCOMP_RET_ALLOW;
#else
	(void)own;
	(void)denial;
	return false;
#endif
}

static void describe(const struct seccomp_own *own, struct seccomp_denial *denial)
{
	const struct filter_rule *rule;
	uint64_t args[6];

	/* Copies, since the kernel's type is unsigned long long, and uint64_t is unsigned long. */
	for (size_t i = 0; i < 6; i++)
		args[i] = denial->data.args[i];
	seccomp_call_name(denial->data.arch, denial->data.nr, denial->call);
	denial->grant[0] = '\0';
	denial->rule = -1;
	if (lacks_i386(own, denial)) {
		(void)snprintf(denial->grant, sizeof(denial->grant), "abi:x86");
		return;
	}
	rule = find_rule(own->profile, denial, args);
	if (!rule)
		return;
	denial->rule = seccomp_rule_number(rule);
	filter_grant_text(rule, denial->call, args, denial->grant);
}

int seccomp_trace_take(int listener, const struct seccomp_own *own,
	struct seccomp_denial *ret_denial, struct nacre_error *err)
{
	union {
		struct seccomp_notif notif;
		char bytes[NOTIF_BYTES];
	} in;
	uint32_t verdict;

	memset(&in, 0, sizeof(in));
	/* ENOENT: the process was killed while it waited. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in) < 0)
		return errno == ENOENT || errno == EINTR
			       ? 0
			       : fail_errno(err, errno, "take a refused call");
	verdict = seccomp_trace_verdict(own->filter, own->n, &in.notif.data);
	ret_denial->id = in.notif.id;
	ret_denial->pid = (pid_t)in.notif.pid;
	ret_denial->data = in.notif.data;
	ret_denial->error = ENOSYS;
	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		ret_denial->error = (int)(verdict & SECCOMP_RET_DATA);
	describe(own, ret_denial);
	return 1;
}

int seccomp_trace_read(int listener, const struct seccomp_denial *denial, uint64_t address,
	void *ret_bytes, size_t size)
{
	/* Splits the read at the page: if the second page is missing, the first is read all the
	 * same. */
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), first = page - address % page;
	struct iovec theirs[] = {
		{(void *)(uintptr_t)address, size < first ? size : first},
		{(void *)(uintptr_t)(address + first), size < first ? 0 : size - first},
	};
	struct iovec ours = {ret_bytes, size};
	ssize_t n = process_vm_readv(denial->pid, &ours, 1, theirs, 2, 0);
	int code = errno;

	/* Checks that the process still waits: another process may have the pid by now. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &denial->id) < 0)
		return -errno;
	return n < 0 ? -code : (int)n;
}

int seccomp_trace_answer(int listener, const struct seccomp_denial *denial, struct nacre_error *err)
{
	union {
		struct seccomp_notif_resp resp;
		char bytes[NOTIF_BYTES];
	} out;

	memset(&out, 0, sizeof(out));
	out.resp.id = denial->id;
	out.resp.error = -denial->error;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &out) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, errno, "answer a refused call");
	return 1;
}
