/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FOREGROUND_H
#define NACRE_FOREGROUND_H

#include "libcontainer/container.h"
#include "runtime/stdin_pipe.h"

/*
 * run and exec without --detach: nacre stands in for the container's process. It passes signals on,
 * connects the caller's terminal, and ends with the process's exit status.
 */
struct foreground {
	int signals; /* signalfd(2) */
	uint64_t timeout_ms; /* of the command; 0: none */
	uint64_t deadline; /* the end of that timeout */
	bool signals_end; /* signals as SIGTERM kill the process and are not passed on */
	int ended_by; /* then: which signal; 0: none */
	struct stdin_pipe input; /* none, unless the caller opens it */
	bool explained; /* the exit status alone does not tell why the process ended */
	struct nacre_error why; /* then: the timeout, or the OOM killer */
};

/* Takes the signals, before the process exists: one that comes early must wait for it, and not end
 * nacre alone. TIMEOUT_MS: limit for everything from now on, after which all that the process
 * started is killed; 0: none. */
int foreground_begin(struct foreground *fg, uint64_t timeout_ms, struct nacre_error *err);

/* Returns the result of a command whose process could not begin, for the reason R and WHY:
 * EXIT_TIMEOUT if that is the timeout, else R with ERR. */
int foreground_not_begun(
	struct foreground *fg, int r, const struct nacre_error *why, struct nacre_error *err);

/* Serves PROCESS until it ends. Returns its exit status, 128 + n if signal n ended it, EXIT_TIMEOUT
 * if it ran too long. A process that cannot be served is killed. With a killed process everything
 * that it started is killed. PROCESS stays the caller's to release. */
int foreground_serve(struct foreground *fg, struct nacre_process *process, struct nacre_error *err);

enum {
	EXIT_TIMEOUT = 124, /* as timeout(1) has it */
};

void foreground_end(struct foreground *fg);

#endif
