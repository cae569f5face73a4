/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"
#include "specs/validate_checks.h"

/*
 * Workspaces, as the command line, the annotation and the object "nacre" of config.json ask for
 * them. They are allowed in every profile: a workspace in the form cow only prevents writes of the
 * bind to the host, and the later rules judge one that the command line adds as if config.json had
 * it.
 */

/* Takes the place of a row of rules.h in notes. */
static const struct rule asked = {
	.name = "workspace",
	.why = "writes go to a copy and reach the host only when someone applies them",
};

static bool is_at(const struct oci_mount *mount, const char *destination)
{
	return !mount_has(mount, "remount") && harden_lands(mount, destination, false);
}

/* Finds the mount at DESTINATION, which must be clean; N_MOUNTS: none. */
static size_t find_mount(const struct oci_config *config, const char *destination)
{
	size_t i = 0;

	while (i < config->n_mounts && !is_at(&config->mounts[i], destination))
		i++;
	return i;
}

static struct oci_workspace *add_mark(struct hardening *h, const char *destination)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	struct oci_workspace *larger = nacre ? harden_insert_element(h->arena, nacre->workspaces,
						       nacre->n_workspaces, sizeof(*larger),
						       nacre->n_workspaces)
					     : NULL;

	if (!larger)
		return NULL;
	nacre->workspaces = larger;
	larger[nacre->n_workspaces].destination = destination;
	return &larger[nacre->n_workspaces++];
}

static void note_mark(struct hardening *h, const struct oci_workspace *mark)
{
	harden_note(h, "nacre.workspaces", NULL,
		harden_text(h, "{\"destination\":%s,\"form\":\"%s\"}",
			harden_json_of_string(h, mark->destination), mark->form));
}

/* Finds the place for a new mount: mounts are made in order, so it must come before all mounts
 * below it. */
static size_t place_for(const struct oci_config *config, const char *destination)
{
	size_t i = 0;

	while (i < config->n_mounts && !harden_lands(&config->mounts[i], destination, true))
		i++;
	return i;
}

static int add_mount(struct hardening *h, const struct workspace_request *request)
{
	static const char *const of_copy[] = {"bind", "rw", "nosuid", "nodev", NULL};
	static const char *const of_direct[] = {"rbind", "rw", "rnosuid", "rnodev", NULL};
	static const char *const of_read_only[] = {"rbind", "rro", "rnosuid", "rnodev", NULL};
	const char *const *words = !strcmp(request->form, WORKSPACE_COW)      ? of_copy
				   : !strcmp(request->form, WORKSPACE_DIRECT) ? of_direct
									      : of_read_only;
	struct oci_config *config = h->config;
	const size_t at = place_for(config, request->destination);
	struct oci_mount *larger = harden_insert_element(
		h->arena, config->mounts, config->n_mounts, sizeof(*larger), at);

	if (!larger)
		return harden_out_of_memory(h);
	config->mounts = larger;
	config->n_mounts++;
	larger[at].destination = request->destination;
	larger[at].type = "bind";
	larger[at].source = request->source;
	for (; *words; words++)
		if (!harden_append_word(h->arena, &larger[at].options, *words))
			return harden_out_of_memory(h);
	harden_note(h, harden_text(h, "mounts[%zu]", at), NULL,
		harden_text(h, "{\"destination\":%s,\"source\":%s,\"options\":%s}",
			harden_json_of_string(h, request->destination),
			harden_json_of_string(h, request->source),
			harden_json_of_words(h, &larger[at].options)));
	return 0;
}

/* Returns whether an earlier call has made mount I from the same request. */
static bool is_there(struct hardening *h, const struct workspace_request *request, size_t i)
{
	const struct oci_mount *mount = &h->config->mounts[i];
	const struct oci_workspace *mark = oci_find_workspace(h->config, mount);

	if (!mount_is_bind(mount) || !mount->source || strcmp(mount->source, request->source) != 0)
		return false;
	return mark ? !strcmp(mark->form, request->form)
		    : !strcmp(request->form, WORKSPACE_READ_ONLY);
}

static int add(struct hardening *h, const struct workspace_request *request)
{
	const size_t found = find_mount(h->config, request->destination);
	struct oci_workspace *mark;
	int r;

	if (found < h->config->n_mounts && is_there(h, request, found))
		return 0;
	if (found < h->config->n_mounts)
		return fail(h->err, EEXIST,
			"--workspace %s: mounts[%zu] already has the destination %s: choose "
			"another (SRC:DEST), or turn that bind mount into a workspace with the "
			"annotation run.nacre.workspace",
			request->source, found, request->destination);
	r = add_mount(h, request);
	if (r < 0 || !strcmp(request->form, WORKSPACE_READ_ONLY))
		return r;
	mark = add_mark(h, request->destination);
	if (!mark)
		return harden_out_of_memory(h);
	mark->form = request->form;
	mark->bytes = request->bytes;
	mark->tmpfs = request->tmpfs;
	note_mark(h, mark);
	return 0;
}

static int convert(struct hardening *h, const char *destination)
{
	const size_t found = find_mount(h->config, destination);
	struct oci_mount *mount = &h->config->mounts[found];
	struct oci_workspace *mark;

	if (found == h->config->n_mounts || !mount_is_bind(mount))
		return fail(h->err, EINVAL,
			"annotation run.nacre.workspace: config.json has no bind mount with the "
			"destination %s",
			destination);
	/* Leaves a read-only bind: its upper directory would always be empty. */
	if (mount_is_read_only(mount) || oci_find_workspace(h->config, mount))
		return 0;
	mark = add_mark(h, mount->destination);
	if (!mark)
		return harden_out_of_memory(h);
	mark->form = WORKSPACE_COW;
	note_mark(h, mark);
	return 0;
}

/* Returns the smaller one of those that are not 0. */
static uint64_t lower(uint64_t a, uint64_t b)
{
	return a && (!b || a < b) ? a : b;
}

/* Returns whether the command line has set the size: it may exceed the policy's default. */
static bool is_asked(struct hardening *h, const struct oci_workspace *mark)
{
	char clean[PATH_TEXT_MAX];

	if (!mark->bytes || path_clean(mark->destination, clean) < 0)
		return false;
	for (size_t i = 0; i < h->request->n_workspaces; i++)
		if (!strcmp(h->request->workspaces[i].destination, clean) &&
			h->request->workspaces[i].bytes == mark->bytes)
			return true;
	return false;
}

static int settle(struct hardening *h, struct oci_workspace *mark)
{
	const struct oci_workspace *defaults = &h->request->workspace_defaults;
	const uint64_t bytes = is_asked(h, mark) ? mark->bytes
						 : lower(mark->bytes, defaults->bytes);

	if (strcmp(mark->form, WORKSPACE_COW) == 0) {
		mark->best_effort |= !mark->bytes && bytes;
		mark->bytes = bytes;
		mark->inodes = lower(mark->inodes, defaults->inodes);
	}
	for (size_t i = 0; i < defaults->protect.n; i++)
		if (!oci_strings_have(&mark->protect, defaults->protect.items[i]) &&
			!harden_append_word(h->arena, &mark->protect, defaults->protect.items[i]))
			return harden_out_of_memory(h);
	return 0;
}

int harden_workspaces(struct hardening *h)
{
	const struct harden_request *request = h->request;
	int r = 0;

	h->rule = &asked;
	for (size_t i = 0; i < request->n_workspaces && r == 0; i++)
		r = add(h, &request->workspaces[i]);
	for (size_t i = 0; i < request->workspace_binds.n && r == 0; i++)
		r = convert(h, request->workspace_binds.items[i]);
	for (size_t i = 0; r == 0 && h->config->nacre && i < h->config->nacre->n_workspaces; i++)
		r = settle(h, &h->config->nacre->workspaces[i]);
	/* Those of config.json were checked with it. */
	if (r == 0 && (request->n_workspaces || request->workspace_binds.n))
		r = validate_workspaces(h->config, h->err);
	return r < 0 ? r : h->failed;
}
