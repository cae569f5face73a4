/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/fields.h"
#include "specs/filter.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/spec.h"

/* The object "nacre", which nacre itself adds to config.json. */

const char *const oci_landlock_words[] = {"best-effort", "required", "files", NULL};

/* clang-format off */

static const char *const workspace_forms[] = {WORKSPACE_COW, WORKSPACE_DIRECT, NULL};

static const struct field oci_workspace_fields[] = {
	FIELD_STRING("destination", oci_workspace, destination, FIELD_MUST),
	FIELD_WORD("form", oci_workspace, form, FIELD_MUST, workspace_forms),
	FIELD_U64("bytes", oci_workspace, bytes, 0),
	FIELD_U64("inodes", oci_workspace, inodes, 0),
	FIELD_BOOL("bestEffort", oci_workspace, best_effort, 0),
	FIELD_BOOL("tmpfs", oci_workspace, tmpfs, 0),
	FIELD_STRINGS("protect", oci_workspace, protect, 0),
	{},
};
static STRUCT_TYPE(oci_workspace);

static const struct field oci_judged_fields[] = {
	FIELD_STRING("name", oci_judged, name, FIELD_MUST),
	FIELD_STRING("path", oci_judged, path, FIELD_MUST),
	FIELD_U64("device", oci_judged, device, FIELD_MUST),
	FIELD_U64("inode", oci_judged, inode, FIELD_MUST),
	{},
};
static STRUCT_TYPE(oci_judged);

static const struct field oci_hardened_fields[] = {
	FIELD_BOOL("rootTmpfs", oci_hardened, root_tmpfs, 0),
	FIELD_STRING("program", oci_hardened, program, 0),
	FIELD_STRINGS("directories", oci_hardened, directories, 0),
	FIELD_BOOL("reaper", oci_hardened, reaper, 0),
	FIELD_BOOL("rootNosuid", oci_hardened, root_nosuid, 0),
	FIELD_BOOL("rootNodev", oci_hardened, root_nodev, 0),
	FIELD_STRINGS("lateBinds", oci_hardened, late_binds, 0),
	FIELD_BOOL("maskViews", oci_hardened, mask_views, 0),
	FIELD_STRINGS("notHost", oci_hardened, not_host, 0),
	FIELD_WORDS("bestEffort", oci_hardened, best_effort, oci_limit_words),
	FIELD_BOOL("limitsRequired", oci_hardened, limits_required, 0),
	FIELD_WORD("seccompFilter", oci_hardened, seccomp_filter, 0, filter_profile_words),
	FIELD_STRINGS("seccompGrants", oci_hardened, seccomp_grants, 0),
	FIELD_BOOL("noSetuidFiles", oci_hardened, no_setuid_files, 0),
	FIELD_WORD("landlock", oci_hardened, landlock, 0, oci_landlock_words),
	FIELD_STRINGS("egress", oci_hardened, egress, 0),
	FIELD_STRINGS("egressNames", oci_hardened, egress_names, 0),
	FIELD_BOOL("egressBestEffort", oci_hardened, egress_best_effort, 0),
	FIELD_BOOL("noMetadata", oci_hardened, no_metadata, 0),
	FIELD_BOOL("noListening", oci_hardened, no_listening, 0),
	FIELD_ARRAY("workspaces", oci_hardened, workspaces, 0, oci_workspace),
	FIELD_ARRAY("judged", oci_hardened, judged, 0, oci_judged),
	FIELD_ARRAY("hidden", oci_hardened, hidden, 0, oci_judged),
	{},
};
STRUCT_TYPE(oci_hardened);

/* clang-format on */

const struct oci_workspace *oci_find_workspace(
	const struct oci_config *config, const struct oci_mount *mount)
{
	const struct oci_hardened *nacre = config->nacre;

	if (!nacre || !mount->destination || !mount_is_bind(mount) || mount_has(mount, "remount"))
		return NULL;
	for (size_t i = 0; i < nacre->n_workspaces; i++)
		if (!strcmp(nacre->workspaces[i].destination, mount->destination))
			return &nacre->workspaces[i];
	return NULL;
}

bool oci_mount_is_root(const struct oci_config *config, size_t index)
{
	const struct oci_mount *mount = &config->mounts[index];
	char clean[PATH_TEXT_MAX];

	return index == 0 && config->nacre && config->nacre->root_tmpfs && mount_is_bind(mount) &&
	       !mount_has(mount, "remount") && path_clean(mount->destination, clean) == 0 &&
	       strcmp(clean, "/") == 0;
}
