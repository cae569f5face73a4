/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_TRACE_H
#define NACRE_SECCOMP_TRACE_H

#include <linux/seccomp.h>
#include <sys/types.h>

#include "libcontainer/seccomp_own.h"

/*
 * --trace-denials: the same filter, but what it refuses is asked of the runtime first, by user
 * notification (seccomp_unotify(2)). The answer is the errno that the filter would have given, so
 * nothing is let through and allowed calls cost nothing; if the runtime dies, refused calls get
 * ENOSYS.
 */

/* A copy of OWN in ARENA that notifies where OWN gives an errno. */
int seccomp_trace_program(struct arena *arena, const struct seccomp_own *own,
	struct seccomp_own *ret_traced, struct nacre_error *err);

/* What FILTER answers to DATA: SECCOMP_RET_* with its data. Pure. */
uint32_t seccomp_trace_verdict(
	const struct sock_filter *filter, unsigned short n, const struct seccomp_data *data);

/* A call that was refused. */
struct seccomp_denial {
	pid_t pid; /* in the pid namespace of the caller */
	struct seccomp_data data;
	char call[40]; /* name, or the number where there is none */
	int error;
	const char *why;
	char grant[64]; /* that would allow it; "": none */
};

/* Takes one notification from LISTENER and answers it as OWN would. 0: the process is gone. */
int seccomp_trace_answer(int listener, const struct seccomp_own *own,
	struct seccomp_denial *ret_denial, struct nacre_error *err);

#endif
