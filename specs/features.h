/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FEATURES_H
#define NACRE_FEATURES_H

#include "specs/spec.h"

/* features.md and features-linux.md. The lists are filled by the modules that implement them. */
struct oci_features_seccomp {
	struct oci_bool enabled;
	struct oci_strings actions;
	struct oci_strings operators;
	struct oci_strings archs;
	struct oci_strings known_flags;
	struct oci_strings supported_flags;
};

struct oci_features_cgroup {
	struct oci_bool v1;
	struct oci_bool v2;
	struct oci_bool systemd;
	struct oci_bool systemd_user;
	struct oci_bool rdma;
};

struct oci_features_enabled {
	struct oci_bool enabled;
};

struct oci_features_intel_rdt {
	struct oci_bool enabled;
	struct oci_bool schemata;
	struct oci_bool monitoring;
};

struct oci_features_mount_extensions {
	struct oci_features_enabled *idmap;
};

struct oci_features_memory_policy {
	struct oci_strings modes;
	struct oci_strings flags;
};

struct oci_features_linux {
	struct oci_strings namespaces;
	struct oci_strings capabilities;
	struct oci_features_cgroup *cgroup;
	struct oci_features_seccomp *seccomp;
	struct oci_features_enabled *apparmor;
	struct oci_features_enabled *selinux;
	struct oci_features_intel_rdt *intel_rdt;
	struct oci_features_mount_extensions *mount_extensions;
	struct oci_features_enabled *net_devices;
	struct oci_features_memory_policy *memory_policy;
};

struct oci_features {
	const char *oci_version_min;
	const char *oci_version_max;
	struct oci_strings hooks;
	struct oci_strings mount_options;
	struct oci_map annotations;
	struct oci_strings potentially_unsafe_config_annotations;
	struct oci_features_linux *linux_;
};

/* The words that linux.PATH of config.json may be, of the field table that decodes them
 * ("seccomp.syscalls.action"); NULL-terminated. NULL: there is no such property, or it takes any
 * text. */
const char *const *oci_features_words(const char *path);

int oci_features_encode(
	const struct oci_features *features, char **ret_text, struct nacre_error *err);
int oci_features_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_features **ret_features, struct nacre_error *err);

#endif
