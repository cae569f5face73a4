/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_PATIENCE_H
#define NACRE_TESTS_INJECT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How long something is waited for: a time in which whoever is waited for could run. What the
 * processes of this pid namespace stand in line for a CPU is added, so that a machine that others
 * keep busy is not taken for a command that hangs; one that sleeps stands in no line.
 */
struct patience {
	int64_t start_ms;
	int64_t limit_ms;
};

struct patience patience_for(int64_t limit_ms);

/* What is left; 0: it is over. */
int64_t patience_left_ms(const struct patience *patience);

/* Sleeps a moment. Returns false, at once, if it is over. */
bool patience_nap(const struct patience *patience);

#endif
