/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_ARENA_H
#define NACRE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "specs/error.h"

/*
 * A bump allocator: a decoded document and everything that hangs on it die together, in one call.
 * All memory is zeroed and aligned for any type. Nothing is freed one by one.
 */
struct arena;

/* Makes an arena that gives out at most LIMIT bytes. Returns NULL when out of memory. */
struct arena *arena_new(size_t limit);
void arena_free(struct arena *a); /* takes NULL */
void arena_cleanup(struct arena **a);
#define cleanup_arena __attribute__((cleanup(arena_cleanup)))

/* Each returns NULL when memory or the limit is spent; an array also when COUNT * SIZE overflows.
 */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t length);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Sets the error of an allocation that returned NULL: -E2BIG where the limit was the reason, else
 * -ENOMEM. WHAT names the document. */
int arena_fail(const struct arena *a, const char *what, struct nacre_error *err);

#endif
