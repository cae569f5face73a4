/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/fields.h"

static int copy_text(struct arena *arena, const char *from, void *to)
{
	char *copy = from ? arena_strdup(arena, from) : NULL;

	if (from && !copy)
		return -ENOMEM;
	memcpy(to, &copy, sizeof(copy));
	return 0;
}

/* Copies N elements of SIZE bytes, and stores the new array in TO. */
static int copy_items(struct arena *arena, const void *from, size_t n, size_t size, void *to)
{
	void *items = NULL;

	if (n > 0) {
		items = arena_array(arena, n, size);
		if (!items)
			return -ENOMEM;
		memcpy(items, from, n * size);
	}
	memcpy(to, &items, sizeof(items));
	return 0;
}

static int copy_texts(struct arena *arena, const char *const *from, size_t n, void *to)
{
	char *items;
	int r = copy_items(arena, from, n, sizeof(*from), to);

	items = r == 0 ? field_load_pointer(to) : NULL;
	for (size_t i = 0; i < n && r == 0; i++)
		r = copy_text(arena, from[i], items + i * sizeof(*from));
	return r;
}

static int copy_structs(
	struct arena *arena, const struct field *f, const char *from, size_t n, void *to)
{
	size_t size = f->type->size;
	char *items;
	int r = copy_items(arena, from, n, size, to);

	items = r == 0 ? field_load_pointer(to) : NULL;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = fields_copy(arena, f->type, from + i * size, items + i * size);
		if (r == 0 && f->kind == FIELD_KEYED)
			r = copy_text(arena, field_load_pointer(from + i * size), items + i * size);
	}
	return r;
}

static int copy_field(struct arena *arena, const struct field *f, const char *from, char *to)
{
	const void *member = from + f->offset;
	void *copy = to + f->offset;

	switch (f->kind) {
	case FIELD_STRING:
		return copy_text(arena, field_load_pointer(member), copy);
	case FIELD_STRINGS:
		return copy_texts(
			arena, field_load_pointer(member), field_load_count(f, from), copy);
	case FIELD_MAP:
		/* A map is an array of pairs, and a pair is two strings. */
		return copy_texts(
			arena, field_load_pointer(member), 2 * field_load_count(f, from), copy);
	case FIELD_U32S:
		return copy_items(arena, field_load_pointer(member), field_load_count(f, from),
			sizeof(uint32_t), copy);
	case FIELD_OBJECT:
		return copy_structs(arena, f, field_load_pointer(member),
			field_load_pointer(member) != NULL, copy);
	case FIELD_INLINE:
		return fields_copy(arena, f->type, member, copy);
	case FIELD_ARRAY:
	case FIELD_KEYED:
		return copy_structs(
			arena, f, field_load_pointer(member), field_load_count(f, from), copy);
	default:
		return 0; /* the member is in the struct itself */
	}
}

int fields_copy(struct arena *arena, const struct struct_type *type, const void *from, void *to)
{
	int r = 0;

	memcpy(to, from, type->size);
	for (const struct field *f = type->fields; f->name && r == 0; f++)
		r = copy_field(arena, f, from, to);
	return r;
}
