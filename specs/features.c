/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/features.h"

#include <string.h>

#include "specs/fields.h"

/* The tables of features.md and features-linux.md of runtime-spec 1.3.0. The words in the lists are
 * not checked: another runtime may know more than this one. */

/* clang-format off */

static const struct field oci_features_seccomp_fields[] = {
	FIELD_OPT_BOOL("enabled", oci_features_seccomp, enabled),
	FIELD_STRINGS("actions", oci_features_seccomp, actions, 0),
	FIELD_STRINGS("operators", oci_features_seccomp, operators, 0),
	FIELD_STRINGS("archs", oci_features_seccomp, archs, 0),
	FIELD_STRINGS("knownFlags", oci_features_seccomp, known_flags, 0),
	FIELD_STRINGS("supportedFlags", oci_features_seccomp, supported_flags, 0),
	{},
};
static STRUCT_TYPE(oci_features_seccomp);

static const struct field oci_features_cgroup_fields[] = {
	FIELD_OPT_BOOL("v1", oci_features_cgroup, v1),
	FIELD_OPT_BOOL("v2", oci_features_cgroup, v2),
	FIELD_OPT_BOOL("systemd", oci_features_cgroup, systemd),
	FIELD_OPT_BOOL("systemdUser", oci_features_cgroup, systemd_user),
	FIELD_OPT_BOOL("rdma", oci_features_cgroup, rdma),
	{},
};
static STRUCT_TYPE(oci_features_cgroup);

static const struct field oci_features_enabled_fields[] = {
	FIELD_OPT_BOOL("enabled", oci_features_enabled, enabled),
	{},
};
static STRUCT_TYPE(oci_features_enabled);

static const struct field oci_features_intel_rdt_fields[] = {
	FIELD_OPT_BOOL("enabled", oci_features_intel_rdt, enabled),
	FIELD_OPT_BOOL("schemata", oci_features_intel_rdt, schemata),
	FIELD_OPT_BOOL("monitoring", oci_features_intel_rdt, monitoring),
	{},
};
static STRUCT_TYPE(oci_features_intel_rdt);

static const struct field oci_features_memory_policy_fields[] = {
	FIELD_STRINGS("modes", oci_features_memory_policy, modes, 0),
	FIELD_STRINGS("flags", oci_features_memory_policy, flags, 0),
	{},
};
static STRUCT_TYPE(oci_features_memory_policy);

static const struct field oci_features_mount_extensions_fields[] = {
	FIELD_OBJECT("idmap", oci_features_mount_extensions, idmap, 0, oci_features_enabled),
	{},
};
static STRUCT_TYPE(oci_features_mount_extensions);

#define LINUX(name, member, type) FIELD_OBJECT(name, oci_features_linux, member, 0, type)

static const struct field oci_features_linux_fields[] = {
	FIELD_STRINGS("namespaces", oci_features_linux, namespaces, 0),
	FIELD_STRINGS("capabilities", oci_features_linux, capabilities, 0),
	LINUX("cgroup", cgroup, oci_features_cgroup),
	LINUX("seccomp", seccomp, oci_features_seccomp),
	LINUX("apparmor", apparmor, oci_features_enabled),
	LINUX("selinux", selinux, oci_features_enabled),
	LINUX("intelRdt", intel_rdt, oci_features_intel_rdt),
	LINUX("memoryPolicy", memory_policy, oci_features_memory_policy),
	LINUX("mountExtensions", mount_extensions, oci_features_mount_extensions),
	LINUX("netDevices", net_devices, oci_features_enabled),
	{},
};
static STRUCT_TYPE(oci_features_linux);

static const struct field oci_features_fields[] = {
	FIELD_STRING("ociVersionMin", oci_features, oci_version_min, FIELD_MUST),
	FIELD_STRING("ociVersionMax", oci_features, oci_version_max, FIELD_MUST),
	FIELD_STRINGS("hooks", oci_features, hooks, 0),
	FIELD_STRINGS("mountOptions", oci_features, mount_options, 0),
	FIELD_OBJECT("linux", oci_features, linux_, 0, oci_features_linux),
	FIELD_MAP("annotations", oci_features, annotations),
	FIELD_STRINGS("potentiallyUnsafeConfigAnnotations", oci_features,
		potentially_unsafe_config_annotations, 0),
	{},
};
static STRUCT_TYPE(oci_features);

/* clang-format on */

const char *const *oci_features_words(const char *path)
{
	const struct struct_type *type = &oci_linux_type;
	const struct field *field = NULL;

	for (size_t n; type && *path; path += n + (path[n] == '.')) {
		n = strcspn(path, ".");
		field = type->fields;
		while (field->name && (strncmp(field->name, path, n) != 0 || field->name[n]))
			field++;
		type = field->type;
	}
	return *path || !field ? NULL : field->values;
}

int oci_features_encode(
	const struct oci_features *features, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	fields_encode(w, &oci_features_type, features);
	return json_writer_finish(w, ret_text, err);
}

int oci_features_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_features **ret_features, struct nacre_error *err)
{
	struct oci_features *features = arena_alloc(arena, sizeof(*features));
	int r;

	if (!features)
		return arena_fail(arena, name, err);
	r = fields_decode_text(arena, name, text, length, &oci_features_type, features, NULL, err);
	if (r == 0)
		*ret_features = features;
	return r;
}
