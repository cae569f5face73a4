/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/facts.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/policy_file.h"
#include "libcontainer/api/shift.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/namespace/sysctl.h"
#include "specs/json.h"
#include "specs/mount_idmap.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/validate.h"

/* A relative source is relative to the working directory, like any path on a command line. */
static int take_workspaces(struct arena *arena, const char *const *list,
	struct policy_request *asked, struct nacre_error *err)
{
	struct workspace_request *taken;
	char base[PATH_MAX];
	size_t n = 0;

	while (list && list[n])
		n++;
	if (n == 0)
		return 0;
	taken = arena_array(arena, n, sizeof(*taken));
	if (!taken)
		return fail_errno(err, ENOMEM, "options");
	if (!getcwd(base, sizeof(base)))
		return fail_errno(err, errno, "the working directory");
	for (size_t i = 0; i < n; i++)
		if (workspace_request_parse(arena, list[i], base, &taken[i], err) < 0)
			return fail_prefix(err, "--workspace %.128s", list[i]);
	asked->workspaces = taken;
	asked->n_workspaces = n;
	return 0;
}

/* Combines the policy, the caller's options and the annotations into one request. */
static int decide(struct arena *arena, const struct nacre_create_options *options,
	struct bundle *bundle, const struct oci_config *config, struct harden_request *ret_request,
	struct life_shift *ret_shift, struct nacre_error *err)
{
	struct policy_request asked = {.profile = options->profile, .userns = options->userns};
	int r;

	r = options_copy_list(arena, options->allow, &asked.grants, err);
	if (r >= 0)
		r = options_copy_list(arena, options->require, &asked.require, err);
	if (r >= 0)
		r = options_copy_list(arena, options->egress, &asked.egress, err);
	if (r >= 0)
		r = take_workspaces(arena, options->workspaces, &asked, err);
	if (r >= 0)
		r = policy_load(arena, POLICY_DIRECTORY, &bundle->policy, err);
	if (r < 0)
		return r;
	r = policy_decide(arena, bundle->policy, &asked, &config->annotations, ret_request, err);
	if (r >= 0)
		r = facts_look(arena, config, bundle->path, ret_request, err);
	return r < 0 ? r
		     : shift_look(arena, config, bundle->path, bundle->policy, ret_request,
			       ret_shift, err);
}

static int take_text(
	struct arena *arena, const char *text, struct bundle *bundle, struct nacre_error *err)
{
	bundle->given = arena_strdup(arena, text);
	bundle->given_length = strlen(text);
	return bundle->given ? 0 : fail_errno(err, ENOMEM, "config");
}

static int read_config(struct arena *arena, int dir_fd, const char *path, const char *file,
	struct bundle *bundle, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = file_read(dir_fd, file, JSON_MAX_BYTES, &text, &bundle->given_length, err);

	if (r == -ENOENT)
		return fail(err, ENOENT, "JSON specification file %s not found in %s", file, path);
	if (r < 0)
		return fail_prefix(err, "bundle %s", path);
	bundle->given = arena_strndup(arena, text, bundle->given_length);
	if (!bundle->given)
		return fail_errno(err, ENOMEM, "read %s", file);
	return 0;
}

const char *bundle_resolve(struct arena *arena, const char *bundle, const char *path)
{
	return *path == '/' ? path : arena_printf(arena, "%s/%s", bundle, path);
}

/* config.md, Mounts: a relative source is below the bundle. It becomes absolute before the profile
 * judges it. */
static int resolve_sources(
	struct arena *arena, const char *bundle, struct oci_config *config, struct nacre_error *err)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		struct oci_mount *mount = &config->mounts[i];

		if (!mount_is_bind(mount) || !mount->source)
			continue;
		mount->source = bundle_resolve(arena, bundle, mount->source);
		if (!mount->source)
			return fail_errno(err, ENOMEM, "mounts[%zu].source", i);
	}
	return 0;
}

/* Accepts a destination that is given as its host path below the rootfs, like runc. Runs before
 * anything judges it. */
static int resolve_destinations(
	struct arena *arena, const char *bundle, struct oci_config *config, struct nacre_error *err)
{
	const char *root = config->root ? config->root->path : NULL;
	char rootfs[PATH_TEXT_MAX];
	char clean[PATH_TEXT_MAX];

	if (root)
		root = bundle_resolve(arena, bundle, root);
	if (!root || path_clean(root, rootfs) < 0 || strcmp(rootfs, "/") == 0)
		return 0;
	for (size_t i = 0; i < config->n_mounts; i++) {
		struct oci_mount *mount = &config->mounts[i];

		if (!mount->destination || path_clean(mount->destination, clean) < 0 ||
			!path_within(clean, rootfs))
			continue;
		mount->destination = arena_printf(arena, "/%s", clean + strlen(rootfs));
		if (!mount->destination)
			return fail_errno(err, ENOMEM, "mounts[%zu].destination", i);
	}
	return 0;
}

static int decode_config(struct arena *arena, const char *file, const struct bundle *bundle,
	struct oci_config **ret_config, struct nacre_error *err)
{
	struct oci_config *config;
	int r;

	r = oci_config_decode(arena, file, bundle->given, bundle->given_length, &config, err);
	if (r >= 0)
		r = resolve_destinations(arena, bundle->path, config, err);
	if (r >= 0)
		r = mount_idmap_decode(arena, config, err);
	if (r >= 0)
		r = oci_config_validate(config, err);
	if (r >= 0)
		r = sysctl_check(config, err);
	if (r < 0)
		return r;
	*ret_config = config;
	return 0;
}

/* Reports show process.args as the container's program. Only a caller that makes the config itself
 * may run another. */
static int check_program(const struct nacre_create_options *options,
	const struct oci_config *config, struct nacre_error *err)
{
	return options->config_text || !config->nacre || !config->nacre->program
		       ? 0
		       : oci_fail(config, err, "nacre.program",
				 "is not for a file: name the program in process.args[0]");
}

static int locate(
	struct arena *arena, const char *path, struct bundle *bundle, struct nacre_error *err)
{
	char real[PATH_MAX];

	if (!realpath(path ? path : ".", real))
		return fail_errno(err, errno, "bundle %s", path ? path : ".");
	bundle->path = arena_strdup(arena, real);
	if (!bundle->path)
		return fail_errno(err, ENOMEM, "bundle %s", real);
	return 0;
}

int bundle_load(struct arena *arena, const struct nacre_create_options *options,
	void (*warn)(void *data, const char *text), void *data, struct life_shift *ret_shift,
	struct bundle *ret_bundle, struct nacre_error *err)
{
	const char *file = options->config ? options->config : "config.json";
	struct bundle bundle = {.path = NULL};
	struct harden_request harden_request;
	struct oci_config *config = NULL;
	cleanup_close int dir_fd = -1;
	int r;

	r = locate(arena, options->bundle, &bundle, err);
	if (r < 0)
		return r;
	dir_fd = open(bundle.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return fail_errno(err, errno, "bundle %s", bundle.path);
	r = options->config_text ? take_text(arena, options->config_text, &bundle, err)
				 : read_config(arena, dir_fd, bundle.path, file, &bundle, err);
	if (r >= 0)
		r = decode_config(arena, file, &bundle, &config, err);
	if (r >= 0)
		r = check_program(options, config, err);
	if (r < 0)
		return r;
	oci_config_warnings(config, warn, data);
	r = resolve_sources(arena, bundle.path, config, err);
	if (r >= 0)
		r = decide(arena, options, &bundle, config, &harden_request, ret_shift, err);
	if (r >= 0)
		r = harden(arena, config, &harden_request, &bundle.config, &bundle.report, err);
	if (r < 0)
		return r;
	harden_report_warn(bundle.report, true, warn, data);
	*ret_bundle = bundle;
	if (bundle.config->nacre && bundle.config->nacre->root_tmpfs)
		return 0;
	bundle.rootfs = bundle_resolve(arena, bundle.path, bundle.config->root->path);
	if (!bundle.rootfs)
		return fail_errno(err, ENOMEM, "rootfs");
	ret_bundle->rootfs = bundle.rootfs;
	return 0;
}
