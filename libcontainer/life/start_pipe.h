/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_START_PIPE_H
#define NACRE_START_PIPE_H

#include "specs/error.h"

/*
 * How `start` reaches the INIT of a created container: two FIFOs in the state directory, which INIT
 * holds open from before it has its seccomp filter. Behind that filter it can do what read(2) and
 * write(2) can: no accept(2), no open(2).
 *
 * "start" takes the turn. INIT reads it until it becomes the program: the container is "created" as
 * long, whatever became of a `start` (status.h). The other takes INIT's answers, and ends likewise.
 */
struct start_pipe {
	int in; /* -1: there is none */
	int out;
};

#define START_PIPE_CLOSED ((struct start_pipe){-1, -1})

/* Makes both, with INIT's ends. */
int start_pipe_make(int state_fd, struct start_pipe *ret_pipe, struct nacre_error *err);

/* The ends of `start`. -ENXIO: there is no INIT any more. */
int start_pipe_open(int state_fd, struct start_pipe *ret_pipe, struct nacre_error *err);

/* Removes both names, once INIT is the program: for an older nacre "created" is who has them. */
int start_pipe_remove(int state_fd, struct nacre_error *err);

void start_pipe_close(struct start_pipe *pipe);

#endif
