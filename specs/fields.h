/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FIELDS_H
#define NACRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "specs/json.h"
#include "specs/spec.h"

/*
 * One table a struct gives its operations: decode, encode, rewrite, copy, compare, merge. The
 * tables stand in config.c, linux.c, state.c and features.c, in the order of the spec, and read
 * like it. fields.c and fields_decode.c are the engine.
 *
 * What Go's omitempty drops is not written: an absent or empty string, list or map, false and zero;
 * an optional number or bool and an object are written when they are there, whatever they hold. An
 * empty string is decoded as an absent one, so that a document reads the same after a rewrite.
 */

enum field_kind {
	FIELD_STRING, /* const char * */
	FIELD_BOOL, /* bool; false is not written unless ALWAYS */
	FIELD_OPT_BOOL, /* struct oci_bool */
	FIELD_U32, /* uint32_t */
	FIELD_U64, /* uint64_t */
	FIELD_I64, /* int64_t */
	FIELD_OPT_U16, /* struct oci_u32, at most 65535 */
	FIELD_OPT_U32, /* struct oci_u32 */
	FIELD_OPT_U64, /* struct oci_u64 */
	FIELD_OPT_I32, /* struct oci_i32 */
	FIELD_OPT_I64, /* struct oci_i64 */
	FIELD_STRINGS, /* struct oci_strings */
	FIELD_U32S, /* uint32_t * and a length */
	FIELD_MAP, /* struct oci_map */
	FIELD_OBJECT, /* pointer to a struct of its own table */
	FIELD_INLINE, /* a struct of its own table, in place */
	FIELD_ARRAY, /* array of structs of its own table, and a length */
	FIELD_KEYED, /* JSON object as array of structs whose first member takes the key */
};

enum field_flags {
	FIELD_REQUIRED = 1 << 0,
	FIELD_ALWAYS = 1 << 1, /* written even when false, zero or empty */
	/* Has a bool at count_offset: set when the key is there (seccomp.flags). */
	FIELD_PRESENCE = 1 << 2,
	/* An object without any member of its table counts as absent (pids). */
	FIELD_UNLESS_BARE = 1 << 3,
	FIELD_KEY = 1 << 4, /* a number or string that tells the elements of an array apart */
};

/* What the spec requires must be in what we write, whatever its value. */
#define FIELD_MUST (FIELD_REQUIRED | FIELD_ALWAYS)

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	size_t count_offset; /* of the length of an array, or of the presence bool */
	const struct struct_type *type; /* of OBJECT, INLINE, ARRAY, KEYED */
	const char *const
		*values; /* of a string or strings: the words that are valid, NULL-terminated */
};

struct struct_type {
	size_t size;
	const struct field *fields; /* ends with a NULL name; at most 64 */
};

/*
 * Rows of a table. S is the tag of the struct, M its member; the compiler refuses a member whose
 * type is not what the kind reads and writes. An array M stands beside its length n_M.
 */
#define MEMBER_OFFSET(s, m, t)                                                              \
	(offsetof(struct s, m) +                                                            \
		0 * sizeof(char[__builtin_types_compatible_p(typeof(((struct s *)0)->m), t) \
					? 1                                                 \
					: -1]))

#define FIELD_ROW(name_, kind_, s, m, t, ...)                                               \
	{                                                                                   \
		.name = name_, .kind = kind_, .offset = MEMBER_OFFSET(s, m, t), __VA_ARGS__ \
	}

#define FIELD_STRING(name, s, m, flags_) \
	FIELD_ROW(name, FIELD_STRING, s, m, const char *, .flags = flags_)
#define FIELD_WORD(name, s, m, flags_, values_) \
	FIELD_ROW(name, FIELD_STRING, s, m, const char *, .flags = flags_, .values = values_)
#define FIELD_BOOL(name, s, m, flags_) FIELD_ROW(name, FIELD_BOOL, s, m, bool, .flags = flags_)
#define FIELD_OPT_BOOL(name, s, m) \
	FIELD_ROW(name, FIELD_OPT_BOOL, s, m, struct oci_bool, .flags = 0)
#define FIELD_U32(name, s, m, flags_) FIELD_ROW(name, FIELD_U32, s, m, uint32_t, .flags = flags_)
#define FIELD_U64(name, s, m, flags_) FIELD_ROW(name, FIELD_U64, s, m, uint64_t, .flags = flags_)
#define FIELD_I64(name, s, m, flags_) FIELD_ROW(name, FIELD_I64, s, m, int64_t, .flags = flags_)
#define FIELD_OPT_U16(name, s, m) FIELD_ROW(name, FIELD_OPT_U16, s, m, struct oci_u32, .flags = 0)
#define FIELD_OPT_U32(name, s, m) FIELD_ROW(name, FIELD_OPT_U32, s, m, struct oci_u32, .flags = 0)
#define FIELD_OPT_U64(name, s, m) FIELD_ROW(name, FIELD_OPT_U64, s, m, struct oci_u64, .flags = 0)
#define FIELD_OPT_I32(name, s, m) FIELD_ROW(name, FIELD_OPT_I32, s, m, struct oci_i32, .flags = 0)
#define FIELD_OPT_I64(name, s, m) FIELD_ROW(name, FIELD_OPT_I64, s, m, struct oci_i64, .flags = 0)
#define FIELD_STRINGS(name, s, m, flags_) \
	FIELD_ROW(name, FIELD_STRINGS, s, m, struct oci_strings, .flags = flags_)
#define FIELD_WORDS(name, s, m, values_) \
	FIELD_ROW(name, FIELD_STRINGS, s, m, struct oci_strings, .values = values_)
/* Words whose absent list and empty list differ: the bool has_M tells. */
#define FIELD_WORDS_PRESENT(name, s, m, values_)                                          \
	FIELD_ROW(name, FIELD_STRINGS, s, m, struct oci_strings, .flags = FIELD_PRESENCE, \
		.count_offset = MEMBER_OFFSET(s, has_##m, bool), .values = values_)
#define FIELD_U32S(name, s, m)                        \
	FIELD_ROW(name, FIELD_U32S, s, m, uint32_t *, \
		.count_offset = MEMBER_OFFSET(s, n_##m, size_t))
#define FIELD_MAP(name, s, m) FIELD_ROW(name, FIELD_MAP, s, m, struct oci_map, .flags = 0)
/* E is the tag of the inner struct, whose table STRUCT_TYPE made. */
#define FIELD_OBJECT(name, s, m, flags_, e) \
	FIELD_ROW(name, FIELD_OBJECT, s, m, struct e *, .flags = flags_, .type = &e##_type)
#define FIELD_INLINE(name, s, m, flags_, e) \
	FIELD_ROW(name, FIELD_INLINE, s, m, struct e, .flags = flags_, .type = &e##_type)
#define FIELD_ARRAY(name, s, m, flags_, e)                              \
	FIELD_ROW(name, FIELD_ARRAY, s, m, struct e *, .flags = flags_, \
		.count_offset = MEMBER_OFFSET(s, n_##m, size_t), .type = &e##_type)
/* An array in a struct {items, n} of its own. */
#define FIELD_LIST(name, s, m, e)                            \
	FIELD_ROW(name, FIELD_ARRAY, s, m.items, struct e *, \
		.count_offset = MEMBER_OFFSET(s, m.n, size_t), .type = &e##_type)
#define FIELD_KEYED(name, s, m, e)                     \
	FIELD_ROW(name, FIELD_KEYED, s, m, struct e *, \
		.count_offset = MEMBER_OFFSET(s, n_##m, size_t), .type = &e##_type)

/* The table E_fields as the type E_type. */
#define STRUCT_TYPE(e) const struct struct_type e##_type = {sizeof(struct e), e##_fields}

/* Decodes NODE into the zeroed struct at OBJECT. PATH is what stands before the names in error
 * texts ("" at the top). Unknown keys are ignored (config.md, Extensibility). As for Go, null means
 * absent, and a key that differs from a field's name only in the case of ASCII letters is that
 * field. Of a name in two spellings the objects are taken together, and anything else is an error.
 * The keys of a map are exact. */
int fields_decode(struct arena *arena, const struct json_document *document,
	const struct json_node *node, const char *path, const struct struct_type *type,
	void *object, struct nacre_error *err);

/* json_parse and fields_decode of the whole document. */
int fields_decode_text(struct arena *arena, const char *name, const char *text, size_t length,
	const struct struct_type *type, void *object, struct json_document **ret_document,
	struct nacre_error *err);

/* The same for a document of our own, where names are exact, and an unknown key or an empty text is
 * an error. */
int fields_decode_strictly(struct arena *arena, const char *name, const char *text, size_t length,
	const struct struct_type *type, void *object, struct nacre_error *err);

/* Calls WARN for each member that no field has and that is nearly the name of one. */
void fields_warn_of_unknown(const struct json_document *document, const struct struct_type *type,
	void (*warn)(void *data, const char *text), void *data);

/* Writes the object with its braces. */
void fields_encode(struct json_writer *w, const struct struct_type *type, const void *object);

/* Writes AFTER in place of the object WRITTEN, from which BEFORE was decoded: what did not change,
 * and what this version does not know, stays as it was written. An array that changed is all new.
 */
void fields_rewrite(struct json_writer *w, const struct struct_type *type,
	const struct json_node *written, const void *before, const void *after);

/* Copies deeply into ARENA; TO need not be initialised. Returns -ENOMEM. */
int fields_copy(struct arena *arena, const struct struct_type *type, const void *from, void *to);

/* Equal as documents: what is not written does not count, nor does the order of a map. */
bool fields_equal(const struct struct_type *type, const void *a, const void *b);

/* Merges OVER into INTO: a value that OVER sets and that is not zero replaces the value of INTO;
 * the others stay. Elements of an array that have the same FIELD_KEYs are merged, others added; an
 * array without keys is replaced as a whole. INTO then points into OVER's memory. Returns -ENOMEM,
 * or -EOPNOTSUPP for a plain bool, an inline struct and numbers in an array. */
int fields_merge(struct arena *arena, const struct struct_type *type, const void *over, void *into);

/* --- between the files of the engine --- */

/* How a number or bool is stored: plain, or after a bool that says whether it is set. */
struct scalar_kind {
	bool is_signed;
	bool optional;
	unsigned char size; /* of the number */
	unsigned char offset;
	int64_t min;
	uint64_t max;
};

/* NULL if KIND is not a number. */
const struct scalar_kind *field_scalar(enum field_kind kind);

/* The field that a key of a document is, NULL: unknown. HINT is a row of TYPE where to look first.
 */
const struct field *field_find(
	const struct struct_type *type, const struct field *hint, const char *key);
/* The same by the exact name. */
const struct field *field_find_exactly(
	const struct struct_type *type, const struct field *hint, const char *key);

/* The value of a member: a pointer; a number or bool, widened; of the array F its length, a member
 * of OBJECT beside it. */
void *field_load_pointer(const void *member);
uint64_t field_load_bits(const struct scalar_kind *kind, const char *member);
size_t field_load_count(const struct field *f, const char *object);

/* One field of the struct at OBJECT, or of two of the same type. */
bool field_is_written(const struct field *f, const char *object);
void field_encode(struct json_writer *w, const struct field *f, const char *object);
bool field_equal(const struct field *f, const char *a, const char *b);

/* --- tables that several files use --- */

extern const struct struct_type oci_id_mapping_type; /* config.c */
extern const struct struct_type oci_hardened_type; /* config_nacre.c */
extern const struct struct_type oci_linux_type; /* linux.c */
extern const struct struct_type oci_resources_type; /* linux.c */
extern const struct struct_type receipt_grant_type; /* receipt.c */
extern const struct struct_type receipt_runtime_type; /* receipt.c */

#endif
