/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WIPE_H
#define NACRE_WIPE_H

#include <stddef.h>

#include "specs/error.h"

/* Wipes data of the host from the memory of a process of nacre before a container can see the
 * process: /proc/PID/cmdline, environ and mem. */

/* Zeroes the command line and the environment that the process was executed with, and empties
 * environ. Pointers to them become invalid. */
void wipe_arguments(void);

/* Keeps the heap from later children, which must not touch it. Blocks that malloc(3) allocates with
 * mmap(2) are not covered: the command makes none (M_MMAP_MAX); the library leaves malloc(3) to its
 * caller. */
int wipe_heap_of_children(struct nacre_error *err);

/* Zeroes the same heap: neither it nor malloc(3) may be used afterwards. Returns 0 or -errno. */
int wipe_heap(void);

/* Zeroes what returned functions have left on the stack. */
void wipe_stack(void);

/* Does as wipe_heap_of_children for [MEMORY, MEMORY + SIZE), whole pages. Takes NULL. */
int wipe_of_children(void *memory, size_t size, struct nacre_error *err);

#endif
