/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WIPE_H
#define NACRE_WIPE_H

#include <stddef.h>

#include "specs/error.h"

/* Wipes data of the host from the memory of a process of nacre's own before the process becomes
 * visible from a container: /proc/PID/cmdline, environ and mem. */

/* Zeroes the command line and the environment that the process was executed with, and empties
 * environ. Pointers to them become invalid. */
void wipe_arguments(void);

/* Keeps the heap, except blocks that are mappings of their own, from later children, which must not
 * touch it. The command has no such mappings (M_MMAP_MAX); the library leaves malloc(3) to its
 * caller. */
int wipe_heap_of_children(struct nacre_error *err);

/* Zeroes the same heap: neither it nor malloc(3) may be used afterwards. 0 or -errno. */
int wipe_heap(void);

/* Zeroes what functions that have returned left on the stack. */
void wipe_stack(void);

/* As wipe_heap_of_children for [MEMORY, MEMORY + SIZE), whole pages. NULL is skipped. */
int wipe_of_children(void *memory, size_t size, struct nacre_error *err);

#endif
