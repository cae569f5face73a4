/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"
#include "libcontainer/life/criu.h"
#include "libcontainer/process/caps.h"
#include "libcontainer/process/scheduling.h"
#include "libcontainer/seccomp/seccomp.h"
#include "libcontainer/systemd/systemd.h"
#include "specs/annotations.h"
#include "specs/defaults.h"
#include "specs/features.h"
#include "specs/mount_words.h"
#include "specs/policy.h"

enum {
	UNSAFE_MAX = 16,
};

/* Converts a NULL-terminated list. */
static struct oci_strings strings(const char *const *list)
{
	struct oci_strings strings = {.items = (const char **)list};

	while (list[strings.n])
		strings.n++;
	return strings;
}

/* Returns the words in the field table of linux.PATH. */
static struct oci_strings words(const char *path)
{
	return strings(oci_features_words(path));
}

/* features.md, Unsafe annotations in config.json: those that act on the host, or relax the profile.
 */
static size_t unsafe_annotations(const char *ret_keys[UNSAFE_MAX])
{
	size_t n = 0;

	for (; annotations_of_host[n]; n++)
		ret_keys[n] = annotations_of_host[n];
	ret_keys[n++] = SYSTEMD_ANNOTATION_PREFIX;
	ret_keys[n++] = ANNOTATION_ALLOW;
	return n;
}

int nacre_features(char **ret_json, struct nacre_error *err)
{
	const bool systemd = companion_installed("nacre-systemd");
	const char *capabilities[65] = {NULL}, *flags[8] = {NULL};
	const char *modes[8], *policy_flags[8], *hooks[OCI_HOOK_KINDS], *unsafe[UNSAFE_MAX];
	struct oci_features_memory_policy policy = {.modes = {.n = 0}};
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	size_t n_mount_options;
	const char *const *mount_options = mount_word_names(&n_mount_options);
	struct oci_features_enabled yes = {.enabled = {true, true}};
	struct oci_features_enabled net_devices = {
		.enabled = {true, companion_installed("nacre-netdev")}};
	char criu[PATH_MAX];
	struct nacre_error missing;
	/* The second annotation is runc's, for callers that look for it. */
	struct oci_pair annotations[] = {{"run.nacre.version", NACRE_VERSION},
		{"org.opencontainers.runc.checkpoint.enabled",
			criu_find(NULL, criu, &missing) == 0 ? "true" : "false"}};
	struct oci_features_intel_rdt rdt = {
		.enabled = {true, true}, .schemata = {true, true}, .monitoring = {true, true}};
	struct oci_features_mount_extensions extensions = {.idmap = &yes};
	struct oci_features_cgroup cgroup = {.v1 = {true, false},
		.v2 = {true, true},
		.systemd = {true, systemd},
		.systemd_user = {true, systemd},
		.rdma = {true, true}};
	struct oci_features_seccomp seccomp = {.enabled = {true, true},
		.actions = words("seccomp.defaultAction"),
		.operators = words("seccomp.syscalls.args.op"),
		.archs = words("seccomp.architectures"),
		.known_flags = words("seccomp.flags")};
	struct oci_features_linux linux_ = {.namespaces = words("namespaces.type"),
		.cgroup = &cgroup,
		.seccomp = &seccomp,
		.apparmor = &yes,
		.selinux = &yes,
		.mount_extensions = &extensions,
		.intel_rdt = &rdt,
		.net_devices = &net_devices};
	struct oci_features features = {.oci_version_min = OCI_VERSION_MIN,
		.oci_version_max = OCI_VERSION,
		.hooks = {hooks, oci_hook_kinds(hooks)},
		.annotations = {annotations, sizeof(annotations) / sizeof(annotations[0])},
		.potentially_unsafe_config_annotations = {unsafe, unsafe_annotations(unsafe)},
		.mount_options = {(const char **)mount_options, n_mount_options},
		.linux_ = &linux_};

	if (!arena)
		return fail_errno(err, ENOMEM, "features");
	linux_.capabilities = (struct oci_strings){
		.items = capabilities, .n = caps_names(arena, capabilities)};
	policy.modes = (struct oci_strings){modes, scheduling_memory_modes(modes)};
	policy.flags = (struct oci_strings){policy_flags, scheduling_memory_flags(policy_flags)};
	linux_.memory_policy = &policy;
	seccomp_flags_supported(flags);
	seccomp.supported_flags = strings(flags);
	return oci_features_encode(&features, ret_json, err);
}
