/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "specs/fields.h"
#include "specs/fields_place.h"
#include "specs/nearest.h"

/* Warns of unknown members. They are ignored, as config.md says; but one with nearly the name of a
 * field is a misspelling, and its setting has no effect. */

struct walk {
	const struct json_document *document;
	void (*warn)(void *data, const char *text);
	void *data;
};

static void walk_object(const struct walk *w, const struct field_place *at,
	const struct json_node *node, const struct struct_type *type);

static void tell(const struct walk *w, const struct field_place *at, const struct json_node *node,
	const struct struct_type *type)
{
	struct nearest nearest = {.given = node->key};
	char path[256] = "", hint[NEAREST_HINT], text[512];

	for (const struct field *f = type->fields; f->name; f++)
		nearest_offer(&nearest, f->name);
	if (!nearest.word[0])
		return;
	field_place_text(at, path, sizeof(path));
	(void)snprintf(text, sizeof(text), "%s:%u: %s is not known%s; it has no effect",
		w->document->name, node->line, path, nearest_hint(&nearest, hint));
	w->warn(w->data, text);
}

static void walk_member(const struct walk *w, const struct field_place *at,
	const struct json_node *node, const struct field *f)
{
	size_t index = 0;

	switch (f->kind) {
	case FIELD_OBJECT:
	case FIELD_INLINE:
		walk_object(w, at, node, f->type);
		break;
	case FIELD_ARRAY:
	case FIELD_KEYED:
		for (const struct json_node *e = node->child; e; e = e->next) {
			struct field_place here = {at, e->key, index++};

			walk_object(w, &here, e, f->type);
		}
		break;
	default:
		break;
	}
}

static void walk_object(const struct walk *w, const struct field_place *at,
	const struct json_node *node, const struct struct_type *type)
{
	for (const struct json_node *m = node->child; m && m->key; m = m->next) {
		const struct field *f = field_find(type, type->fields, m->key);
		struct field_place here = {at, m->key, 0};

		if (f)
			walk_member(w, &here, m, f);
		else
			tell(w, &here, m, type);
	}
}

void fields_warn_of_unknown(const struct json_document *document, const struct struct_type *type,
	void (*warn)(void *data, const char *text), void *data)
{
	const struct walk w = {document, warn, data};

	walk_object(&w, NULL, document->root, type);
}
