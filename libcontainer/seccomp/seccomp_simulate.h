/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_SIMULATE_H
#define NACRE_SECCOMP_SIMULATE_H

#include "libcontainer/seccomp/seccomp_own.h"

/* Finds out what the config's own filter refuses. The kernel reports no such refusal (an errno
 * leaves no trace, and takes precedence over a notification of nacre's filter), but it can be
 * computed. Pure. */

/* Returns whether PROGRAM refuses CALL on this machine, whatever its arguments are. */
bool seccomp_refuses(const struct seccomp_program *program, const char *call);

/* Returns whether it refuses clone(CLONE_NEWUSER). */
bool seccomp_refuses_userns(const struct seccomp_program *program);

/* Calls EACH for each call that PROGRAM refuses and OWN (profile 0: none) does not. */
void seccomp_each_refused(const struct seccomp_program *program, const struct seccomp_own *own,
	void (*each)(void *data, const char *call), void *data);

#endif
