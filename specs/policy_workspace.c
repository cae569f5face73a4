/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy_workspace.h"

#include <errno.h>
#include <string.h>

#include "specs/fields.h"
#include "specs/harden_opened.h"

/* clang-format off */

static const struct field policy_workspace_fields[] = {
	FIELD_U64("bytes", policy_workspace, bytes, 0),
	FIELD_U64("inodes", policy_workspace, inodes, 0),
	FIELD_STRINGS("protect", policy_workspace, protect, 0),
	{},
};
STRUCT_TYPE(policy_workspace);

/* clang-format on */

enum {
	BYTES_LEAST = 64 * 1024,
	INODES_LEAST = 16,
};

int policy_workspace_check(const struct policy_workspace *workspace, struct nacre_error *err)
{
	if (!workspace)
		return 0;
	if (workspace->bytes && workspace->bytes < BYTES_LEAST)
		return fail(err, EINVAL, "workspace.bytes: %llu is less than %d",
			(unsigned long long)workspace->bytes, BYTES_LEAST);
	if (workspace->inodes && workspace->inodes < INODES_LEAST)
		return fail(err, EINVAL, "workspace.inodes: %llu is less than %d",
			(unsigned long long)workspace->inodes, INODES_LEAST);
	for (size_t i = 0; i < workspace->protect.n; i++) {
		const char *name = workspace->protect.items[i];

		if (!*name || *name == '/' || strstr(name, ".."))
			return fail(err, EINVAL,
				"workspace.protect[%zu]: \"%.64s\": expected a name, or a path "
				"below the workspace",
				i, name);
	}
	return 0;
}

/* Adds the grant for a workspace in the form direct, which needs the same grant as a bind where
 * binds are read-only. The policy's list of grants applies to the command line, too. */
static int grant(struct arena *arena, const struct policy *policy,
	const struct workspace_request *workspace, struct harden_request *request,
	struct nacre_error *err)
{
	const char **items = arena_array(arena, request->grants.n + 1, sizeof(*items));
	const char **origins = arena_array(arena, request->grants.n + 1, sizeof(*origins));
	const char *word = arena_printf(arena, "workspace:%s", workspace->source);

	if (!items || !origins || !word)
		return arena_fail(arena, "grants", err);
	if (policy->grants && policy->grants->has_allowed &&
		!policy_matches(&policy->grants->allowed, word))
		return fail(err, EPERM,
			"--workspace %s:direct: the grant %s is not listed in grants.allowed of %s",
			workspace->source, word, policy->name);
	for (size_t i = 0; i < request->grants.n; i++) {
		items[i] = request->grants.items[i];
		origins[i] = request->granted_by[i];
	}
	items[request->grants.n] = word;
	origins[request->grants.n++] = BY_COMMAND;
	request->grants.items = items;
	request->granted_by = origins;
	return 0;
}

int policy_workspace_decide(struct arena *arena, const struct policy *policy,
	const struct policy_request *asked, const char *annotation,
	struct harden_request *ret_request, struct nacre_error *err)
{
	const struct policy_workspace *own = policy->workspace;
	int r = 0;

	ret_request->workspaces = asked->workspaces;
	ret_request->n_workspaces = asked->n_workspaces;
	if (own)
		ret_request->workspace_defaults = (struct oci_workspace){
			.bytes = own->bytes, .inodes = own->inodes, .protect = own->protect};
	for (size_t i = 0; i < asked->n_workspaces && r == 0; i++)
		if (!strcmp(asked->workspaces[i].form, WORKSPACE_DIRECT) &&
			harden_has_rule(ret_request, RULE_writable_binds))
			r = grant(arena, policy, &asked->workspaces[i], ret_request, err);
	if (r < 0 || !annotation)
		return r;
	r = workspace_annotation_parse(arena, annotation, &ret_request->workspace_binds, err);
	return r < 0 ? fail_prefix(err, "annotation " ANNOTATION_WORKSPACE) : 0;
}
