/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/validate_checks.h"

/* nacre.workspaces: each must be one bind, whose options must not conflict with an overlay. */

static int find_bind(const struct oci_config *config, const struct oci_workspace *mark,
	const char *place, const struct oci_mount **ret_mount, struct nacre_error *err)
{
	const struct oci_mount *found = NULL;

	for (size_t i = 0; i < config->n_mounts; i++) {
		if (oci_find_workspace(config, &config->mounts[i]) != mark)
			continue;
		if (found)
			return oci_fail(config, err, place,
				"more than one bind mount has the destination %s",
				mark->destination);
		found = &config->mounts[i];
	}
	if (!found || !found->source)
		return oci_fail(config, err, place,
			"no bind mount with a source has the destination %s, or an earlier "
			"workspace has it too",
			mark->destination);
	*ret_mount = found;
	return 0;
}

static int check_workspace(const struct oci_config *config, size_t i, struct nacre_error *err)
{
	const struct oci_workspace *mark = &config->nacre->workspaces[i];
	const struct place place = validate_at("nacre.workspaces[%zu].destination", i);
	const struct oci_mount *mount = NULL;
	char clean[PATH_TEXT_MAX];
	int r = find_bind(config, mark, place.text, &mount, err);

	if (r < 0)
		return r;
	if (path_clean(mark->destination, clean) == 0 && strcmp(clean, "/") == 0)
		return oci_fail(config, err, place.text,
			"the root of the container cannot be a workspace: name a directory in it");
	if (strcmp(mark->form, WORKSPACE_COW) == 0 &&
		(mount->n_uid_mappings || mount_has(mount, "idmap") || mount_has(mount, "ridmap")))
		return oci_fail(config, err, place.text,
			"the bind mount on %s is id-mapped, and overlayfs cannot be: leave out "
			"idmap and uidMappings, or use the form direct",
			mark->destination);
	if (mount_has(mount, "copy-symlink"))
		return oci_fail(config, err, place.text,
			"the bind mount on %s has the option copy-symlink, which a workspace "
			"cannot have",
			mark->destination);
	return 0;
}

int validate_workspaces(const struct oci_config *config, struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; config->nacre && i < config->nacre->n_workspaces && r == 0; i++)
		r = check_workspace(config, i, err);
	return r;
}
