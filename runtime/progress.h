/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROGRESS_H
#define NACRE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far something is that may take long, as one line of a terminal on stderr. It is there from
 * half a second on, and written anew at most ten times a second; elsewhere nothing is written. */
struct progress {
	int64_t next; /* when it is to be written, CLOCK_MONOTONIC in ns; INT64_MAX: never */
	bool shown;
};

void progress_begin(struct progress *p);
/* DATA: the struct. */
void progress_show(void *data, uint64_t done, uint64_t all);
/* Removes the line. */
void progress_end(struct progress *p);

/* Whether it is to be written at NOW, and notes that. */
bool progress_is_due(struct progress *p, int64_t now);

#endif
