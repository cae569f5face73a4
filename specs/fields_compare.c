/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/fields.h"

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_texts(const struct oci_strings *a, const struct oci_strings *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!same_text(a->items[i], b->items[i]))
			return false;
	return true;
}

/* Compares maps in one direction, which is enough: keys are unique and the lengths are equal. Looks
 * for each key first at the same index of the other map. */
static bool same_maps(const struct oci_map *a, const struct oci_map *b)
{
	for (size_t i = 0; i < a->n; i++) {
		size_t j = 0;

		while (j < b->n && strcmp(a->items[i].key, b->items[(i + j) % b->n].key) != 0)
			j++;
		if (j == b->n || !same_text(a->items[i].value, b->items[(i + j) % b->n].value))
			return false;
	}
	return true;
}

/* Finds the element of the keyed array B with the key of X. Looks at index I first. */
static const char *find_keyed(const char *x, const char *b, size_t i, size_t n, size_t size)
{
	for (size_t j = 0; j < n; j++) {
		const char *y = b + (i + j) % n * size;

		if (same_text(field_load_pointer(x), field_load_pointer(y)))
			return y;
	}
	return NULL;
}

static bool same_structs(const struct field *f, const char *a, const char *b, size_t n)
{
	size_t size = f->type->size;

	for (size_t i = 0; i < n; i++) {
		const char *x = a + i * size, *y = b + i * size;

		if (f->kind == FIELD_KEYED)
			y = find_keyed(x, b, i, n, size);
		if (!y || !fields_equal(f->type, x, y))
			return false;
	}
	return true;
}

bool field_equal(const struct field *f, const char *a, const char *b)
{
	const struct scalar_kind *scalar = field_scalar(f->kind);
	const void *x = a + f->offset, *y = b + f->offset;
	bool written = field_is_written(f, a);
	size_t n;

	if (written != field_is_written(f, b))
		return false;
	if (!written)
		return true;
	if (scalar)
		return field_load_bits(scalar, x) == field_load_bits(scalar, y);
	switch (f->kind) {
	case FIELD_STRING:
		return same_text(field_load_pointer(x), field_load_pointer(y));
	case FIELD_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case FIELD_OPT_BOOL:
		return ((const struct oci_bool *)x)->value == ((const struct oci_bool *)y)->value;
	case FIELD_OBJECT:
		return fields_equal(f->type, field_load_pointer(x), field_load_pointer(y));
	case FIELD_INLINE:
		return fields_equal(f->type, x, y);
	default:
		break;
	}
	n = field_load_count(f, a);
	if (n != field_load_count(f, b))
		return false;
	if (f->kind == FIELD_STRINGS)
		return same_texts(x, y);
	if (f->kind == FIELD_MAP)
		return same_maps(x, y);
	if (f->kind == FIELD_U32S)
		return n == 0 || memcmp(field_load_pointer(x), field_load_pointer(y),
					 n * sizeof(uint32_t)) == 0;
	return same_structs(f, field_load_pointer(x), field_load_pointer(y), n);
}

bool fields_equal(const struct struct_type *type, const void *a, const void *b)
{
	for (const struct field *f = type->fields; f->name; f++)
		if (!field_equal(f, a, b))
			return false;
	return true;
}
