/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/foreground.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "runtime/console.h"
#include "runtime/notify.h"
#include "runtime/traced.h"
#include "specs/error.h"

enum {
	KILL_WAIT_MS = 10000,
	OWN_POLLS = 3,
	SIGNALS_A_ROUND = 64,
};

/* Signals that nacre does not take: those of a crash, and those of a background job that uses the
 * terminal, which must stop it. SIGURG does nothing. */
static const int left_alone[] = {
	SIGABRT,
	SIGBUS,
	SIGFPE,
	SIGILL,
	SIGSEGV,
	SIGSYS,
	SIGTRAP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int foreground_begin(struct foreground *fg, uint64_t timeout_ms, struct nacre_error *err)
{
	sigset_t set;

	*fg = (struct foreground){
		.signals = -1,
		.input = stdin_pipe_none,
		.timeout_ms = timeout_ms,
		.deadline = timeout_ms ? now_ms() + timeout_ms : 0,
	};
	(void)sigfillset(&set);
	for (size_t i = 0; i < sizeof(left_alone) / sizeof(left_alone[0]); i++)
		(void)sigdelset(&set, left_alone[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail_errno(err, errno, "block signals");
	/* SIGPIPE stays blocked, so that a write to a closed stdout is an error in nacre, but it is
	 * not passed on to the container. */
	(void)sigdelset(&set, SIGPIPE);
	fg->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->signals < 0)
		return fail_errno(err, errno, "signalfd");
	return 0;
}

/* Leaves the signals blocked: the removal of the container follows and must not be interrupted. */
void foreground_end(struct foreground *fg)
{
	stdin_pipe_close(&fg->input);
	if (fg->signals >= 0)
		(void)close(fg->signals);
	fg->signals = -1;
}

static bool ends_programs(int sig)
{
	return sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM;
}

static void handle_signal(struct foreground *fg, struct console *console, pid_t pid, int sig)
{
	if (fg->signals_end && ends_programs(sig)) {
		fg->ended_by = sig;
		sig = SIGKILL;
	}
	switch (sig) {
	case SIGCHLD: /* its end is reported by the pidfd */
		traced_let_go(pid);
		return;
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
	/* The child has not been waited for, so its pid is valid. It can have ended, or run under
	 * ids that nacre may not signal; nobody could act on that error. */
	(void)kill(pid, sig);
}

static void handle_signals(struct foreground *fg, struct console *console, pid_t pid)
{
	struct signalfd_siginfo info;

	for (int i = 0; i < SIGNALS_A_ROUND &&
			read(fg->signals, &info, sizeof(info)) == (ssize_t)sizeof(info);
		i++)
		handle_signal(fg, console, pid, (int)info.ssi_signo);
}

/* RET_KILLED: a signal ended it, or its shell reports that a signal ended its last command
 * (sh(1)). */
static int reap(
	struct nacre_process *process, int timeout_ms, bool *ret_killed, struct nacre_error *err)
{
	int status;
	int r;

	r = nacre_wait(process, timeout_ms, &status, err);
	if (r < 0)
		return r;
	if (status == NACRE_WAIT_UNKNOWN)
		return fail_errno(
			err, ECHILD, "wait for process %ld", (long)nacre_process_pid(process));
	*ret_killed = WIFSIGNALED(status);
	return *ret_killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Returns the timeout for poll(2) until DEADLINE; DEADLINE 0: none. */
static int poll_ms(uint64_t deadline)
{
	uint64_t now = now_ms();

	if (deadline == 0)
		return -1;
	if (deadline <= now)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

/* Kills the process when the deadline has passed. The next deadline is for the kill itself. */
static int time_out(struct foreground *fg, struct nacre_process *process, uint64_t *deadline,
	struct nacre_error *err)
{
	if (fg->explained)
		return fail(err, ETIMEDOUT, "process %ld did not end within %d s of SIGKILL",
			(long)nacre_process_pid(process), KILL_WAIT_MS / 1000);
	fg->explained = true;
	(void)fail(&fg->why, ETIMEDOUT,
		"timed out: killed after %llu.%03llu s with all that it started",
		(unsigned long long)fg->timeout_ms / 1000,
		(unsigned long long)fg->timeout_ms % 1000);
	*deadline = now_ms() + KILL_WAIT_MS;
	return nacre_process_kill(process, err);
}

int foreground_not_begun(
	struct foreground *fg, int r, const struct nacre_error *why, struct nacre_error *err)
{
	if (r != -ETIMEDOUT || fg->deadline == 0 || now_ms() < fg->deadline) {
		*err = *why;
		return r;
	}
	fg->explained = true;
	fg->why = *why;
	(void)fail_prefix(&fg->why, "timed out before it ran");
	return EXIT_TIMEOUT;
}

/* Passes on what the program reports to the service manager, with nacre as the main process: the
 * container ends with it. */
static int hear_program(int *notify, bool ended, struct nacre_error *err)
{
	int r = notify_relay(*notify, ended, getpid(), err);

	if (r <= 0)
		return r;
	(void)close(*notify);
	*notify = -1;
	return 0;
}

/* Returns whether the process has ended and its status can be read. If another process of the
 * container traces it, that is so once the tracer has seen its end, and SIGCHLD reports it. After
 * the timeout the status is not needed. */
static bool has_ended(
	const struct foreground *fg, struct nacre_process *process, struct pollfd *end)
{
	struct nacre_error ignored;
	int status;

	if (end->fd >= 0 && !end->revents)
		return false;
	if (fg->explained || nacre_wait(process, 0, &status, &ignored) != -ETIMEDOUT)
		return true;
	*end = (struct pollfd){.fd = -1};
	return false;
}

/* NOTIFY: see nacre_process_take_notify; set to -1 when it is closed. */
static int serve(struct foreground *fg, struct nacre_process *process, struct console *console,
	int *notify, struct nacre_error *err)
{
	const pid_t pid = nacre_process_pid(process);
	uint64_t deadline = fg->deadline;
	struct pollfd polls[OWN_POLLS + CONSOLE_POLLS] = {
		{.fd = nacre_process_pidfd(process), .events = POLLIN},
		{.fd = fg->signals, .events = POLLIN},
		{.fd = *notify, .events = POLLIN},
	};

	do {
		int wait = poll_ms(deadline), look = console_timeout(console);
		int ready, r;

		console_events(console, polls + OWN_POLLS);
		ready = poll(polls, OWN_POLLS + CONSOLE_POLLS,
			look >= 0 && (wait < 0 || look < wait) ? look : wait);
		if (ready < 0 && errno != EINTR)
			return fail_errno(err, errno, "poll");
		r = wait == 0 && !polls[0].revents ? time_out(fg, process, &deadline, err) : 0;
		if (r < 0)
			return r;
		if (ready < 0)
			continue;
		if (polls[1].revents)
			handle_signals(fg, console, pid);
		r = polls[2].revents ? hear_program(notify, false, err) : 0;
		if (r < 0)
			return r;
		polls[2].fd = *notify;
		console_relay(console, polls + OWN_POLLS);
	} while (!has_ended(fg, process, &polls[0]));
	console_drain(console, fg->signals);
	/* Counts also what the program sent before its end. */
	return *notify >= 0 ? hear_program(notify, true, err) : 0;
}

/* Finds out what the exit status alone does not tell. */
static int settle(struct foreground *fg, struct nacre_process *process, int status, bool killed,
	struct nacre_error *err)
{
	int r;

	if (fg->explained)
		return EXIT_TIMEOUT;
	if (status == 128 + SIGKILL)
		fg->explained = nacre_process_explain(process, &fg->why);
	/* Ends the children of a killed program too: nobody else would. */
	r = killed ? nacre_process_kill(process, err) : 0;
	if (r < 0)
		return r;
	return status;
}

/* Lets output to the caller's terminal go on. A program that had this terminal may have stopped it
 * by tcflow(3), and nacre's next message would wait for ever. With SIGTTOU blocked, the kernel lets
 * a background job do this as well. */
static void let_output_go_on(void)
{
	sigset_t stop, before;

	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &stop, &before);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (isatty(fd))
			(void)tcflow(fd, TCOON);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

int foreground_serve(struct foreground *fg, struct nacre_process *process, struct nacre_error *err)
{
	int notify = nacre_process_take_notify(process);
	struct nacre_error later;
	struct console console;
	bool killed = false;
	int r;
	int status;

	r = console_open(&console, nacre_process_take_console(process), err);
	if (r >= 0)
		r = notify_begin(&notify, err);
	if (r >= 0)
		r = serve(fg, process, &console, &notify, err);
	console_close(&console);
	if (notify >= 0)
		(void)close(notify);
	if (r < 0)
		(void)nacre_process_kill(process, &later);
	status = reap(
		process, r < 0 ? KILL_WAIT_MS : 0, &killed, r < 0 || fg->explained ? &later : err);
	if (r >= 0 && (status >= 0 || fg->explained))
		status = settle(fg, process, status, killed, err);
	let_output_go_on();
	return r < 0 ? r : status;
}
