/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/fields.h"

/* fields_merge: changes a document by the members of another one. */

static void *load_pointer(const void *member)
{
	void *p;

	memcpy(&p, member, sizeof(p));
	return p;
}

static void store_pointer(void *member, const void *p)
{
	memcpy(member, &p, sizeof(p));
}

static size_t *count_of(const struct field *f, char *object)
{
	return (size_t *)(void *)(object + f->count_offset);
}

static bool is_zero(const char *number, size_t size)
{
	static const char zeros[sizeof(uint64_t)];

	return memcmp(number, zeros, size) == 0;
}

/* Copies N elements of SIZE bytes, with room for MORE behind them, zeroed. */
static char *enlarge(struct arena *arena, const void *items, size_t n, size_t more, size_t size)
{
	char *larger = arena_array(arena, n + more, size);

	if (larger && n > 0)
		memcpy(larger, items, n * size);
	return larger;
}

static int merge_map(struct arena *arena, const struct oci_map *over, struct oci_map *into)
{
	struct oci_pair *items = (struct oci_pair *)(void *)enlarge(
		arena, into->items, into->n, over->n, sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < over->n; i++) {
		size_t j = 0;

		while (j < into->n && strcmp(items[j].key, over->items[i].key) != 0)
			j++;
		items[j] = over->items[i];
		into->n += j == into->n;
	}
	into->items = items;
	return 0;
}

/* Returns whether the elements have keys; a FIELD_KEYED has its key first. */
static bool has_keys(const struct field *f)
{
	bool keyed = f->kind == FIELD_KEYED;

	for (const struct field *member = f->type->fields; member->name; member++)
		keyed |= (member->flags & FIELD_KEY) != 0;
	return keyed;
}

static bool same_keys(const struct field *f, const char *a, const char *b)
{
	if (f->kind == FIELD_KEYED)
		return strcmp(load_pointer(a), load_pointer(b)) == 0;
	for (const struct field *member = f->type->fields; member->name; member++) {
		const struct scalar_kind *scalar = field_scalar(member->kind);
		const char *x = a + member->offset, *y = b + member->offset;

		if (!(member->flags & FIELD_KEY))
			continue;
		if (scalar ? memcmp(x, y, scalar->size) != 0
			   : strcmp(load_pointer(x), load_pointer(y)) != 0)
			return false;
	}
	return true;
}

static int merge_array(struct arena *arena, const struct field *f, const char *over, char *into)
{
	const size_t size = f->type->size, n_over = *count_of(f, (char *)over);
	const char *element = load_pointer(over + f->offset);
	size_t n = has_keys(f) ? *count_of(f, into) : 0;
	char *items = enlarge(arena, load_pointer(into + f->offset), n, n_over, size);

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n_over; i++, element += size) {
		bool found = false;

		/* Changes every element with this key: of two the kernel takes the last. */
		for (size_t j = 0; has_keys(f) && j < n; j++) {
			if (!same_keys(f, items + j * size, element))
				continue;
			found = true;
			if (fields_merge(arena, f->type, element, items + j * size) < 0)
				return -ENOMEM;
		}
		if (!found)
			memcpy(items + n++ * size, element, size);
	}
	store_pointer(into + f->offset, items);
	*count_of(f, into) = n;
	return 0;
}

static int merge_object(struct arena *arena, const struct field *f, const void *over, void *into)
{
	void *object = load_pointer(into);

	if (!object) {
		object = arena_alloc(arena, f->type->size);
		if (!object)
			return -ENOMEM;
		store_pointer(into, object);
	}
	return fields_merge(arena, f->type, load_pointer(over), object);
}

/* Merges a number. A required number counts even if it is 0: for huge pages 0 is a limit. */
static void merge_number(const struct field *f, const char *over, char *into)
{
	const struct scalar_kind *kind = field_scalar(f->kind);
	bool zero = is_zero(over + kind->offset, kind->size);

	if ((kind->optional && !*(const bool *)over) || (zero && !(f->flags & FIELD_REQUIRED)))
		return;
	memcpy(into, over, kind->offset + kind->size);
}

static int merge_field(struct arena *arena, const struct field *f, const char *over, char *into)
{
	const char *from = over + f->offset;
	char *to = into + f->offset;

	if (field_scalar(f->kind)) {
		merge_number(f, from, to);
		return 0;
	}
	switch (f->kind) {
	case FIELD_STRING:
		if (load_pointer(from))
			store_pointer(to, load_pointer(from));
		return 0;
	case FIELD_OPT_BOOL:
		if (((const struct oci_bool *)(const void *)from)->set)
			memcpy(to, from, sizeof(struct oci_bool));
		return 0;
	case FIELD_STRINGS:
		if (((const struct oci_strings *)(const void *)from)->n > 0)
			memcpy(to, from, sizeof(struct oci_strings));
		return 0;
	case FIELD_MAP:
		return merge_map(arena, (const void *)from, (void *)to);
	case FIELD_OBJECT:
		return load_pointer(from) ? merge_object(arena, f, from, to) : 0;
	case FIELD_ARRAY:
	case FIELD_KEYED:
		return *count_of(f, (char *)over) ? merge_array(arena, f, over, into) : 0;
	default:
		return -EOPNOTSUPP; /* no merged table has such a member */
	}
}

int fields_merge(struct arena *arena, const struct struct_type *type, const void *over, void *into)
{
	int r = 0;

	for (const struct field *f = type->fields; f->name && r == 0; f++)
		r = merge_field(arena, f, over, into);
	return r;
}
