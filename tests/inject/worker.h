/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_WORKER_H
#define NACRE_TESTS_INJECT_WORKER_H

#include "tests/inject/cases.h"

/* Both run where world_enter() has been, once, and end the process. */

/* Adds the calls of undisturbed runs of the commands of WANTED, a bit each. */
_Noreturn void worker_find_calls(struct cases *cases, unsigned wanted);

/* Takes one case after the other. TALKS: says what the disturbed commands printed. */
_Noreturn void worker_try_cases(struct cases *cases, const bool *wanted, bool talks);

#endif
