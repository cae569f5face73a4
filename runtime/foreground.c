/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/console.h"

/* Not ours to take: those that say that we crashed, the end of a child (the pidfd tells), and job
 * control's answer to a background job that uses the terminal, which is to stop. SIGURG does
 * nothing. */
static const int left_alone[] = {
	SIGABRT,
	SIGBUS,
	SIGCHLD,
	SIGFPE,
	SIGILL,
	SIGSEGV,
	SIGSYS,
	SIGTRAP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
};

int foreground_begin(struct foreground *fg, struct nacre_error *err)
{
	sigset_t set;

	fg->signals = -1;
	(void)sigfillset(&set);
	for (size_t i = 0; i < sizeof(left_alone) / sizeof(left_alone[0]); i++)
		(void)sigdelset(&set, left_alone[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail_errno(err, errno, "block signals");
	/* Blocked, so that a write to a closed stdout is an error here; not the container's affair.
	 */
	(void)sigdelset(&set, SIGPIPE);
	fg->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->signals < 0)
		return fail_errno(err, errno, "signalfd");
	return 0;
}

/* The signals stay blocked: what follows is the removal of the container, to be done as a whole. */
void foreground_end(struct foreground *fg)
{
	if (fg->signals >= 0)
		(void)close(fg->signals);
	fg->signals = -1;
}

void foreground_leave(struct nacre_process *process)
{
	if (process->console >= 0)
		(void)close(process->console);
	if (process->pidfd >= 0)
		(void)close(process->pidfd);
	process->console = -1;
	process->pidfd = -1;
}

static void handle_signal(struct console *console, pid_t pid, int sig)
{
	switch (sig) {
	case SIGWINCH:
		console_resize(console);
		return;
	case SIGTSTP:
		console_cook(console);
		(void)raise(SIGSTOP);
		return;
	case SIGCONT:
		console_raw(console);
		console_resize(console);
		break;
	default:
		break;
	}
	/* A child that was not waited for: the pid is still its own. It can have ended, or run
	 * under ids that the caller may not signal, and there is nobody to tell. */
	(void)kill(pid, sig);
}

static void handle_signals(int signals, struct console *console, pid_t pid)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		handle_signal(console, pid, (int)info.ssi_signo);
}

static int reap(pid_t pid, struct nacre_error *err)
{
	siginfo_t info = {0};

	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0) {
		if (errno != EINTR)
			return fail_errno(err, errno, "wait for process %ld", (long)pid);
	}
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static int serve(const struct foreground *fg, const struct nacre_process *process,
	struct console *console, struct nacre_error *err)
{
	struct pollfd polls[2 + CONSOLE_POLLS] = {
		{.fd = process->pidfd, .events = POLLIN},
		{.fd = fg->signals, .events = POLLIN},
	};

	do {
		console_events(console, polls + 2);
		if (poll(polls, 2 + CONSOLE_POLLS, -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail_errno(err, errno, "poll");
		}
		if (polls[1].revents)
			handle_signals(fg->signals, console, process->pid);
		console_relay(console, polls + 2);
	} while (!polls[0].revents);
	console_drain(console, fg->signals);
	return 0;
}

int foreground_serve(struct foreground *fg, struct nacre_process *process, struct nacre_error *err)
{
	struct nacre_error later;
	struct console console;
	int r;
	int status;

	r = console_open(&console, process->console, err);
	process->console = -1;
	if (r >= 0)
		r = serve(fg, process, &console, err);
	console_close(&console);
	if (r < 0)
		(void)kill(process->pid, SIGKILL);
	status = reap(process->pid, r < 0 ? &later : err);
	foreground_leave(process);
	return r < 0 ? r : status;
}
