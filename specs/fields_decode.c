/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int decode_object(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct struct_type *type, void *object);

/* --- values --- */

static int decode_string(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *const *words, const char **ret_text)
{
	if (node->type != JSON_STRING)
		return field_fail_type(d, at, node, "a string");
	if (words) {
		const char *const *w = words;

		while (*w && strcmp(*w, node->text) != 0)
			w++;
		if (!*w)
			return field_fail_word(d, at, node, words);
	}
	/* The text lives in the document's arena, which is the caller's too. */
	*ret_text = node->text;
	return 0;
}

static int decode_optional_string(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct field *f, void *member)
{
	if (node->type == JSON_STRING && !node->text[0]) {
		/* In nacre's own documents an empty word is an error, not the default. */
		if (d->strict || f->flags & FIELD_REQUIRED)
			return field_fail_at(d, at, node, "must not be empty");
		return 0;
	}
	return decode_string(d, at, node, f->values, member);
}

static int decode_bool(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, bool *ret_value)
{
	if (node->type != JSON_BOOL)
		return field_fail_type(d, at, node, "true or false");
	*ret_value = node->truth;
	return 0;
}

static int fail_range(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct scalar_kind *kind)
{
	char expected[80];

	(void)snprintf(expected, sizeof(expected), "an integer from %" PRId64 " to %" PRIu64,
		kind->min, kind->max);
	return field_fail_type(d, at, node, expected);
}

static int decode_number(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct scalar_kind *kind, char *member)
{
	int64_t number = 0;
	uint64_t bits = 0;
	int r;

	if (kind->is_signed) {
		r = json_int64(node, &number);
		if (r == 0 && (number < kind->min || number > (int64_t)kind->max))
			r = -ERANGE;
		bits = (uint64_t)number;
	} else {
		r = json_uint64(node, &bits);
		if (r == 0 && bits > kind->max)
			r = -ERANGE;
	}
	if (r == -ERANGE)
		return fail_range(d, at, node, kind);
	if (r < 0)
		return field_fail_type(d, at, node, "an integer");
	if (kind->optional)
		*member = true;
	if (kind->size == sizeof(uint32_t))
		memcpy(member + kind->offset, &(uint32_t){(uint32_t)bits}, sizeof(uint32_t));
	else
		memcpy(member + kind->offset, &bits, sizeof(bits));
	return 0;
}

/* Begins the decoding of a JSON array or object into an array: checks the type and makes room for N
 * elements of SIZE bytes. *RET_ITEMS stays NULL if there are none. */
static int make_room(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, enum json_type type, size_t size, void *ret_items)
{
	void *items;

	if (node->type != type)
		return field_fail_type(d, at, node, type == JSON_ARRAY ? "an array" : "an object");
	if (node->n_children == 0)
		return 0;
	items = arena_array(d->arena, node->n_children, size);
	if (!items)
		return field_out_of_memory(d);
	memcpy(ret_items, &items, sizeof(items));
	return 0;
}

static int decode_strings(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *const *words, struct oci_strings *list)
{
	int r = make_room(d, at, node, JSON_ARRAY, sizeof(*list->items), &list->items);

	for (const struct json_node *e = node->child; e && r == 0; e = e->next) {
		struct field_place here = {at, NULL, list->n};

		r = decode_string(d, &here, e, words, &list->items[list->n++]);
	}
	return r;
}

static int decode_u32s(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, void *member, size_t *count)
{
	const struct scalar_kind *kind = field_scalar(FIELD_U32);
	char *items = NULL;
	int r = make_room(d, at, node, JSON_ARRAY, kind->size, &items);

	for (const struct json_node *e = node->child; e && r == 0; e = e->next) {
		struct field_place here = {at, NULL, *count};

		r = decode_number(d, &here, e, kind, items + kind->size * (*count)++);
	}
	memcpy(member, &items, sizeof(items));
	return r;
}

static int decode_map(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, struct oci_map *map)
{
	int r = make_room(d, at, node, JSON_OBJECT, sizeof(*map->items), &map->items);

	for (const struct json_node *e = node->child; e && r == 0; e = e->next) {
		struct field_place here = {at, e->key, 0};
		struct oci_pair *pair = &map->items[map->n++];

		pair->key = e->key;
		r = decode_string(d, &here, e, NULL, &pair->value);
	}
	return r;
}

static bool is_bare(const struct json_node *node, const struct struct_type *type)
{
	for (const struct json_node *m = node->child; m; m = m->next)
		if (m->type != JSON_NULL && field_find(type, type->fields, m->key))
			return false;
	return true;
}

static int decode_pointer(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct field *f, void *member)
{
	void *object;

	if (f->flags & FIELD_UNLESS_BARE && node->type == JSON_OBJECT && is_bare(node, f->type))
		return 0;
	object = arena_alloc(d->arena, f->type->size);
	if (!object)
		return field_out_of_memory(d);
	memcpy(member, &object, sizeof(object));
	return decode_object(d, at, node, f->type, object);
}

static int decode_array(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct field *f, void *member, size_t *count)
{
	enum json_type type = f->kind == FIELD_KEYED ? JSON_OBJECT : JSON_ARRAY;
	char *items = NULL;
	int r = make_room(d, at, node, type, f->type->size, &items);

	for (const struct json_node *e = node->child; e && r == 0; e = e->next) {
		struct field_place here = {at, e->key, *count};
		char *item = items + f->type->size * (*count)++;

		if (e->key)
			memcpy(item, &e->key, sizeof(e->key));
		r = decode_object(d, &here, e, f->type, item);
	}
	memcpy(member, &items, sizeof(items));
	return r;
}

static int decode_field(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct field *f, char *object)
{
	void *member = object + f->offset;
	void *count = object + f->count_offset;

	switch (f->kind) {
	case FIELD_STRING:
		return decode_optional_string(d, at, node, f, member);
	case FIELD_BOOL:
		return decode_bool(d, at, node, member);
	case FIELD_OPT_BOOL:
		((struct oci_bool *)member)->set = true;
		return decode_bool(d, at, node, &((struct oci_bool *)member)->value);
	case FIELD_STRINGS:
		if (f->flags & FIELD_PRESENCE)
			*(bool *)count = true;
		return decode_strings(d, at, node, f->values, member);
	case FIELD_U32S:
		return decode_u32s(d, at, node, member, count);
	case FIELD_MAP:
		return decode_map(d, at, node, member);
	case FIELD_OBJECT:
		return decode_pointer(d, at, node, f, member);
	case FIELD_INLINE:
		return decode_object(d, at, node, f->type, member);
	case FIELD_ARRAY:
	case FIELD_KEYED:
		return decode_array(d, at, node, f, member, count);
	default:
		return decode_number(d, at, node, field_scalar(f->kind), member);
	}
}

/* Copies the members of an object to the end of a list. Returns the new end; NULL: no memory. */
static struct json_node **append_members(
	struct arena *arena, const struct json_node *object, struct json_node **end)
{
	*end = NULL;
	for (const struct json_node *m = object->child; m && end; m = m->next) {
		struct json_node *copy = *end = arena_alloc(arena, sizeof(*copy));

		if (copy)
			*copy = *m;
		end = copy ? &copy->next : NULL;
	}
	return end;
}

static int fail_twice(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct field *f)
{
	return field_fail_at(d, at, node, "duplicate key: %s is given twice", f->name);
}

/* Decodes SECOND, which is the field F of the object NODE in another spelling. Go decodes both into
 * one struct, and a test of runc has "cpu" and "CPU": two objects become one with the members of
 * both, each of which may occur once. Anything else is an error, as for a key that is given
 * twice. */
static int decode_again(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct json_node *second,
	const struct struct_type *type, const struct field *f, void *object)
{
	const struct json_node *first = node->child;
	struct json_node both = *second;
	struct json_node **end;

	while (field_find(type, f, first->key) != f)
		first = first->next;
	if (f->kind != FIELD_OBJECT || first->type != JSON_OBJECT || second->type != JSON_OBJECT)
		return fail_twice(d, at, second, f);
	end = append_members(d->arena, first, &both.child);
	if (!end || !append_members(d->arena, second, end))
		return field_out_of_memory(d);
	return decode_field(d, at, &both, f, object);
}

static int decode_object(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct struct_type *type, void *object)
{
	const struct field *hint = type->fields;
	uint64_t named = 0, again = 0, seen = 0;

	if (node->type != JSON_OBJECT)
		return field_fail_type(d, at, node, "an object");
	for (const struct json_node *m = node->child; m; m = m->next) {
		const struct field *f = d->strict ? field_find_exactly(type, hint, m->key)
						  : field_find(type, hint, m->key);
		struct field_place here = {at, m->key, 0};
		uint64_t bit = f ? UINT64_C(1) << (f - type->fields) : 0;
		int r = 0;

		if (!f && d->strict)
			return field_fail_unknown(d, &here, m, type);
		if (again & bit)
			r = fail_twice(d, &here, m, f);
		else if (named & bit)
			r = decode_again(d, &here, node, m, type, f, object);
		else if (f && m->type != JSON_NULL)
			r = decode_field(d, &here, m, f, object);
		if (r < 0)
			return r;
		again |= named & bit;
		named |= bit;
		if (m->type != JSON_NULL)
			seen |= bit;
		if (f)
			hint = f + 1;
	}
	for (const struct field *f = type->fields; f->name; f++) {
		struct field_place here = {at, f->name, 0};

		if (f->flags & FIELD_REQUIRED && !(seen >> (f - type->fields) & 1))
			return field_fail_at(d, &here, node, "is required");
	}
	return 0;
}

int fields_decode(struct arena *arena, const struct json_document *document,
	const struct json_node *node, const char *path, const struct struct_type *type,
	void *object, struct nacre_error *err)
{
	struct decoder d = {arena, document, path, false, err};

	return decode_object(&d, NULL, node, type, object);
}

int fields_decode_text(struct arena *arena, const char *name, const char *text, size_t length,
	const struct struct_type *type, void *object, struct json_document **ret_document,
	struct nacre_error *err)
{
	struct json_document *document = NULL;
	int r = json_parse(arena, name, text, length, &document, err);

	if (r < 0)
		return r;
	r = fields_decode(arena, document, document->root, "", type, object, err);
	if (r < 0)
		return r;
	if (ret_document)
		*ret_document = document;
	return 0;
}

int fields_decode_strictly(struct arena *arena, const char *name, const char *text, size_t length,
	const struct struct_type *type, void *object, struct nacre_error *err)
{
	struct json_document *document = NULL;
	struct decoder d = {arena, NULL, "", true, err};
	int r = json_parse(arena, name, text, length, &document, err);

	d.document = document;
	return r < 0 ? r : decode_object(&d, NULL, document->root, type, object);
}
