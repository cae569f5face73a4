/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/apply_fixture.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/inject/registers.h"

static bool is_refused(enum disturbance how, const struct __ptrace_syscall_info *info)
{
	static const uint64_t calls[] = {SYS_write, SYS_pwrite64, SYS_mkdirat, SYS_mknodat,
		SYS_symlinkat, SYS_linkat, SYS_renameat2, SYS_fsetxattr, SYS_fdatasync, SYS_fsync,
		SYS_syncfs, SYS_ftruncate};

	if (how == MEDDLE)
		return info->entry.nr == SYS_fchownat || info->entry.nr == SYS_openat2;
	if (how == NO_REMOVAL_ONCE)
		return info->entry.nr == SYS_unlinkat;
	if (info->entry.nr == SYS_openat)
		return (info->entry.args[2] & (O_CREAT | O_TMPFILE)) != 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (info->entry.nr == calls[i])
			return true;
	return false;
}

/* Goes on to the next begin or end of a call; returns false if the child has ended. */
static bool next_stop(pid_t child, struct __ptrace_syscall_info *info)
{
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (!WIFSTOPPED(status)) {
		ck_assert_msg(
			WIFEXITED(status) && WEXITSTATUS(status) == 0, "ended with %x", status);
		return false;
	}
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP | 0x80);
	ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(*info), info), 0);
	return true;
}

static bool refuse_space(pid_t child)
{
	struct __ptrace_syscall_info info;

	ck_assert_int_eq(registers_skip_call(child), 0);
	if (!next_stop(child, &info))
		return false;
	ck_assert_int_eq(registers_set_result(child, -ENOSPC), 0);
	return true;
}

void (*disturb_meddle)(void);

bool disturb(void (*work)(void), enum disturbance how, unsigned at)
{
	struct __ptrace_syscall_info info;
	unsigned calls = 0;
	bool reached = false;
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		work();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(
		ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
		0);
	while (next_stop(child, &info)) {
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY ||
			(how != KILL && !is_refused(how, &info)))
			continue;
		if (calls++ < at || (calls > at + 1 && how != NO_SPACE_ANY_MORE && how != MEDDLE))
			continue;
		reached = true;
		if (how == KILL) {
			ck_assert_int_eq(kill(child, SIGKILL), 0);
			ck_assert_int_eq(waitpid(child, &status, 0), child);
			return true;
		}
		if (how == MEDDLE)
			disturb_meddle();
		else if (!refuse_space(child))
			break;
	}
	return reached;
}
