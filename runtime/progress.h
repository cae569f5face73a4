/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROGRESS_H
#define NACRE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shows the progress of a long operation as one line of a terminal on stderr. The line appears
 * after half a second and is updated at most ten times per second. Without a terminal nothing is
 * written. */
struct progress {
	int64_t next; /* when the line is due, CLOCK_MONOTONIC in ns; INT64_MAX: never */
	bool shown;
};

void progress_begin(struct progress *p);
/* DATA: the struct progress. */
void progress_show(void *data, uint64_t done, uint64_t all);
/* Removes the line. */
void progress_end(struct progress *p);

/* Returns whether the line is due at NOW; then also sets the next time. */
bool progress_is_due(struct progress *p, int64_t now);

#endif
