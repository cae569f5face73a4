/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Holds the whole default config of `nacre spec` in one block. */
#define BLOCK_SIZE (32 * 1024)

struct block {
	struct block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *head;
	size_t limit;
	size_t left; /* bytes that may still be given out */
	bool refused; /* an allocation failed because of the limit */
};

struct arena *arena_new(size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a)
		a->limit = a->left = limit;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void arena_cleanup(struct arena **a)
{
	arena_free(*a);
}

static struct block *add_block(struct arena *a, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct block *b = malloc(sizeof(*b) + room);

	if (!b)
		return NULL;
	b->size = room;
	b->used = 0;
	b->next = a->head;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct block *b = a->head;
	void *p;

	if (rounded < size || rounded > a->left) {
		a->refused = true;
		return NULL;
	}
	if (!b || b->size - b->used < rounded)
		b = add_block(a, rounded);
	if (!b)
		return NULL;
	p = b->data + b->used;
	b->used += rounded;
	a->left -= rounded;
	return memset(p, 0, rounded);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		a->refused = true;
		return NULL;
	}
	return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? arena_alloc(a, length + 1) : NULL;

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
	char *text = NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0)
		text = arena_alloc(a, (size_t)length + 1);
	if (text)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}

int arena_fail(const struct arena *a, const char *what, struct nacre_error *err)
{
	if (a->refused)
		return fail(err, E2BIG, "%s: needs more than %zu bytes of memory", what, a->limit);
	return fail(err, ENOMEM, "%s: out of memory", what);
}
