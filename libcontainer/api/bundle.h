/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BUNDLE_H
#define NACRE_BUNDLE_H

#include "libcontainer/container.h"
#include "libcontainer/life/life.h"
#include "specs/policy.h"
#include "specs/spec.h"

/* A bundle that was read (bundle.md): config.json as given, decoded, validated, and hardened by the
 * profile. */
struct bundle {
	const char *path; /* absolute, without symlinks */
	const char *rootfs; /* absolute: root.path joined to the bundle */
	const char *given; /* text of config.json, NUL-terminated */
	size_t given_length;
	struct oci_config *config; /* hardened */
	struct harden_report *report;
	struct policy *policy; /* NULL: there is no policy file */
};

/* Returns PATH of a config, below BUNDLE if it is relative; NULL: out of memory. */
const char *bundle_resolve(struct arena *arena, const char *bundle, const char *path);

/* Reads the config that OPTIONS name and the administrator's policy, and hardens the config as the
 * policy permits. ARENA holds everything. WARN: gets warnings about properties without effect.
 * *RET_SHIFT: the caller ends it with life_shift_done, even after an error. */
int bundle_load(struct arena *arena, const struct nacre_create_options *options,
	void (*warn)(void *data, const char *text), void *data, struct life_shift *ret_shift,
	struct bundle *ret_bundle, struct nacre_error *err);

#endif
