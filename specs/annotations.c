/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/annotations.h"

#include <string.h>

#include "specs/validate_checks.h"

#define HOOKS_STDOUT "run.oci.hooks.stdout"
#define HOOKS_STDERR "run.oci.hooks.stderr"
#define SECCOMP_RECEIVER "run.oci.seccomp.receiver"
#define DELEGATE_CGROUP "run.oci.delegate-cgroup"
#define SECCOMP_FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall"
#define CRIU_CONFIG "org.criu.config"

/* Annotations that use the host: its groups, files that the runtime would write, a socket that
 * would get an fd, options of a program that runs as the host's root. A cgroup below the
 * container's own is none of these. */
const char *const annotations_of_host[] = {
	ANNOTATION_KEEP_GROUPS, HOOKS_STDOUT, HOOKS_STDERR, SECCOMP_RECEIVER, CRIU_CONFIG, NULL};

const char *annotations_find(const struct oci_map *annotations, const char *key)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (!strcmp(annotations->items[i].key, key))
			return annotations->items[i].value;
	return NULL;
}

static bool is_on(const struct oci_config *config, const char *key)
{
	const char *value = annotations_find(&config->annotations, key);

	return value && strcmp(value, "0") != 0;
}

static int find_path(const struct oci_config *config, const char *key, const char **ret_path,
	struct nacre_error *err)
{
	const char *path = annotations_find(&config->annotations, key);

	if (path && path[0] != '/')
		return oci_fail(config, err, validate_at("annotations.%s", key).text,
			"\"%s\" is not an absolute path", path);
	*ret_path = path;
	return 0;
}

int annotations_read(const struct oci_config *config, struct run_annotations *ret_annotations,
	struct nacre_error *err)
{
	const char *cgroup = annotations_find(&config->annotations, DELEGATE_CGROUP);
	const char *criu = annotations_find(&config->annotations, CRIU_CONFIG);
	struct run_annotations read = {
		.keep_groups = is_on(config, ANNOTATION_KEEP_GROUPS),
		/* As in crun, an empty name means none. */
		.delegate_cgroup = cgroup && cgroup[0] ? cgroup : NULL,
		.seccomp_fail_unknown = is_on(config, SECCOMP_FAIL_UNKNOWN),
		/* As in runc, an empty path means no file, and not the default file. */
		.no_criu_config = criu && !criu[0],
	};
	int r;

	r = find_path(config, HOOKS_STDOUT, &read.hooks_stdout, err);
	if (r >= 0)
		r = find_path(config, HOOKS_STDERR, &read.hooks_stderr, err);
	if (r >= 0)
		r = find_path(config, SECCOMP_RECEIVER, &read.seccomp_receiver, err);
	if (r >= 0 && !read.no_criu_config)
		r = find_path(config, CRIU_CONFIG, &read.criu_config, err);
	if (r < 0)
		return r;
	cgroup = read.delegate_cgroup;
	if (cgroup && (strchr(cgroup, '/') || !strcmp(cgroup, ".") || !strcmp(cgroup, "..") ||
			      !strncmp(cgroup, "cgroup.", 7)))
		return oci_fail(config, err, "annotations." DELEGATE_CGROUP,
			"expected the name of a cgroup, without \"/\" and \"cgroup.\", found "
			"\"%s\"",
			cgroup);
	*ret_annotations = read;
	return 0;
}
