/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_NEEDS_H
#define NACRE_SECCOMP_NEEDS_H

#include "libcontainer/seccomp/seccomp.h"

/* A system call that nacre itself makes after the config's filter is loaded. */
struct seccomp_need {
	const char *name;
	int number;
	uint64_t args[6];
	unsigned known; /* one bit per member of ARGS with a fixed value */
	bool may_notify; /* an agent may decide on it */
	const char *reason; /* "runs the program" */
};

/* Fails with -EPERM, and names the call and its reason, if PROGRAM refuses NEED whatever its
 * unknown arguments are. */
int seccomp_check_need(const struct seccomp_program *program, const struct seccomp_need *need,
	struct nacre_error *err);

#endif
