/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields.h"

#include <string.h>

/* Writes a document of another version again, without losing members. */

/* Returns NULL also for a member in two spellings, which the decoder has merged. */
static const struct json_node *member_of(
	const struct json_node *object, const struct struct_type *type, const struct field *f)
{
	const struct json_node *found = NULL;

	for (const struct json_node *m = object->child; m; m = m->next) {
		if (field_find(type, type->fields, m->key) != f)
			continue;
		if (found)
			return NULL;
		found = m;
	}
	return found;
}

/* Returns the struct that a member contains or points to; NULL: it is another kind, or missing. */
static const void *struct_of(const struct field *f, const char *object)
{
	const void *inner = object + f->offset;

	if (f->kind == FIELD_OBJECT)
		memcpy(&inner, object + f->offset, sizeof(inner));
	return f->kind == FIELD_OBJECT || f->kind == FIELD_INLINE ? inner : NULL;
}

static void rewrite_field(struct json_writer *w, const struct field *f,
	const struct json_node *written, const char *before, const char *after)
{
	const void *inner_before = struct_of(f, before), *inner_after = struct_of(f, after);

	if (written && field_equal(f, before, after)) {
		json_key(w, f->name);
		json_value(w, written);
	} else if (written && written->type == JSON_OBJECT && inner_before && inner_after) {
		json_key(w, f->name);
		fields_rewrite(w, f->type, written, inner_before, inner_after);
	} else if (field_is_written(f, after)) {
		json_key(w, f->name);
		field_encode(w, f, after);
	}
}

void fields_rewrite(struct json_writer *w, const struct struct_type *type,
	const struct json_node *written, const void *before, const void *after)
{
	json_open_object(w);
	for (const struct field *f = type->fields; f->name; f++)
		rewrite_field(w, f, member_of(written, type, f), before, after);
	for (const struct json_node *m = written->child; m; m = m->next) {
		if (field_find(type, type->fields, m->key))
			continue;
		json_key(w, m->key);
		json_value(w, m);
	}
	json_close_object(w);
}
