/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

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

/* Compares the first letter before it calls strcmp(3): most names differ there. */
static bool is_named(const struct field *field, const char *key)
{
	return *field->name == *key && strcmp(field->name, key) == 0;
}

/* Finds the field KEY, or returns NULL. Begins at HINT: documents are mostly in order. */
const struct field *field_find_exactly(
	const struct struct_type *type, const struct field *hint, const char *key)
{
	for (const struct field *f = hint; f->name; f++)
		if (is_named(f, key))
			return f;
	for (const struct field *f = type->fields; f != hint; f++)
		if (is_named(f, key))
			return f;
	return NULL;
}

/* Finds a field without regard to case, as Go's decoder does, and so every engine and runc: it
 * takes "nonewprivileges" for "noNewPrivileges". To ignore such a key would drop a restriction that
 * runc enforces. */
const struct field *field_find(
	const struct struct_type *type, const struct field *hint, const char *key)
{
	const struct field *found = field_find_exactly(type, hint, key);

	for (const struct field *f = type->fields; !found && f->name; f++)
		if (strcasecmp(f->name, key) == 0)
			found = f;
	return found;
}

void *field_load_pointer(const void *member)
{
	void *p;

	memcpy(&p, member, sizeof(p));
	return p;
}

uint64_t field_load_bits(const struct scalar_kind *kind, const char *member)
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

/* Returns the number of elements of a member that is an array here. */
size_t field_load_count(const struct field *f, const char *object)
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

/* Returns whether a member is written: not if Go's omitempty would leave it out. */
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
		return scalar->optional ? *(const bool *)member
					: field_load_bits(scalar, member) != 0;
	switch (f->kind) {
	case FIELD_STRING:
		text = field_load_pointer(member);
		return text && text[0];
	case FIELD_BOOL:
		return *(const bool *)member;
	case FIELD_OPT_BOOL:
		return ((const struct oci_bool *)member)->set;
	case FIELD_OBJECT:
		return field_load_pointer(member) != NULL;
	case FIELD_INLINE:
		return true;
	default:
		return field_load_count(f, object) > 0;
	}
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
		json_key(w, field_load_pointer(items + i * type->size));
		fields_encode(w, type, items + i * type->size);
	}
	json_close_object(w);
}

static void encode_number(struct json_writer *w, const struct scalar_kind *kind, const char *member)
{
	uint64_t bits = field_load_bits(kind, member);

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
		text = field_load_pointer(member);
		json_string(w, text ? text : "");
		break;
	case FIELD_BOOL:
		json_bool(w, *(const bool *)member);
		break;
	case FIELD_OPT_BOOL:
		json_bool(w, ((const struct oci_bool *)member)->value);
		break;
	case FIELD_STRINGS:
		json_strings(w, ((const struct oci_strings *)member)->items,
			((const struct oci_strings *)member)->n);
		break;
	case FIELD_U32S:
		encode_u32s(w, field_load_pointer(member), field_load_count(f, object));
		break;
	case FIELD_MAP:
		encode_map(w, member);
		break;
	case FIELD_OBJECT:
		fields_encode(w, f->type, field_load_pointer(member));
		break;
	case FIELD_INLINE:
		fields_encode(w, f->type, member);
		break;
	case FIELD_ARRAY:
		encode_array(w, f->type, field_load_pointer(member), field_load_count(f, object));
		break;
	case FIELD_KEYED:
		encode_keyed(w, f->type, field_load_pointer(member), field_load_count(f, object));
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
