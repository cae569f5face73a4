/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "libcontainer/api/process.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "specs/error.h"

enum {
	CORE_DUMPED = 0x80, /* bit in a wait status: WCOREDUMP(3) */
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
 * child may have the same pid by now. */
static int wait_status(
	const struct nacre_process *process, int *ret_status, struct nacre_error *err)
{
	siginfo_t info = {.si_code = 0};
	int r;

	do {
		r = sys_pidfd_wait(process->pidfd, &info, WEXITED);
	} while (r == -EINTR);
	if (r == -ECHILD) {
		*ret_status = NACRE_WAIT_UNKNOWN;
		return 0;
	}
	if (r < 0)
		return fail_errno(err, r, "wait for process %d", (int)process->pid);
	if (info.si_code == CLD_EXITED)
		*ret_status = (info.si_status & 0xff) << 8;
	else
		*ret_status = info.si_status | (info.si_code == CLD_DUMPED ? CORE_DUMPED : 0);
	return 0;
}

int nacre_wait(
	struct nacre_process *process, int timeout_ms, int *ret_status, struct nacre_error *err)
{
	int r;

	if (!process->ended) {
		r = await_end(process, timeout_ms < 0 ? -1 : timeout_ms, err);
		if (r >= 0)
			r = wait_status(process, &process->status, err);
		if (r < 0)
			return r;
		process->ended = true;
	}
	*ret_status = process->status;
	return 0;
}
