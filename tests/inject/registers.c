/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/registers.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

static int get(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec area = {regs, sizeof(*regs)};

	return (int)ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &area);
}

static int set(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec area = {regs, sizeof(*regs)};

	return (int)ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &area);
}

#if defined(__x86_64__)

typedef unsigned long long int word;

static word *argument(struct user_regs_struct *regs, int index)
{
	word *const all[] = {&regs->rdi, &regs->rsi, &regs->rdx, &regs->r10, &regs->r8, &regs->r9};

	return all[index];
}

static word *result(struct user_regs_struct *regs)
{
	return &regs->rax;
}

int registers_skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	if (get(pid, &regs) < 0)
		return -1;
	regs.orig_rax = SYS_getppid;
	return set(pid, &regs);
}

#elif defined(__aarch64__)

typedef unsigned long long int word;

static word *argument(struct user_regs_struct *regs, int index)
{
	return &regs->regs[index];
}

static word *result(struct user_regs_struct *regs)
{
	return &regs->regs[0];
}

int registers_skip_call(pid_t pid)
{
	int number = SYS_getppid;
	struct iovec area = {&number, sizeof(number)};

	return (int)ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &area);
}

#else
#error "the registers of this architecture are not known here"
#endif

int registers_set_argument(pid_t pid, int index, uint64_t value)
{
	struct user_regs_struct regs;

	if (get(pid, &regs) < 0)
		return -1;
	*argument(&regs, index) = value;
	return set(pid, &regs);
}

int registers_set_result(pid_t pid, int64_t value)
{
	struct user_regs_struct regs;

	if (get(pid, &regs) < 0)
		return -1;
	*result(&regs) = (word)value;
	return set(pid, &regs);
}
