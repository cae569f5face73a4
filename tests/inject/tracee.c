/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/tracee.h"

#include "tests/inject/registers.h"

#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

const char *tracee_call_name(uint64_t number)
{
	static char names[N_NUMBERS][NAME_SIZE];
	char *name;

	if (number >= N_NUMBERS)
		return "call-unknown";
	if (!names[number][0]) {
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
		if (name)
			(void)snprintf(names[number], NAME_SIZE, "%s", name);
		else
			(void)snprintf(names[number], NAME_SIZE, "call-%u", (unsigned)number);
		free(name);
	}
	return names[number];
}

/* What the fd that is read or written is open on; "pipe:" of a FIFO too. */
static void find_object(struct tracee *t)
{
	char path[64];
	struct stat st;
	ssize_t n;

	t->call.object[0] = '\0';
	if (fault_length_argument(t->call.name) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", t->pid, (int)t->call.args[0]);
	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode)) {
		(void)snprintf(t->call.object, sizeof(t->call.object), "pipe:");
		return;
	}
	n = readlink(path, t->call.object, sizeof(t->call.object) - 1);
	t->call.object[n < 0 ? 0 : n] = '\0';
}

static void do_fault(struct tracee *t, enum fault fault)
{
	if (fault == FAULT_KILL) {
		(void)kill(t->pid, SIGKILL);
		return;
	}
	if (fault == FAULT_SHORT) {
		(void)registers_set_argument(t->pid, fault_length_argument(t->call.name), 1);
		return;
	}
	t->overridden = true;
	t->override = -fault_errno(fault);
	if (!fault_comes_after(t->call.name))
		(void)registers_skip_call(t->pid);
}

static bool is_same_call(const struct call *a, const struct call *b)
{
	return a->occurrence == b->occurrence && !strcmp(a->name, b->name) &&
	       !strcmp(a->role, b->role);
}

static void at_entry(struct tracee *t, const struct __ptrace_syscall_info *info,
	const struct trace *trace, bool *ret_reached)
{
	uint64_t number = info->entry.nr;

	t->in_call = true;
	t->overridden = false;
	t->call.occurrence = number < N_NUMBERS ? ++t->made[number] : 0;
	t->call.result = 0;
	(void)snprintf(t->call.role, ROLE_SIZE, "%s", t->role);
	(void)snprintf(t->call.name, NAME_SIZE, "%s", tracee_call_name(number));
	for (int i = 0; i < 6; i++)
		t->call.args[i] = info->entry.args[i];
	if (trace->seen)
		find_object(t);
	if (trace->at && is_same_call(&t->call, trace->at)) {
		*ret_reached = true;
		do_fault(t, trace->fault);
	}
}

void tracee_leaves(struct tracee *t, const struct trace *trace)
{
	if (t->in_call && trace->seen)
		trace->seen(trace->data, &t->call);
	t->in_call = false;
}

void tracee_at_call(struct tracee *t, const struct trace *trace, bool *ret_reached)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		at_entry(t, &info, trace, ret_reached);
		return;
	}
	if (info.op != PTRACE_SYSCALL_INFO_EXIT || !t->in_call)
		return;
	if (t->overridden)
		(void)registers_set_result(t->pid, t->override);
	t->overridden = false;
	t->call.result = info.exit.rval;
	tracee_leaves(t, trace);
}
