/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_STATS_FILES_H
#define NACRE_CGROUP_STATS_FILES_H

#include "specs/arena.h"
#include "specs/stats.h"

/* Parses the kernel's file formats, Documentation/admin-guide/cgroup-v2.rst, Format. For
 * cgroup_stats.c and cgroup_stats_io.c. Functions that read a file return 1, 0 if the cgroup has no
 * such file, or -errno with text. */

struct stats_reader {
	struct arena *arena;
	int fd; /* the cgroup's directory */
	struct nacre_error *err;
};

/* *RET_TEXT: heap. */
int cgroup_stats_read_file(const struct stats_reader *reader, const char *file, char **ret_text);

/* Parses the decimal number at *TEXT, up to the end of the text or one of ENDS; "max" is
 * UINT64_MAX. Moves *TEXT after it. Returns 0, -EINVAL or -ERANGE without text. */
int cgroup_stats_parse_number(const char **text, const char *ends, uint64_t *ret_value);

/* Sets an error that quotes the line. Returns -EINVAL. */
int cgroup_stats_bad_line(const struct stats_reader *reader, const char *file, const char *line);

/* Reads a file of one number. */
int cgroup_stats_read_number(
	const struct stats_reader *reader, const char *file, uint64_t *ret_value);

/* Reads a flat keyed file: calls EACH, which returns 0 or -errno, with every "KEY VALUE". */
int cgroup_stats_read_flat(const struct stats_reader *reader, const char *file,
	int (*each)(void *data, const char *key, size_t length, uint64_t value), void *data);

bool cgroup_stats_is_key(const char *key, size_t length, const char *name);

int cgroup_stats_read_pressure(
	const struct stats_reader *reader, const char *file, struct stats_pressure *pressure);

/* cgroup_stats_io.c */
int cgroup_stats_read_io(const struct stats_reader *reader, struct container_stats *stats);

#endif
