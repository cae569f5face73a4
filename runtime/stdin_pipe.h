/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STDIN_PIPE_H
#define NACRE_STDIN_PIPE_H

#include <sys/types.h>

#include "libcontainer/container.h"

/*
 * A pipe of nacre's own between the pipe on stdin and an untrusted program. /proc/self/fd/0 opens a
 * pipe again, for writing too: the program would write to whoever reads the caller's pipe next,
 * such as a shell that takes its own commands from it.
 *
 * The program takes as much from the caller's pipe as it reads, as without this: what nacre passes
 * on stays in the caller's pipe until the program has read it. Only when it has read a MiB, nacre
 * reads ahead.
 *
 * A process of its own relays: a program can hold its pipe's lock as long as it likes, by splice(2)
 * to a full socket, and whoever uses the pipe meanwhile takes no signal, not even SIGKILL.
 */
struct stdin_pipe {
	int caller; /* the caller's pipe; -1: stdin is none, and all calls do nothing */
	int relay; /* connection to the process that relays, which ends when this is closed */
	pid_t pid; /* of that process; 0: there is none */
};

extern const struct stdin_pipe stdin_pipe_none;

/* Puts the program's pipe on stdin if a pipe is there. */
int stdin_pipe_open(struct stdin_pipe *pipe, struct nacre_error *err);
/* Puts the caller's pipe back once the program has its own. */
void stdin_pipe_restore(const struct stdin_pipe *pipe);

/* Takes from the caller's pipe what the program, which has ended, has read. */
void stdin_pipe_close(struct stdin_pipe *pipe);

#endif
