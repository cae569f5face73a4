/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STDIN_PIPE_H
#define NACRE_STDIN_PIPE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "libcontainer/container.h"

/*
 * A pipe of nacre's own between the pipe on stdin and an untrusted program. /proc/self/fd/0 opens a
 * pipe again, for writing too: the program would write to whoever reads the caller's pipe next,
 * such as a shell that takes its own commands from it.
 *
 * The program takes as much from the caller's pipe as it reads, as without this: what nacre passes
 * on stays in the caller's pipe until the program has read it. Only when it has read a MiB, nacre
 * reads ahead.
 */
struct stdin_pipe {
	int caller; /* the caller's pipe; -1: stdin is none, and all calls do nothing */
	int program; /* the end of the program's pipe that is written to; -1: closed */
	int null;
	bool full; /* the program has filled its pipe itself */
	bool large; /* the program's pipe is no longer of one page */
	size_t passed; /* bytes, in all */
	size_t ahead; /* bytes that were passed on and that the caller's pipe still has */
};

extern const struct stdin_pipe stdin_pipe_none;

/* Puts the program's pipe on stdin if a pipe is there. */
int stdin_pipe_open(struct stdin_pipe *pipe, struct nacre_error *err);
/* Puts the caller's pipe back once the program has its own. */
void stdin_pipe_restore(const struct stdin_pipe *pipe);

/* The event that stdin_pipe_relay waits for. */
struct pollfd stdin_pipe_event(const struct stdin_pipe *pipe);
void stdin_pipe_relay(struct stdin_pipe *pipe);

/* Takes from the caller's pipe what the program has read. */
void stdin_pipe_close(struct stdin_pipe *pipe);

#endif
