/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden_opened.h"

#include "specs/harden_rules.h"

/* Rules applied to an object that was opened, for libcontainer/mount/mount_guard.c, which knows
 * what the object is. */

bool harden_has_rule(const struct harden_request *request, enum profile_rule rule)
{
	const struct profile *profile = profile_find(request->profile);

	return profile &&
	       (profile_has(profile, rule) || (rule == RULE_user_namespace && request->shifted));
}

bool harden_takes_grants(const struct harden_request *request, enum profile_rule rule)
{
	return !oci_strings_have(&request->require, harden_rules[rule].name);
}

bool harden_has_grant(
	const struct harden_request *request, enum profile_rule rule, const char *grant)
{
	return harden_takes_grants(request, rule) && oci_strings_have(&request->grants, grant);
}

bool harden_grant_path(const char *grant, const char *kind, char ret_path[static 4096])
{
	const char *item = harden_grant_item(grant, kind);

	return item && harden_host_path(item, ret_path) == 0;
}

int harden_each_disk(const struct harden_request *request,
	int (*each)(void *data, const char *node, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	int r = 0;

	if (!harden_takes_grants(request, RULE_mount_sources))
		return 0;
	for (size_t i = 0; i < request->grants.n && r == 0; i++) {
		const char *node = harden_grant_item(request->grants.items[i], "disk");

		if (node)
			r = each(data, node, err);
	}
	return r;
}

static void begin(struct hardening *h, enum profile_rule rule)
{
	h->profile = profile_find(h->request->profile);
	h->rule = &harden_rules[rule];
}

int harden_judge_source(struct arena *arena, const struct harden_request *request, bool *used,
	const char *place, const char *path, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .used = used, .err = err};

	begin(&h, RULE_mount_sources);
	return harden_judge_path(&h, place, path);
}

int harden_refuse_opened(struct arena *arena, const struct harden_request *request,
	enum profile_rule rule, const char *place, const char *grant, const char *text,
	struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};

	begin(&h, rule);
	return harden_refuse(&h, grant, place, "%s", text);
}

int harden_refuse_disk(struct arena *arena, const struct harden_request *request, const char *place,
	const char *path, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};

	begin(&h, RULE_mount_sources);
	return harden_refuse(&h, harden_text(&h, "disk:%s", path), place,
		"%s is a disk that no grant names", path);
}
