/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BUNDLE_H
#define NACRE_BUNDLE_H

#include "specs/harden.h"
#include "specs/spec.h"

/* A bundle, read: bundle.md. config.json as it is, decoded, validated, and tightened by the
 * profile. */
struct bundle {
	const char *path; /* absolute, without symlinks */
	const char *rootfs; /* absolute: root.path joined to the bundle */
	const char *given; /* text of config.json, NUL-terminated */
	size_t given_length;
	struct oci_config *config; /* tightened */
	struct harden_report *report;
};

/* Reads FILE (NULL: config.json) in directory PATH (NULL: the working directory). PROFILE NULL:
 * agent. WARN is told of properties that have no effect. Everything lives in ARENA. */
int bundle_load(struct arena *arena, const char *path, const char *file, const char *profile,
	const char *const *grants, void (*warn)(void *data, const char *text), void *data,
	struct bundle *ret_bundle, struct nacre_error *err);

/* The request that a profile and grants (NULL-terminated, or NULL) make, with this host's memory.
 */
int harden_request_init(struct arena *arena, const char *profile, const char *const *grants,
	struct harden_request *ret_request, struct nacre_error *err);

#endif
