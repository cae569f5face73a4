/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TRACED_H
#define NACRE_TRACED_H

#include <sys/types.h>

/*
 * A program that calls PTRACE_TRACEME makes its parent the tracer, which run and exec are: each
 * signal then stops it until the tracer lets it go on, so that no SIGTERM would end it; and a
 * thread that is traced and has ended keeps the process from being over.
 */

/* Lets go for good what waits for that, with the signal that it was stopped for. PID: the program,
 * whose end is left to be waited for. To be called on SIGCHLD, which it sends if there is more. */
void traced_let_go(pid_t pid);

#endif
