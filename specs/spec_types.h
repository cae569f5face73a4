/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPEC_TYPES_H
#define NACRE_SPEC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The types that the structs of spec.h are made of. */

struct oci_bool {
	bool set;
	bool value;
};

struct oci_u32 {
	bool set;
	uint32_t value;
};

struct oci_u64 {
	bool set;
	uint64_t value;
};

struct oci_i32 {
	bool set;
	int32_t value;
};

struct oci_i64 {
	bool set;
	int64_t value;
};

/* An array of strings. */
struct oci_strings {
	const char **items;
	size_t n;
};

/* A JSON object whose values are all strings, in the order of the document. */
struct oci_pair {
	const char *key;
	const char *value;
};

struct oci_map {
	struct oci_pair *items;
	size_t n;
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

#endif
