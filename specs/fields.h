/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FIELDS_H
#define NACRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/json.h"

/*
 * One table a struct gives four operations: decode, encode, copy, compare. The tables stand in config.c,
 * linux.c, state.c and features.c, in the order of the spec, and read like it. fields.c is the engine.
 */

enum field_kind {
	FIELD_STRING,	  /* const char * */
	FIELD_BOOL,	  /* bool; false is not written unless ALWAYS */
	FIELD_OPT_BOOL,	  /* struct oci_bool */
	FIELD_U32,	  /* uint32_t */
	FIELD_U64,	  /* uint64_t */
	FIELD_I64,	  /* int64_t */
	FIELD_OPT_U16,	  /* struct oci_u32, at most 65535 */
	FIELD_OPT_U32,	  /* struct oci_u32 */
	FIELD_OPT_U64,	  /* struct oci_u64 */
	FIELD_OPT_I32,	  /* struct oci_i32 */
	FIELD_OPT_I64,	  /* struct oci_i64 */
	FIELD_STRINGS,	  /* struct oci_strings */
	FIELD_U32S,	  /* uint32_t * and a length */
	FIELD_MAP,	  /* struct oci_map */
	FIELD_OBJECT,	  /* pointer to a struct of its own table */
	FIELD_INLINE,	  /* a struct of its own table, in place */
	FIELD_ARRAY,	  /* array of structs of its own table, and a length */
	FIELD_KEYED,	  /* JSON object as array of structs whose first member takes the key */
};

enum field_flags {
	FIELD_REQUIRED = 1 << 0,
	FIELD_ALWAYS = 1 << 1,	   /* written even when false, zero or empty */
	FIELD_PRESENCE = 1 << 2,   /* has a bool at count_offset: set when the key is there (seccomp.flags) */
};

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	size_t count_offset;	    /* of the length of an array, or of the presence bool */
	const struct struct_type *type; /* of OBJECT, INLINE, ARRAY, KEYED */
	const char *const *values;  /* of a string or strings: the words that are valid, NULL-terminated */
};

struct struct_type {
	size_t size;
	const struct field *fields; /* ends with a NULL name */
};

/* Decodes NODE into the zeroed struct at OBJECT. PATH is what stands before the names in error texts
 * ("" at the top). Unknown keys are ignored (config.md, Extensibility); null means absent, as for Go. */
int fields_decode(struct arena *arena, const struct json_document *document,
	const struct json_node *node, const char *path, const struct struct_type *type, void *object,
	struct nacre_error *err);

/* Writes the object with its braces. */
void fields_encode(struct json_writer *w, const struct struct_type *type, const void *object);

/* Copies deeply into ARENA; TO need not be initialised. Returns -ENOMEM. */
int fields_copy(struct arena *arena, const struct struct_type *type, const void *from, void *to);

bool fields_equal(const struct struct_type *type, const void *a, const void *b);

#endif
