/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_JSON_H
#define NACRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/arena.h"
#include "specs/error.h"

/*
 * JSON text to a tree in an arena, and a writer. json.c is the only file that knows yajl: it uses
 * the event parser, since the tree parser leaks on a failed parse, recurses, and turns numbers into
 * doubles.
 */

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER, /* kept as text: OCI has the full range of uint64 */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_node {
	enum json_type type;
	unsigned line; /* where the value begins, from 1 */
	const char *key; /* its name in the object it stands in, else NULL */
	const char *text; /* of a string or number, NUL-terminated; no string holds a NUL byte */
	struct json_node *child; /* the first element of an array or object */
	struct json_node *next; /* the next element beside it */
	unsigned n_children;
	bool truth; /* of a bool */
};

struct json_document {
	const char *name; /* of the file, for error texts */
	struct json_node *root;
};

/* Limits on a document; above: -E2BIG. */
enum {
	JSON_MAX_BYTES = 16 * 1024 * 1024,
	JSON_MAX_DEPTH = 32,
};

/* Parses LENGTH bytes of TEXT as one JSON document in UTF-8. A duplicate key in an object, a NUL
 * byte or half a surrogate pair in a string and anything after the document are errors (-EINVAL)
 * that name NAME and the line. The bytes may be freed afterwards. */
int json_parse(struct arena *arena, const char *name, const char *text, size_t length,
	struct json_document **ret_document, struct nacre_error *err);

/* The member KEY of an object, or NULL. */
const struct json_node *json_member(const struct json_node *object, const char *key);

/* The node at a path such as "linux.namespaces[2].type"; where a part of the path is absent, the
 * last node that is there. Never NULL. A key with dots is tried greedily from the longest match. */
const struct json_node *json_find(const struct json_document *document, const char *path);

/* An integer without fraction or exponent that fits exactly. Return -EINVAL or -ERANGE. */
int json_int64(const struct json_node *node, int64_t *ret_value);
int json_uint64(const struct json_node *node, uint64_t *ret_value);

/* Describes the value for an error text: a quoted string, cut and with its control characters
 * escaped, a number, a word, or "an array". Returns BUFFER. */
enum {
	JSON_DESCRIPTION = 128
};
const char *json_describe(const struct json_node *node, char buffer[static JSON_DESCRIPTION]);

/* Whether LENGTH bytes of TEXT are UTF-8 as RFC 3629 has it: nothing overlong, no surrogates. */
bool json_utf8_valid(const char *text, size_t length);

/* The bytes of the character that TEXT begins with, LEFT of which are there, at least one; 0: it is
 * none. */
size_t json_utf8_char(const char *text, size_t left);

/* --- writing; see json_writer.c --- */

struct json_writer;

/* PRETTY: one member a line, indented by tabs. Slashes are never escaped: hooks grep for paths. */
struct json_writer *json_writer_new(bool pretty);
void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_string(struct json_writer *w, const char *text);
/* An array of N strings. */
void json_strings(struct json_writer *w, const char *const *texts, size_t n);
/* A key with such a value. */
void json_key_string(struct json_writer *w, const char *key, const char *text);
void json_key_strings(struct json_writer *w, const char *key, const char *const *texts, size_t n);
void json_bool(struct json_writer *w, bool value);
void json_i64(struct json_writer *w, int64_t value);
void json_u64(struct json_writer *w, uint64_t value);
/* What was parsed, without its key. */
void json_value(struct json_writer *w, const struct json_node *node);
/* TEXT is JSON already. */
void json_raw(struct json_writer *w, const char *text);

/* Behind the document: one that stands on a line of a file. */
void json_end_line(struct json_writer *w);

/* Takes the text out (heap, NUL-terminated, the caller's to free) and frees the writer. The calls
 * above need no check of their own: -ENOMEM if one of them, or json_writer_new, ran out of memory;
 * -EILSEQ if a text was not UTF-8, as a path may be, since it could not be read back. W may be
 * NULL, and so may be the writer that is given to any of them. */
int json_writer_finish(struct json_writer *w, char **ret_text, struct nacre_error *err);

#endif
