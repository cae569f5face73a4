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
};

/* Before the process exists: a signal that comes early must wait for it, not end the runtime alone.
 */
int foreground_begin(struct foreground *fg, struct nacre_error *err);

/* Serves PROCESS until it ended. Returns its exit status, 128 + n if signal n ended it. A process
 * that cannot be served is killed. Closes what PROCESS holds. */
int foreground_serve(struct foreground *fg, struct nacre_process *process, struct nacre_error *err);

/* --detach: the process goes on without us. */
void foreground_leave(struct nacre_process *process);

void foreground_end(struct foreground *fg);

#endif
