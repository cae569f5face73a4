/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/sandbox.h"

/* The directories where a sandbox may work, and the hidden parts of them. */

int sandbox_check_directory(
	const char *directory, const struct oci_strings *homes, struct nacre_error *err)
{
	if (strcmp(directory, "/") == 0)
		return fail(err, EPERM,
			"the working directory is /: change to a project's directory, or name one "
			"with --workspace");
	for (size_t i = 0; i < homes->n; i++)
		if (path_within(homes->items[i], directory))
			return fail(err, EPERM,
				"%s %s the home directory %s: change to a project's directory in "
				"it, or name one with --workspace",
				directory,
				strcmp(homes->items[i], directory) == 0 ? "is" : "contains",
				homes->items[i]);
	return 0;
}

/* Directories that are refused: systems with everything below them, tops only themselves. */
static const char *const systems[] = {
	"/etc", "/boot", "/proc", "/sys", "/dev", "/bin", "/sbin", "/lib", "/usr/lib", NULL};
static const char *const tops[] = {
	"/usr", "/usr/local", "/opt", "/var", "/run", "/tmp", "/srv", "/mnt", "/media", NULL};
/* Directories of a home that are refused: keys with everything below, settings only themselves. */
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
				 "%s is a directory of the system or of settings, not of a "
				 "project: if you mean it, name it with --workspace",
				 directory)
		       : 0;
}

static int check_apart(const char *option, const char *form, const struct sandbox_entry *entries,
	size_t n, const char *directory, struct nacre_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(entries[i].path, directory) == 0)
			return fail(err, EINVAL,
				"%s %s: the sandbox has a copy of the working directory: give "
				"--workspace %s:%s to show the directory itself",
				option, directory, directory, form);
	return 0;
}

int sandbox_check_apart(const struct sandbox_request *request, struct nacre_error *err)
{
	int r;

	if (!request->copy)
		return 0;
	r = check_apart("--read", "ro", request->read, request->n_read, request->directory, err);
	return r < 0 ? r
		     : check_apart("--write", "direct", request->write, request->n_write,
			       request->directory, err);
}

/* --- hidden paths --- */

/* Finds the last mount that covers NAME; NULL: it is in the root. */
static const struct oci_mount *find_above(const struct oci_config *config, const char *name)
{
	size_t i = config->n_mounts;

	while (i > 0 && !path_within(name, config->mounts[i - 1].destination))
		i--;
	return i > 0 ? &config->mounts[i - 1] : NULL;
}

static bool is_shown(
	const struct sandbox_request *request, const struct oci_config *config, const char *name)
{
	const struct oci_mount *above = find_above(config, name);

	for (size_t i = 0; i < request->workspaces.n; i++)
		if (path_within(name, request->workspaces.items[i]) &&
			!(above && path_within(above->destination, request->workspaces.items[i])))
			return true;
	return above && mount_is_bind(above);
}

int sandbox_hide(struct arena *arena, const struct sandbox_request *request,
	struct oci_config *config, struct nacre_error *err)
{
	struct oci_strings *masked = &config->linux_->masked_paths;
	const char **items = arena_array(arena, masked->n + request->n_hide, sizeof(*items));

	config->nacre->hidden = arena_array(arena, request->n_hide, sizeof(*request->hide));
	if (!items || (request->n_hide && !config->nacre->hidden))
		return arena_fail(arena, "sandbox", err);
	memcpy(items, masked->items, masked->n * sizeof(*items));
	masked->items = items;
	for (size_t i = 0; i < request->n_hide; i++)
		if (is_shown(request, config, request->hide[i].name))
			config->nacre->hidden[config->nacre->n_hidden++] = request->hide[i];
		else
			items[masked->n++] = request->hide[i].name;
	return 0;
}
