/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CHILD_CALL_H
#define NACRE_CHILD_CALL_H

#include <stdint.h>

#include "specs/error.h"

/* Calls ACT with DATA in a child with all signals blocked, whose memory and namespaces end with it.
 * Returns 0 or the error of ACT. TIMEOUT and DEADLINE are those of struct child; -ETIMEDOUT: the
 * child took longer and was killed. -ECHILD: something else killed it. */
int child_call(int (*act)(void *data, struct nacre_error *err), void *data, int64_t timeout,
	int64_t deadline, struct nacre_error *err);

#endif
