/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "specs/harden.h"
#include "specs/path_text.h"

/* Finds out what the config prevents of the things that profile nested is for. Engines write most
 * of it unasked, and inside the container it looks as if nested had refused it. */

static bool any_in_proc(const struct oci_strings *paths)
{
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < paths->n; i++) {
		if (path_clean(paths->items[i], clean) == 0 && path_within(clean, "/proc"))
			return true;
	}
	return false;
}

/* The kernel allows a procfs inside only if no part of the one outside is hidden
 * (mount_too_revealing). */
static const char *lacks_procfs(const struct oci_config *config)
{
	if (!oci_find_namespace(config, "user"))
		return "mount a procfs (bubblewrap --proc, podman), since the container has no "
		       "user namespace (use dockerd --userns-remap or podman --userns=auto)";
	if (any_in_proc(&config->linux_->masked_paths) ||
		any_in_proc(&config->linux_->readonly_paths))
		return "mount a procfs (bubblewrap --proc, podman), since paths in /proc are "
		       "masked (use docker --security-opt systempaths=unconfined or podman "
		       "--security-opt unmask=ALL)";
	return NULL;
}

static const char *lacks_mounts(const struct oci_config *config)
{
	const char *profile = config->process ? config->process->apparmor_profile : NULL;

	if (config->nacre && config->nacre->landlock)
		return "mount anything, since Landlock forbids it, which keeps the program from "
		       "writing to the file on stdin (use a pipe or </dev/null)";
	if (!profile || !*profile || !strcmp(profile, "unconfined"))
		return NULL;
	return "mount anything, since the AppArmor profile of the engine forbids it (use "
	       "--security-opt apparmor=unconfined)";
}

static const char *lacks_ids(const struct oci_config *config)
{
	static const char *const needed[] = {"CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP"};
	const struct oci_capabilities *capabilities = config->process
							      ? config->process->capabilities
							      : NULL;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!capabilities || !oci_strings_have(&capabilities->bounding, needed[i]))
			return "map more than one id (newuidmap, podman), since capabilities are "
			       "missing (use --cap-add SETUID --cap-add SETGID --cap-add SETFCAP)";
	}
	return NULL;
}

bool harden_nested_lacks(const struct oci_config *config, char *text, size_t size)
{
	const char *const lacks[] = {lacks_procfs(config), lacks_mounts(config), lacks_ids(config)};
	size_t used = (size_t)snprintf(text, size,
		"profile nested: with this config, sandboxes inside the container cannot ");
	bool any = false;

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		if (!lacks[i] || used >= size)
			continue;
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", any ? "; " : "", lacks[i]);
		any = true;
	}
	return any;
}
