/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_NEEDS_H
#define NACRE_SECCOMP_NEEDS_H

#include "libcontainer/seccomp/seccomp.h"

/* A system call that nacre makes behind the config's filter. */
struct seccomp_need {
	const char *name;
	int number;
	uint64_t args[6];
	unsigned known; /* a bit for each of ARGS that counts; the others may be anything */
	bool may_notify; /* an agent may decide on it */
	const char *reason; /* "runs the program" */
};

/* -EPERM, which names the call and its reason: PROGRAM refuses NEED, whatever its arguments that
 * are not known are. */
int seccomp_check_need(const struct seccomp_program *program, const struct seccomp_need *need,
	struct nacre_error *err);

#endif
