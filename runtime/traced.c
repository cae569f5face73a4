/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/traced.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	A_ROUND = 64, /* per call: signals and the deadline must get their turn */
};

/* Reaps an ended thread that is not the first: its process does not end before the tracer has seen
 * it. */
static void reap_thread(pid_t tid)
{
	siginfo_t info;

	(void)waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | __WALL);
}

void traced_let_go(pid_t pid)
{
	for (int i = 0; i < A_ROUND; i++) {
		siginfo_t info = {.si_pid = 0};

		if (waitid(P_ALL, 0, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ||
			info.si_pid == 0)
			return;
		switch (info.si_code) {
		case CLD_TRAPPED:
			/* An execve(2) stops with a SIGTRAP that is only for the tracer:
			 * ptrace(2). */
			if (ptrace(PTRACE_DETACH, info.si_pid, NULL,
				    (long)(info.si_status == SIGTRAP ? 0 : info.si_status)) < 0)
				return;
			break;
		case CLD_STOPPED: /* by job control: only marks it as seen */
			(void)waitid(P_PID, (id_t)info.si_pid, &info, WSTOPPED | WNOHANG);
			break;
		default:
			if (info.si_pid == pid)
				return;
			reap_thread(info.si_pid);
			break;
		}
	}
	(void)kill(getpid(), SIGCHLD);
}
