/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
#define OPTIONAL(t) true, sizeof(((struct t *)0)->value), offsetof(struct t, value)

static const struct scalar_kind scalars[] = {
	[FIELD_U32]	= {false, false, sizeof(uint32_t), 0, 0, UINT32_MAX},
	[FIELD_U64]	= {false, false, sizeof(uint64_t), 0, 0, UINT64_MAX},
	[FIELD_I64]	= {true, false, sizeof(int64_t), 0, INT64_MIN, INT64_MAX},
	[FIELD_OPT_U16] = {false, OPTIONAL(oci_u32), 0, UINT16_MAX},
	[FIELD_OPT_U32] = {false, OPTIONAL(oci_u32), 0, UINT32_MAX},
	[FIELD_OPT_U64] = {false, OPTIONAL(oci_u64), 0, UINT64_MAX},
	[FIELD_OPT_I32] = {true, OPTIONAL(oci_i32), INT32_MIN, INT32_MAX},
	[FIELD_OPT_I64] = {true, OPTIONAL(oci_i64), INT64_MIN, INT64_MAX},
};
/* clang-format on */

const struct scalar_kind *field_scalar(enum field_kind kind)
{
	size_t n = sizeof(scalars) / sizeof(scalars[0]);

	return (size_t)kind < n && scalars[kind].size ? &scalars[kind] : NULL;
}

static void *load_pointer(const void *member)
{
	void *p;

	memcpy(&p, member, sizeof(p));
	return p;
}

static uint64_t load_bits(const struct scalar_kind *kind, const char *member)
{
	uint32_t narrow;
	uint64_t wide;

	if (kind->size == sizeof(narrow)) {
		memcpy(&narrow, member + kind->offset, sizeof(narrow));
		return kind->is_signed ? (uint64_t)(int64_t)(int32_t)narrow : narrow;
	}
	memcpy(&wide, member + kind->offset, sizeof(wide));
	return wide;
}

/* How many elements a member that is an array here has. */
static size_t load_count(const struct field *f, const char *object)
{
	const void *member = object + f->offset;

	switch (f->kind) {
	case FIELD_STRINGS:
		return ((const struct oci_strings *)member)->n;
	case FIELD_MAP:
		return ((const struct oci_map *)member)->n;
	default:
		return *(const size_t *)(const void *)(object + f->count_offset);
	}
}

/* --- encode --- */

/* What Go's omitempty leaves out is left out. */
bool field_is_written(const struct field *f, const char *object)
{
	const struct scalar_kind *scalar = field_scalar(f->kind);
	const void *member = object + f->offset;
	const char *text;

	if (f->flags & FIELD_ALWAYS)
		return true;
	if (f->flags & FIELD_PRESENCE)
		return *(const bool *)(const void *)(object + f->count_offset);
	if (scalar)
		return scalar->optional ? *(const bool *)member : load_bits(scalar, member) != 0;
	switch (f->kind) {
	case FIELD_STRING:
		text = load_pointer(member);
		return text && text[0];
	case FIELD_BOOL:
		return *(const bool *)member;
	case FIELD_OPT_BOOL:
		return ((const struct oci_bool *)member)->set;
	case FIELD_OBJECT:
		return load_pointer(member) != NULL;
	case FIELD_INLINE:
		return true;
	default:
		return load_count(f, object) > 0;
	}
}

static void encode_strings(struct json_writer *w, const struct oci_strings *list)
{
	json_open_array(w);
	for (size_t i = 0; i < list->n; i++)
		json_string(w, list->items[i]);
	json_close_array(w);
}

static void encode_u32s(struct json_writer *w, const uint32_t *items, size_t n)
{
	json_open_array(w);
	for (size_t i = 0; i < n; i++)
		json_u64(w, items[i]);
	json_close_array(w);
}

static void encode_map(struct json_writer *w, const struct oci_map *map)
{
	json_open_object(w);
	for (size_t i = 0; i < map->n; i++) {
		json_key(w, map->items[i].key);
		json_string(w, map->items[i].value);
	}
	json_close_object(w);
}

static void encode_array(
	struct json_writer *w, const struct struct_type *type, const char *items, size_t n)
{
	json_open_array(w);
	for (size_t i = 0; i < n; i++)
		fields_encode(w, type, items + i * type->size);
	json_close_array(w);
}

static void encode_keyed(
	struct json_writer *w, const struct struct_type *type, const char *items, size_t n)
{
	json_open_object(w);
	for (size_t i = 0; i < n; i++) {
		json_key(w, load_pointer(items + i * type->size));
		fields_encode(w, type, items + i * type->size);
	}
	json_close_object(w);
}

static void encode_number(struct json_writer *w, const struct scalar_kind *kind, const char *member)
{
	uint64_t bits = load_bits(kind, member);

	if (kind->is_signed)
		json_i64(w, (int64_t)bits);
	else
		json_u64(w, bits);
}

void field_encode(struct json_writer *w, const struct field *f, const char *object)
{
	const void *member = object + f->offset;
	const char *text;

	switch (f->kind) {
	case FIELD_STRING:
		text = load_pointer(member);
		json_string(w, text ? text : "");
		break;
	case FIELD_BOOL:
		json_bool(w, *(const bool *)member);
		break;
	case FIELD_OPT_BOOL:
		json_bool(w, ((const struct oci_bool *)member)->value);
		break;
	case FIELD_STRINGS:
		encode_strings(w, member);
		break;
	case FIELD_U32S:
		encode_u32s(w, load_pointer(member), load_count(f, object));
		break;
	case FIELD_MAP:
		encode_map(w, member);
		break;
	case FIELD_OBJECT:
		fields_encode(w, f->type, load_pointer(member));
		break;
	case FIELD_INLINE:
		fields_encode(w, f->type, member);
		break;
	case FIELD_ARRAY:
		encode_array(w, f->type, load_pointer(member), load_count(f, object));
		break;
	case FIELD_KEYED:
		encode_keyed(w, f->type, load_pointer(member), load_count(f, object));
		break;
	default:
		encode_number(w, field_scalar(f->kind), member);
	}
}

void fields_encode(struct json_writer *w, const struct struct_type *type, const void *object)
{
	json_open_object(w);
	for (const struct field *f = type->fields; f->name; f++) {
		if (!field_is_written(f, object))
			continue;
		json_key(w, f->name);
		field_encode(w, f, object);
	}
	json_close_object(w);
}

/* --- copy --- */

static int copy_text(struct arena *arena, const char *from, void *to)
{
	char *copy = from ? arena_strdup(arena, from) : NULL;

	if (from && !copy)
		return -ENOMEM;
	memcpy(to, &copy, sizeof(copy));
	return 0;
}

/* Copies N elements of SIZE bytes as they are and stores the new array in TO. */
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

	items = r == 0 ? load_pointer(to) : NULL;
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

	items = r == 0 ? load_pointer(to) : NULL;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = fields_copy(arena, f->type, from + i * size, items + i * size);
		if (r == 0 && f->kind == FIELD_KEYED)
			r = copy_text(arena, load_pointer(from + i * size), items + i * size);
	}
	return r;
}

static int copy_field(struct arena *arena, const struct field *f, const char *from, char *to)
{
	const void *member = from + f->offset;
	void *copy = to + f->offset;

	switch (f->kind) {
	case FIELD_STRING:
		return copy_text(arena, load_pointer(member), copy);
	case FIELD_STRINGS:
		return copy_texts(arena, load_pointer(member), load_count(f, from), copy);
	case FIELD_MAP:
		/* A map is an array of pairs, and a pair is two texts. */
		return copy_texts(arena, load_pointer(member), 2 * load_count(f, from), copy);
	case FIELD_U32S:
		return copy_items(
			arena, load_pointer(member), load_count(f, from), sizeof(uint32_t), copy);
	case FIELD_OBJECT:
		return copy_structs(
			arena, f, load_pointer(member), load_pointer(member) != NULL, copy);
	case FIELD_INLINE:
		return fields_copy(arena, f->type, member, copy);
	case FIELD_ARRAY:
	case FIELD_KEYED:
		return copy_structs(arena, f, load_pointer(member), load_count(f, from), copy);
	default:
		return 0; /* held in the struct itself */
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

/* --- equal --- */

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

/* Keys are unique and the lengths are the same, so one direction is enough. Each key is first
 * looked for where it stands in the other map. */
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

/* The element of KEYED B that has the key of the one at X; looks at index I first. */
static const char *find_keyed(const char *x, const char *b, size_t i, size_t n, size_t size)
{
	for (size_t j = 0; j < n; j++) {
		const char *y = b + (i + j) % n * size;

		if (same_text(load_pointer(x), load_pointer(y)))
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
		return load_bits(scalar, x) == load_bits(scalar, y);
	switch (f->kind) {
	case FIELD_STRING:
		return same_text(load_pointer(x), load_pointer(y));
	case FIELD_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case FIELD_OPT_BOOL:
		return ((const struct oci_bool *)x)->value == ((const struct oci_bool *)y)->value;
	case FIELD_OBJECT:
		return fields_equal(f->type, load_pointer(x), load_pointer(y));
	case FIELD_INLINE:
		return fields_equal(f->type, x, y);
	default:
		break;
	}
	n = load_count(f, a);
	if (n != load_count(f, b))
		return false;
	if (f->kind == FIELD_STRINGS)
		return same_texts(x, y);
	if (f->kind == FIELD_MAP)
		return same_maps(x, y);
	if (f->kind == FIELD_U32S)
		return n == 0 ||
		       memcmp(load_pointer(x), load_pointer(y), n * sizeof(uint32_t)) == 0;
	return same_structs(f, load_pointer(x), load_pointer(y), n);
}

bool fields_equal(const struct struct_type *type, const void *a, const void *b)
{
	for (const struct field *f = type->fields; f->name; f++)
		if (!field_equal(f, a, b))
			return false;
	return true;
}
