/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BUNDLE_H
#define NACRE_BUNDLE_H

#include "specs/policy.h"
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
	struct policy *policy; /* NULL: there is none */
};

/* What a caller asks for. Strings are borrowed; lists end with NULL, or are NULL. */
struct bundle_request {
	const char *path; /* NULL: the working directory */
	const char *file; /* NULL: config.json */
	const char *profile; /* NULL: that of the policy */
	const char *const *grants;
	const char *const *require;
	void (*warn)(void *data, const char *text); /* of properties that have no effect */
	void *data;
};

/* Reads the config of REQUEST, and the administrator's policy, and hardens the one as the other
 * allows. Everything lives in ARENA. */
int bundle_load(struct arena *arena, const struct bundle_request *request,
	struct bundle *ret_bundle, struct nacre_error *err);

#endif
