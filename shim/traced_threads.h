/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TRACED_THREADS_H
#define NACRE_SHIM_TRACED_THREADS_H

#include <sys/types.h>

/* Reaps the ended threads of PID, except its first, that have made the shim, their parent, their
 * tracer (PTRACE_TRACEME). The process does not end before. */
void traced_threads_reap(pid_t pid);

#endif
