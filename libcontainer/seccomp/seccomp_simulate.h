/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SECCOMP_SIMULATE_H
#define NACRE_SECCOMP_SIMULATE_H

#include "libcontainer/seccomp/seccomp_own.h"

/* What the config's own filter refuses. Nobody is told when it does (an errno leaves no trace, and
 * comes before a notification of nacre's filter), but it is known: it is asked here. Pure. */

/* Whether PROGRAM refuses CALL of this machine whatever its arguments are. */
bool seccomp_refuses(const struct seccomp_program *program, const char *call);

/* Whether it refuses clone(CLONE_NEWUSER). */
bool seccomp_refuses_userns(const struct seccomp_program *program);

/* Calls EACH with what PROGRAM refuses and OWN (profile 0: none) does not. */
void seccomp_each_refused(const struct seccomp_program *program, const struct seccomp_own *own,
	void (*each)(void *data, const char *call), void *data);

#endif
