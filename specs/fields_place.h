/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FIELDS_PLACE_H
#define NACRE_FIELDS_PLACE_H

#include "specs/fields.h"

/* Where the decoder of fields.h stands, and the errors that say so: "config.json:41:
 * linux.resources.memory.limit: expected ..., found ...". */

/* A chain on the stack, turned into text only for an error. */
struct field_place {
	const struct field_place *up; /* NULL at the top */
	const char *name; /* of a member; NULL: element INDEX of an array */
	size_t index;
};

struct decoder {
	struct arena *arena;
	const struct json_document *document;
	const char *path;
	bool strict; /* an unknown key is an error */
	struct nacre_error *err;
};

/* Appends the place to TEXT: "linux.namespaces[2].type". */
void field_place_text(const struct field_place *at, char *text, size_t size);

/* Each returns what it writes: -EINVAL, NODE being what was found at AT; or -ENOMEM. */
int field_fail_at(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int field_fail_type(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *expected);
/* WORDS: what is valid; ends with NULL. */
int field_fail_word(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *const *words);
/* Of a key that no field of TYPE has. */
int field_fail_unknown(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct struct_type *type);
int field_out_of_memory(const struct decoder *d);

#endif
