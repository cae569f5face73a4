/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TRACED_H
#define NACRE_TRACED_H

#include <sys/types.h>

/*
 * A program that calls PTRACE_TRACEME makes its parent the tracer, which is run or exec: each
 * signal then stops it until the tracer lets it continue, so that SIGTERM would not end it; and a
 * traced thread that has ended keeps the process from ending.
 */

/* Detaches from everything that is stopped for the tracer, and delivers the signal that it was
 * stopped by. PID: the program, which is left to be waited for. Must be called on SIGCHLD, which it
 * sends to itself if there is more to do. */
void traced_let_go(pid_t pid);

#endif
