/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_LIMIT_FILES_H
#define NACRE_CGROUP_LIMIT_FILES_H

#include "libcontainer/cgroup/rollback.h"
#include "specs/spec.h"

/* Writes one limit to its file, and decides what a failure means. For the steps of
 * cgroup_limits.c. */

struct limits {
	int fd; /* the cgroup's directory */
	const struct oci_resources *resources;
	uint32_t from_profile;
	char skipped[256]; /* of the profile's limits: ", pids.limit, memory.limit" */
	struct rollback *rollback; /* NULL: the caller takes nothing back */
	struct nacre_error *err;
};

/* A limit of linux.resources and the file it goes to. */
struct limit {
	const char *property;
	const char *file;
	uint32_t profile; /* enum oci_limit if a profile may add this limit, else 0 */
};

/* Sets an error whose text begins with the property. Returns -EINVAL. */
int cgroup_limit_bad(struct limits *l, const char *property, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Judges R, the result of writing VALUE to the limit's file: success, or skipped, or an error with
 * text. */
int cgroup_limit_judge(struct limits *l, const struct limit *limit, const char *value, int r);

/* Writes VALUE and judges nothing. Returns -errno. */
int cgroup_limit_write(struct limits *l, const char *file, const char *value);

int cgroup_limit_put(struct limits *l, const struct limit *limit, const char *value);
int cgroup_limit_put_u64(struct limits *l, const struct limit *limit, uint64_t value);
/* 0: unset, -1: no limit. */
int cgroup_limit_put_or_max(struct limits *l, const struct limit *limit, int64_t value);

/* linux.resources.blockIO; cgroup_io.c. */
int cgroup_limits_apply_io(struct limits *l);

#endif
