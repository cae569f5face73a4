/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/path_text.h"
#include "specs/sandbox.h"

/* Where a sandbox may work. */

int sandbox_check_directory(
	const char *directory, const struct oci_strings *homes, struct nacre_error *err)
{
	if (strcmp(directory, "/") == 0)
		return fail(err, EPERM,
			"the working directory is /: go into the directory of a project, or name "
			"it with --workspace");
	for (size_t i = 0; i < homes->n; i++)
		if (path_within(homes->items[i], directory))
			return fail(err, EPERM,
				"%s %s the home %s: go into the directory of a project in it, or "
				"name it with --workspace",
				directory,
				strcmp(homes->items[i], directory) == 0 ? "is" : "has in it",
				homes->items[i]);
	return 0;
}

/* With all that is below them, and alone. */
static const char *const systems[] = {
	"/etc", "/boot", "/proc", "/sys", "/dev", "/bin", "/sbin", "/lib", "/usr/lib", NULL};
static const char *const tops[] = {
	"/usr", "/usr/local", "/opt", "/var", "/run", "/tmp", "/srv", "/mnt", "/media", NULL};
/* Of a home, likewise. */
static const char *const keys[] = {
	".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", NULL};
static const char *const settings[] = {".config", ".local", ".local/share", ".cache", NULL};

static bool is_in(const char *path, const char *const *list, bool below)
{
	for (; *list; list++)
		if (below ? path_within(path, *list) : !strcmp(path, *list))
			return true;
	return false;
}

int sandbox_check_unnamed(
	const char *directory, const struct oci_strings *homes, struct nacre_error *err)
{
	bool refused = is_in(directory, systems, true) || is_in(directory, tops, false);

	for (size_t i = 0; i < homes->n && !refused; i++) {
		const size_t n = strlen(homes->items[i]);

		if (path_within(directory, homes->items[i]) && directory[n] == '/')
			refused = is_in(directory + n + 1, keys, true) ||
				  is_in(directory + n + 1, settings, false);
	}
	return refused ? fail(err, EPERM,
				 "%s is no directory of a project: name it with --workspace, if it "
				 "is "
				 "meant",
				 directory)
		       : 0;
}
