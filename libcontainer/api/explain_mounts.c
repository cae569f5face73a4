/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/api/explain.h"
#include "specs/harden_rules.h"
#include "specs/json.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/profiles.h"

/* Finds where a profile permits no program to be executed (rule mount-flags), and the grant that
 * would, and a root that it makes read-only. The kernel returns EACCES or EROFS and nothing counts
 * it, so this is what can be refused, not what was. */

#define ROOT_GRANT "rootfs-write"

/* Returns whether a command wrote the config (sandbox, bwrap), so that its user never sees it. */
static bool is_sandbox(const struct container *c)
{
	return c->config->nacre && c->config->nacre->root_tmpfs;
}

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

static int find_noexec(
	struct explanation *e, const struct profile *profile, struct nacre_error *err)
{
	const struct oci_config *config = e->c->config;
	int r = 0;

	if (!(profile->flags & (PROFILE_NOEXEC_TMPFS | PROFILE_NOEXEC_WRITABLE)))
		return 0;
	e->noexec = arena_array(e->c->arena, config->n_mounts, sizeof(*e->noexec));
	if (!e->noexec)
		return arena_fail(e->c->arena, "explain", err);
	for (size_t i = 0; i < config->n_mounts && r == 0; i++)
		r = add(e, &config->mounts[i], err);
	return r;
}

/* A sandbox has a root without files. If the container has the grant already, the config itself
 * demands a read-only root. */
static bool root_is_read_only(const struct container *c, const struct profile *profile)
{
	const struct oci_config *config = c->config;

	return profile_has(profile, RULE_read_only_root) && config->root &&
	       config->root->readonly && !is_sandbox(c) &&
	       !oci_strings_have(&c->record.grants, ROOT_GRANT);
}

int explain_mounts(struct explanation *e, struct nacre_error *err)
{
	const struct profile *profile = profile_find(e->c->record.profile);

	if (!profile)
		return 0;
	e->root_read_only = root_is_read_only(e->c, profile);
	return find_noexec(e, profile, err);
}

/* --- output --- */

static void print_noexec(FILE *out, const struct explanation *e)
{
	for (size_t i = 0; i < e->n_noexec; i++) {
		const struct explained_noexec *x = &e->noexec[i];

		(void)fprintf(
			out, "programs in %s cannot be run (noexec, rule mount-flags): ", x->path);
		explain_print_allow(out, "", x->grant);
		if (!is_sandbox(e->c))
			(void)fputs(", unless config.json says noexec itself", out);
		(void)fputs(!strcmp(x->path, "/tmp") ? "; or TMPDIR and GOTMPDIR in another "
						       "directory\n"
						     : "\n",
			out);
	}
}

static void print_root(FILE *out)
{
	(void)fputs("only mounts can be written to (rule read-only-root): --allow " ROOT_GRANT
		    ", unless config.json says root.readonly itself\n",
		out);
}

void explain_print_mounts(FILE *out, const struct explanation *e)
{
	if (e->root_read_only) {
		(void)fputs("\nREAD-ONLY ROOT (EROFS, which cannot be counted)\n", out);
		print_root(out);
	}
	if (e->n_noexec) {
		(void)fputs("\nMOUNTS WITHOUT EXEC (EACCES, which cannot be counted)\n", out);
		print_noexec(out, e);
	}
}

static void print_if(FILE *out, const struct explanation *e, const char *words)
{
	(void)fprintf(out, "container %s, profile %s: if a program failed with \"%s\":\n", e->c->id,
		e->c->record.profile, words);
}

void explain_print_causes(FILE *out, const struct explanation *e)
{
	if (e->root_read_only) {
		print_if(out, e, strerror(EROFS));
		print_root(out);
	}
	if (e->n_noexec) {
		print_if(out, e, strerror(EACCES));
		print_noexec(out, e);
	}
}

void explain_write_mounts(struct json_writer *w, const struct explanation *e)
{
	json_key_string(w, "readOnlyRoot", e->root_read_only ? ROOT_GRANT : "");
	json_key(w, "noexec");
	json_open_array(w);
	for (size_t i = 0; i < e->n_noexec; i++) {
		json_open_object(w);
		json_key_string(w, "path", e->noexec[i].path);
		json_key_string(w, "grant", e->noexec[i].grant);
		json_close_object(w);
	}
	json_close_array(w);
}
