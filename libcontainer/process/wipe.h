/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WIPE_H
#define NACRE_WIPE_H

#include <stddef.h>

#include "specs/error.h"

/* What the memory of a process of nacre's own holds of the host, before the process can be seen
 * from a container: /proc/PID/cmdline, environ and mem. */

/* The command line and the environment that the process was executed with become zeros, and
 * environ is empty. Pointers to them are no longer of use. */
void wipe_arguments(void);

/* No later child gets the heap, as far as it is no mapping of its own: such a child must not touch
 * it. The command has no such mappings (M_MMAP_MAX); the library leaves malloc(3) to its caller. */
int wipe_heap_of_children(struct nacre_error *err);

/* The same heap becomes zeros: nothing of it is to be used any more, nor malloc(3). 0 or -errno. */
int wipe_heap(void);

/* What functions that have returned left on the stack becomes zeros. */
void wipe_stack(void);

/* As wipe_heap_of_children for [MEMORY, MEMORY + SIZE), whole pages. NULL is skipped. */
int wipe_of_children(void *memory, size_t size, struct nacre_error *err);

#endif
