/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_TRACEE_H
#define NACRE_TESTS_INJECT_TRACEE_H

#include "tests/inject/trace.h"

#define N_NUMBERS 512 /* of system calls */

/* A process that is followed. */
struct tracee {
	pid_t pid; /* 0: the slot is free */
	char role[ROLE_SIZE]; /* "": its parent's word of it has not come yet */
	unsigned children;
	unsigned made[N_NUMBERS]; /* how many calls of each number */
	bool in_call;
	struct call call; /* that it is in */
	bool overridden; /* its result becomes OVERRIDE */
	int64_t override;
};

/* Its name; "call-NUMBER" of one that is newer than libseccomp. */
const char *tracee_call_name(uint64_t number);

/*
 * At a stop at a system call: takes note of the call, does the fault if it is its turn, and tells
 * who wants to hear. ret_reached is set to true if the fault was done.
 */
void tracee_at_call(struct tracee *t, const struct trace *trace, bool *ret_reached);

/* Its call will not return to it. */
void tracee_leaves(struct tracee *t, const struct trace *trace);

#endif
