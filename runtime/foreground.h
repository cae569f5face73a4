/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FOREGROUND_H
#define NACRE_FOREGROUND_H

#include "libcontainer/container.h"

/*
 * run and exec without --detach: stands in for the container's process. Signals go to it, its
 * terminal is the caller's, and its exit status is the result.
 */
struct foreground {
	int signals; /* signalfd(2) */
	uint64_t timeout_ms; /* of the command; 0: none */
	uint64_t deadline; /* when that ends */
	bool signals_end; /* a signal that would end a program ends the process, by SIGKILL, and is
			     not passed on */
	int ended_by; /* then: which one; 0: none */
	bool explained; /* the process ended in a way that its exit status does not tell */
	struct nacre_error why; /* then: it timed out, or the OOM killer struck */
};

/* Before the process exists: a signal that comes early must wait for it, not end the runtime alone.
 * TIMEOUT_MS: how long all may take from now on, then what the process started is killed; 0: for
 * ever. */
int foreground_begin(struct foreground *fg, uint64_t timeout_ms, struct nacre_error *err);

/* What the command ends with, where R and WHY are why there is no process: EXIT_TIMEOUT if that is
 * the timeout, else R with ERR. */
int foreground_not_begun(
	struct foreground *fg, int r, const struct nacre_error *why, struct nacre_error *err);

/* Serves PROCESS until it ended. Returns its exit status, 128 + n if signal n ended it,
 * EXIT_TIMEOUT if it ran too long. A process that cannot be served is killed, and what a process
 * that was killed started goes with it. PROCESS stays the caller's to release. */
int foreground_serve(struct foreground *fg, struct nacre_process *process, struct nacre_error *err);

enum {
	EXIT_TIMEOUT = 124, /* that of timeout(1) */
};

void foreground_end(struct foreground *fg);

#endif
