/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_VERDICT_H
#define NACRE_TESTS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the running kernel says to a system call, without the call being made.
 *
 * A child loads one more filter, which hands every call to its parent (SECCOMP_RET_USER_NOTIF). Of
 * several filters the kernel takes the strictest verdict, and an errno is stricter: so the child
 * gets the errno of the filters that were there before, and where those allow the call, what the
 * parent answers. Nothing is executed: reboot(2) and exit(2) can be asked for like any other.
 */

struct attempt {
	uint32_t nr;
	bool i386; /* as a 32-bit call, on x86_64 alone */
	uint64_t args[6];
	int error; /* the answer: an errno, 0: the call is reachable */
};

/* An error that no filter gives: the caller was killed. */
#define DIED (-1)

/* Memory for N attempts, which the child shares. NULL: errno tells. */
struct attempt *attempts_new(size_t n);

/* Fills in the errors. Returns 0 or -1, with a message on stdout. */
int verdicts(struct attempt *attempts, size_t n);

#endif
