/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_IDMAP_TOOL_H
#define NACRE_IDMAP_TOOL_H

#include <stdint.h>
#include <sys/types.h>

#include "specs/spec.h"

enum {
	IDMAP_NUMBER_MAX = 12, /* "4294967295" and a separator */
};

/* One of the two maps of a process. */
struct id_map {
	const char *file; /* "uid_map" */
	const char
		*tool; /* for those who may not write it themselves: newuidmap(1), newgidmap(1) */
	const char *subids; /* file of what the tool lets a user map: subuid(5), subgid(5) */
	const char *property; /* "linux.uidMappings" */
	const struct oci_id_mapping *items;
	size_t n;
	uint32_t own; /* the caller's own id, which it may map without privilege */
};

/* Writes the map of PID with shadow's setuid program. The error names what is missing: the program,
 * or a line of SUBIDS. */
int idmap_write_with_tool(pid_t pid, const struct id_map *map, struct nacre_error *err);

#endif
