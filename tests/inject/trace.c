/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/trace.h"

#include "tests/inject/patience.h"
#include "tests/inject/tracee.h"
#include "tests/inject/world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TRACEES 64
#define KILL_LIMIT_MS 2000 /* until the command has ended after SIGKILL */
#define OPTIONS                                                                                   \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
		PTRACE_O_TRACEEXEC)

struct run {
	const struct trace *trace;
	struct trace_end *end;
	struct tracee tracees[MAX_TRACEES];
	pid_t command;
	bool started; /* the command's own execve is done */
	bool ended;
	bool letting_go; /* whoever stops is detached from */
};

static void redirect(const char *path, int to)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(127);
}

/* The command waits for the end of GATE before it executes. */
static void become(const struct trace *trace, int gate)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char byte;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(null, 0) < 0)
		_exit(127);
	redirect(trace->out, 1);
	redirect(trace->err, 2);
	if (read(gate, &byte, 1) < 0)
		_exit(127);
	execv(trace->argv[0], (char *const *)trace->argv);
	_exit(127);
}

/* Returns the pid, and in ret_gate the fd whose closing lets it go. */
static pid_t spawn(const struct trace *trace, int *ret_gate)
{
	int gate[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)close(gate[1]);
		become(trace, gate[0]);
	}
	if (pid < 0)
		pid = -errno;
	(void)close(gate[0]);
	*ret_gate = gate[1];
	return pid;
}

static struct tracee *find(struct run *run, pid_t pid)
{
	for (size_t i = 0; i < MAX_TRACEES; i++)
		if (run->tracees[i].pid == pid)
			return &run->tracees[i];
	return NULL;
}

static struct tracee *add(struct run *run, pid_t pid, const char *role)
{
	struct tracee *t = find(run, pid) ?: find(run, 0);

	if (!t)
		return NULL;
	if (t->pid == 0)
		*t = (struct tracee){.pid = pid};
	(void)snprintf(t->role, sizeof(t->role), "%s", role);
	return t;
}

static void go_on(struct run *run, struct tracee *t, int signal)
{
	(void)ptrace(run->letting_go ? PTRACE_DETACH : PTRACE_SYSCALL, t->pid, 0, signal);
	if (run->letting_go)
		t->pid = 0;
}

/* The parent's word of a child. The child may have stopped before, and waits for its name then. */
static void at_birth(struct run *run, struct tracee *parent)
{
	unsigned long pid = 0;
	char role[ROLE_SIZE];
	struct tracee *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid) < 0)
		return;
	(void)snprintf(role, sizeof(role), "%.16s.%u", parent->role, ++parent->children % 1000);
	child = find(run, (pid_t)pid);
	if (child && !child->role[0]) {
		(void)snprintf(child->role, sizeof(child->role), "%s", role);
		go_on(run, child, 0);
	} else {
		(void)add(run, (pid_t)pid, role);
	}
}

/* The command may execute itself; whoever else executes is none of ours from then on. */
static void at_exec(struct run *run, struct tracee *t)
{
	if (t->pid == run->command && !run->started) {
		run->started = true;
		memset(t->made, 0, sizeof(t->made));
		t->in_call = false;
	} else if (t->pid != run->command) {
		tracee_leaves(t, run->trace);
		(void)ptrace(PTRACE_DETACH, t->pid, 0, 0);
		t->pid = 0;
	}
}

static void at_stop(struct run *run, pid_t pid, int status)
{
	struct tracee *t = find(run, pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (!t) {
		t = add(run, pid, "");
		if (!t || !run->letting_go)
			return;
	}
	if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
		event == PTRACE_EVENT_VFORK)
		at_birth(run, t);
	else if (event == PTRACE_EVENT_EXEC)
		at_exec(run, t);
	else if (event == 0 && signal == (SIGTRAP | 0x80) &&
		 (run->started || t->pid != run->command))
		tracee_at_call(t, run->trace, &run->end->reached);
	/* After the fault nobody needs to be watched, but a result that is to be replaced. */
	if (run->end->reached && !t->overridden)
		run->letting_go = true;
	if (t->pid == 0)
		return;
	if (event == PTRACE_EVENT_STOP && signal != SIGTRAP && !run->letting_go)
		(void)ptrace(PTRACE_LISTEN, pid, 0, 0); /* it was stopped by that signal */
	else
		go_on(run, t, event == 0 && signal != (SIGTRAP | 0x80) ? signal : 0);
}

static void at_end(struct run *run, pid_t pid, int status)
{
	struct tracee *t = find(run, pid);

	if (t) {
		tracee_leaves(t, run->trace);
		t->pid = 0;
	}
	if (pid != run->command)
		return;
	run->end->status = status;
	run->ended = run->letting_go = true;
	for (size_t i = 0; i < MAX_TRACEES; i++)
		if (run->tracees[i].pid)
			(void)ptrace(PTRACE_INTERRUPT, run->tracees[i].pid, 0, 0);
}

static bool is_done(const struct run *run)
{
	if (!run->ended)
		return false;
	for (size_t i = 0; i < MAX_TRACEES; i++)
		if (run->tracees[i].pid)
			return false;
	return true;
}

/* The first time, a command that is still there is killed. */
static struct patience at_limit(struct run *run, bool first)
{
	if (!first || run->ended)
		give_up("%s", run->ended ? "a process of a command that has ended cannot be let go"
					 : "a command that was killed does not end");
	run->end->hung = true;
	(void)kill(run->command, SIGKILL);
	return patience_for(KILL_LIMIT_MS);
}

/* SIGCHLD is blocked: it stays pending from before waitpid() looked. */
static void follow(struct run *run)
{
	struct patience patience = patience_for(TRACE_LIMIT_MS);
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	while (!is_done(run)) {
		struct timespec rest;
		int64_t left;
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

		if (pid > 0 && WIFSTOPPED(status)) {
			at_stop(run, pid, status);
		} else if (pid > 0) {
			at_end(run, pid, status);
		} else if (pid < 0) {
			return;
		} else if ((left = patience_left_ms(&patience)) == 0) {
			patience = at_limit(run, !run->end->hung);
		} else {
			rest = (struct timespec){left / 1000, left % 1000 * 1000000};
			(void)sigtimedwait(&child, NULL, &rest);
		}
	}
}

static int run_command(const struct trace *trace, struct trace_end *ret_end, bool traced)
{
	struct run run = {.trace = trace, .end = ret_end, .started = !traced};
	int gate = -1, r = 0;

	*ret_end = (struct trace_end){.reached = false};
	run.command = spawn(trace, &gate);
	if (run.command < 0)
		return run.command;
	if (traced) {
		if (ptrace(PTRACE_SEIZE, run.command, 0, OPTIONS) < 0 ||
			ptrace(PTRACE_INTERRUPT, run.command, 0, 0) < 0 ||
			(trace->init && (ptrace(PTRACE_SEIZE, trace->init, 0, OPTIONS) < 0 ||
						ptrace(PTRACE_INTERRUPT, trace->init, 0, 0) < 0)))
			r = -errno;
		(void)add(&run, run.command, FIRST_OF_ALL);
		if (trace->init)
			(void)add(&run, trace->init, "init");
	}
	(void)close(gate);
	follow(&run);
	return r;
}

int trace_run(const struct trace *trace, struct trace_end *ret_end)
{
	return run_command(trace, ret_end, true);
}

int trace_run_alone(const struct trace *trace, struct trace_end *ret_end)
{
	return run_command(trace, ret_end, false);
}
