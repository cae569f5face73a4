/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden_rules.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/* Finds the grant that allows programs of a mount to run. */

static bool grants_workspace(const struct oci_strings *grants, const struct oci_mount *mount)
{
	char source[PATH_TEXT_MAX], directory[PATH_TEXT_MAX];

	if (!mount->source || mount->source[0] != '/' ||
		harden_host_path(mount->source, source) < 0)
		return false;
	for (size_t i = 0; i < grants->n; i++) {
		const char *item = harden_grant_item(grants->items[i], "workspace");

		if (item && harden_host_path(item, directory) == 0 &&
			path_within(source, directory))
			return true;
	}
	return false;
}

const char *harden_exec_grant(struct arena *arena, const struct oci_strings *grants,
	const struct oci_mount *mount, const struct oci_mount *of)
{
	char clean[PATH_TEXT_MAX];

	if (harden_lands(mount, "/tmp", true) || harden_lands(mount, "/var/tmp", true))
		return "tmp-exec";
	if (of && mount_kind(of) == MOUNT_MEMORY && mount->destination &&
		path_clean(mount->destination, clean) == 0)
		return arena_printf(arena, "tmpfs-exec:%s", clean);
	return of && mount_is_bind(of) && !harden_lands(mount, "/dev/shm", false) &&
			       grants_workspace(grants, of)
		       ? "workspace-exec"
		       : "";
}
