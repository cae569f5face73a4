/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_FOREGROUND_FIXTURE_H
#define NACRE_TEST_FOREGROUND_FIXTURE_H

#include "libcontainer/api/process.h"
#include "runtime/foreground.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WAIT_MS = 10000,
	FAILED = 99,
};

static int outer = -1; /* master of the caller's terminal, or the read end of its stdout */
static char seen[256 * 1024];
static size_t n_seen;

/* What the library does: SCRIPT in a shell, on a terminal of its own if TTY. */
static inline struct nacre_process *start(const char *script, bool tty)
{
	struct nacre_process *process = process_new();
	sigset_t none;

	if (!process)
		return NULL;
	process->pid = tty ? forkpty(&process->console, NULL, NULL, NULL) : fork();
	if (process->pid == 0) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		/* What nohup or & ignores a shell cannot trap; init resets all signals. */
		(void)signal(SIGHUP, SIG_DFL);
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGQUIT, SIG_DFL);
		(void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(FAILED);
	}
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	return process->pid < 0 || process->pidfd < 0 ? NULL : process;
}

/* The runtime: what stands in for the process, with the stdio that it has. Does not return. */
static inline void serve(const char *script, bool tty)
{
	struct nacre_process *process = NULL;
	struct foreground fg;
	struct nacre_error err;
	int status = FAILED;

	(void)alarm(0);
	if (foreground_begin(&fg, 0, &err) == 0)
		process = start(script, tty);
	if (process)
		status = foreground_serve(&fg, process, &err);
	foreground_end(&fg);
	_exit(status < 0 ? FAILED : status);
}

static inline bool is_over(const char *text)
{
	return text && strstr(seen, text);
}

/* Reads until TEXT was seen; NULL: to the end. */
static inline void read_until(const char *text)
{
	while (!is_over(text)) {
		struct pollfd in = {.fd = outer, .events = POLLIN};
		ssize_t n;

		ck_assert_msg(poll(&in, 1, WAIT_MS) == 1, "nothing came after: %s", seen);
		n = read(outer, seen + n_seen, sizeof(seen) - 1 - n_seen);
		if (n <= 0)
			break;
		n_seen += (size_t)n;
		seen[n_seen] = '\0';
	}
	if (text)
		ck_assert_msg(is_over(text), "no \"%s\" in: %s", text, seen);
}

static inline int wait_status(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline void setup(void)
{
	n_seen = 0;
	seen[0] = '\0';
}

static inline void teardown(void)
{
	if (outer >= 0)
		(void)close(outer);
	outer = -1;
}

#endif
