/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BUNDLE_H
#define NACRE_BUNDLE_H

#include "libcontainer/container.h"
#include "libcontainer/life/life.h"
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

/* PATH of a config, which is below BUNDLE where it is relative; NULL: no memory. */
const char *bundle_resolve(struct arena *arena, const char *bundle, const char *path);

/* Reads the config that OPTIONS name, and the administrator's policy, and hardens the one as the
 * other allows. Everything lives in ARENA. WARN: of properties that have no effect.
 * *RET_SHIFT: the caller's, whatever this returns: life_shift_done. */
int bundle_load(struct arena *arena, const struct nacre_create_options *options,
	void (*warn)(void *data, const char *text), void *data, struct life_shift *ret_shift,
	struct bundle *ret_bundle, struct nacre_error *err);

#endif
