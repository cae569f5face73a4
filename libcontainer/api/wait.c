/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "libcontainer/api/process.h"
#include "libcontainer/base/child.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "specs/error.h"

enum {
	CORE_DUMPED = 0x80, /* bit in a wait status: WCOREDUMP(3) */
	NS_PER_MS = 1000000,
	LOOK_MS = 10,
};

static int await_end(const struct nacre_process *process, int timeout_ms, struct nacre_error *err)
{
	int r = pidfd_wait_end(process->pidfd, timeout_ms);

	if (r < 0)
		return fail_errno(err, r, "wait for process %d", (int)process->pid);
	return r > 0 ? 0
		     : fail(err, ETIMEDOUT, "process %d has not ended within %d ms",
			       (int)process->pid, timeout_ms);
}

/* Returns the status like waitpid(2), but by pidfd: if the process is not a child of the caller, a
 * child may have the same pid by now. HOW: WNOHANG or 0. Returns 1, or 0 with WNOHANG if a tracer
 * still has the status. */
static int take_status(
	const struct nacre_process *process, int how, int *ret_status, struct nacre_error *err)
{
	siginfo_t info = {.si_code = 0};
	int r;

	do {
		r = sys_pidfd_wait(process->pidfd, &info, WEXITED | how);
	} while (r == -EINTR);
	if (r == -ECHILD) {
		*ret_status = NACRE_WAIT_UNKNOWN;
		return 1;
	}
	if (r < 0)
		return fail_errno(err, r, "wait for process %d", (int)process->pid);
	if (info.si_pid == 0)
		return 0;
	if (info.si_code == CLD_EXITED)
		*ret_status = (info.si_status & 0xff) << 8;
	else
		*ret_status = info.si_status | (info.si_code == CLD_DUMPED ? CORE_DUMPED : 0);
	return 1;
}

/* The parent gets the status of a traced process once the tracer has seen it (ptrace(2)), and a
 * tracer in the container may never look. DEADLINE: child_now(); 0: none. */
static int await_status(const struct nacre_process *process, int64_t deadline, int *ret_status,
	struct nacre_error *err)
{
	const int how = deadline ? WNOHANG : 0;
	int r;

	while ((r = take_status(process, how, ret_status, err)) == 0) {
		int left = child_left_ms(0, 0, deadline);

		if (left == 0)
			return fail(err, ETIMEDOUT,
				"process %d has ended, but the process that traces it keeps its "
				"status",
				(int)process->pid);
		(void)poll(NULL, 0, left < LOOK_MS ? left : LOOK_MS);
	}
	return r < 0 ? r : 0;
}

int nacre_wait(
	struct nacre_process *process, int timeout_ms, int *ret_status, struct nacre_error *err)
{
	int64_t deadline = timeout_ms < 0 ? 0 : child_now() + (int64_t)timeout_ms * NS_PER_MS;
	int r;

	if (!process->ended) {
		r = await_end(process, timeout_ms < 0 ? -1 : timeout_ms, err);
		if (r >= 0)
			r = await_status(process, deadline, &process->status, err);
		if (r < 0)
			return r;
		process->ended = true;
	}
	*ret_status = process->status;
	return 0;
}
