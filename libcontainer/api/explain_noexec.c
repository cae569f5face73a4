/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/api/explain.h"
#include "specs/harden_rules.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/profiles.h"

/* Finds where a profile permits no program to be executed (rule mount-flags), and the grant that
 * would. The kernel returns EACCES and nothing counts it, so this is what can be refused, not what
 * was. */

/* Returns the grant; "": there is none, or nothing to execute. PATH: the destination. NULL: out of
 * memory. */
static const char *grant_of(
	const struct explanation *e, const struct oci_mount *mount, const char *path)
{
	static const char *const no_place[] = {"/dev", "/proc", "/sys"};

	for (size_t i = 0; i < sizeof(no_place) / sizeof(no_place[0]); i++)
		if (path_within(path, no_place[i]))
			return "";
	return harden_exec_grant(e->c->arena, &e->c->record.grants, mount, mount);
}

/* If the container has the grant already, the config itself demands noexec. */
static int add(struct explanation *e, const struct oci_mount *mount, struct nacre_error *err)
{
	struct explained_noexec *x = &e->noexec[e->n_noexec];
	char path[PATH_TEXT_MAX];

	if (!(mount_has(mount, "noexec") || mount_has(mount, "rnoexec")) || !mount->destination ||
		path_clean(mount->destination, path) < 0)
		return 0;
	x->path = arena_strdup(e->c->arena, path);
	x->grant = grant_of(e, mount, path);
	if (!x->path || !x->grant)
		return arena_fail(e->c->arena, "explain", err);
	if (*x->grant && !oci_strings_have(&e->c->record.grants, x->grant))
		e->n_noexec++;
	return 0;
}

int explain_noexec(struct explanation *e, struct nacre_error *err)
{
	const struct profile *profile = profile_find(e->c->record.profile);
	const struct oci_config *config = e->c->config;
	int r = 0;

	if (!profile || !(profile->flags & (PROFILE_NOEXEC_TMPFS | PROFILE_NOEXEC_WRITABLE)))
		return 0;
	e->noexec = arena_array(e->c->arena, config->n_mounts, sizeof(*e->noexec));
	if (!e->noexec)
		return arena_fail(e->c->arena, "explain", err);
	for (size_t i = 0; i < config->n_mounts && r == 0; i++)
		r = add(e, &config->mounts[i], err);
	return r;
}
