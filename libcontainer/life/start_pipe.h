/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_START_PIPE_H
#define NACRE_START_PIPE_H

#include "specs/error.h"

/*
 * How `start` reaches the INIT of a created container: two FIFOs in the state directory. INIT opens
 * them before it loads its seccomp filter and keeps them open. After that it needs only read(2) and
 * write(2), not accept(2) or open(2).
 *
 * "start" carries turns to INIT, which keeps it open until it becomes the program. So the container
 * is "created" until then, whatever happened to a `start` (status.h). The other FIFO carries INIT's
 * answers, and closes in the same way.
 */
struct start_pipe {
	int in; /* -1: not open */
	int out;
};

#define START_PIPE_CLOSED ((struct start_pipe){-1, -1})

/* Creates both FIFOs and opens INIT's ends. */
int start_pipe_make(int state_fd, struct start_pipe *ret_pipe, struct nacre_error *err);

/* Opens the ends of `start`. -ENXIO: INIT is gone. */
int start_pipe_open(int state_fd, struct start_pipe *ret_pipe, struct nacre_error *err);

/* Removes both names, once INIT is the program: an older nacre takes a container that has them for
 * "created". */
int start_pipe_remove(int state_fd, struct nacre_error *err);

void start_pipe_close(struct start_pipe *pipe);

#endif
