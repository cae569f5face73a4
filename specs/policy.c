/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy.h"

#include <errno.h>
#include <string.h>

#include "specs/audit.h"
#include "specs/fields.h"
#include "specs/harden_rules.h"
#include "specs/path_text.h"
#include "specs/policy_egress.h"
#include "specs/policy_pattern.h"
#include "specs/policy_receipt.h"
#include "specs/policy_userns.h"
#include "specs/policy_workspace.h"
#include "specs/profiles.h"

/* clang-format off */

static const struct field policy_grants_fields[] = {
	FIELD_STRINGS("given", policy_grants, given, 0),
	FIELD_WORDS_PRESENT("allowed", policy_grants, allowed, NULL),
	{},
};
static STRUCT_TYPE(policy_grants);

static const struct field policy_annotations_fields[] = {
	FIELD_STRINGS("may_allow", policy_annotations, may_allow, 0),
	{},
};
static STRUCT_TYPE(policy_annotations);

static const struct field policy_fields[] = {
	FIELD_U32("version", policy, version, FIELD_MUST),
	FIELD_STRING("default_profile", policy, default_profile, 0),
	FIELD_STRING("least_profile", policy, least_profile, 0),
	FIELD_OBJECT("grants", policy, grants, 0, policy_grants),
	FIELD_OBJECT("annotations", policy, annotations, 0, policy_annotations),
	FIELD_OBJECT("egress", policy, egress, 0, policy_egress),
	FIELD_OBJECT("workspace", policy, workspace, 0, policy_workspace),
	FIELD_OBJECT("user_namespace", policy, userns, 0, policy_userns),
	FIELD_STRINGS("require", policy, require, 0),
	FIELD_STRING("audit_file", policy, audit_file, 0),
	FIELD_BOOL("trace_denials", policy, trace_denials, 0),
	FIELD_OPT_BOOL("oom_group", policy, oom_group),
	FIELD_U64("tmp_bytes", policy, tmp_bytes, 0),
	FIELD_STRING("receipt_dir", policy, receipt_dir, 0),
	FIELD_STRING("receipt_key", policy, receipt_key, 0),
	{},
};
static STRUCT_TYPE(policy);

/* clang-format on */

/* --- reading --- */

static int check_profile(const char *key, const char *name, struct nacre_error *err)
{
	return name && harden_profile_check(name, err) < 0 ? fail_prefix(err, "%s", key) : 0;
}

static int check_each(const char *key, const struct oci_strings *list,
	int (*check)(const char *item, struct nacre_error *err), struct nacre_error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (check(list->items[i], err) < 0)
			return fail_prefix(err, "%s[%zu]", key, i);
	}
	return 0;
}

static int check_policy(struct arena *arena, const struct policy *policy, struct nacre_error *err)
{
	const struct policy_grants none = {.has_allowed = false};
	const struct policy_grants *grants = policy->grants ? policy->grants : &none;
	const char *profile = policy->default_profile ? policy->default_profile : PROFILE_DEFAULT;
	int r;

	if (policy->version != POLICY_VERSION)
		return fail(err, EINVAL, "version: this nacre does not support %u; expected %d",
			policy->version, POLICY_VERSION);
	r = check_profile("default_profile", policy->default_profile, err);
	if (r >= 0)
		r = check_profile("least_profile", policy->least_profile, err);
	if (r >= 0)
		r = check_each("grants.given", &grants->given, harden_grant_check, err);
	if (r >= 0)
		r = check_each("grants.allowed", &grants->allowed, policy_pattern_check, err);
	if (r >= 0)
		r = check_each("require", &policy->require, policy_receipt_check_required, err);
	if (r >= 0)
		r = policy_egress_check(arena, policy->egress, err);
	if (r >= 0)
		r = policy_workspace_check(policy->workspace, err);
	if (r >= 0)
		r = policy_userns_check(policy->userns, err);
	if (r < 0)
		return r;
	r = policy->annotations
		    ? check_each("annotations.may_allow", &policy->annotations->may_allow,
			      policy_pattern_check, err)
		    : 0;
	if (r < 0)
		return r;
	if (policy->least_profile &&
		!profile_covers(profile_find(profile), profile_find(policy->least_profile)))
		return fail(err, EINVAL, "default_profile: %s is looser than least_profile, %s",
			profile, policy->least_profile);
	if (policy->tmp_bytes && policy->tmp_bytes < POLICY_TMP_LEAST)
		return fail(err, EINVAL, "tmp_bytes: %llu is less than a page, %d",
			(unsigned long long)policy->tmp_bytes, POLICY_TMP_LEAST);
	if (policy->audit_file && policy->audit_file[0] != '/' &&
		strcmp(policy->audit_file, AUDIT_JOURNAL) != 0)
		return fail(err, EINVAL,
			"audit_file: \"%s\" is not an absolute path, nor \"" AUDIT_JOURNAL "\"",
			policy->audit_file);
	return policy_receipt_check(policy, err);
}

int policy_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct policy **ret_policy, struct nacre_error *err)
{
	struct policy *policy = arena_alloc(arena, sizeof(*policy));
	int r;

	if (!policy)
		return arena_fail(arena, name, err);
	r = fields_decode_strictly(arena, name, text, length, &policy_type, policy, err);
	if (r < 0)
		return r;
	if (check_policy(arena, policy, err) < 0)
		return fail_prefix(err, "%s", name);
	policy->name = name;
	*ret_policy = policy;
	return 0;
}

bool policy_matches(const struct oci_strings *patterns, const char *grant)
{
	for (size_t i = 0; i < patterns->n; i++) {
		if (policy_pattern_matches(patterns->items[i], grant))
			return true;
	}
	return false;
}

/* --- deciding --- */

struct decision {
	struct arena *arena;
	const struct policy *policy; /* never NULL */
	struct harden_request request;
	size_t room; /* for grants */
	const char *workspace, *userns; /* values of the annotations */
	struct nacre_error *err;
};

static int add_grant(struct decision *d, const char *grant, const char *by)
{
	struct harden_request *request = &d->request;
	int r;

	r = harden_grant_check(grant, d->err);
	if (r < 0)
		return r;
	if (request->grants.n == d->room) {
		size_t room = 2 * d->room + 8;
		const char **items = arena_array(d->arena, room, sizeof(*items));
		const char **origins = arena_array(d->arena, room, sizeof(*origins));

		if (!items || !origins)
			return arena_fail(d->arena, "grants", d->err);
		for (size_t i = 0; i < request->grants.n; i++) {
			items[i] = request->grants.items[i];
			origins[i] = request->granted_by[i];
		}
		request->grants.items = items;
		request->granted_by = origins;
		d->room = room;
	}
	request->granted_by[request->grants.n] = by;
	request->grants.items[request->grants.n++] = grant;
	return 0;
}

static int check_least(const struct decision *d, const char *profile)
{
	const char *least = d->policy->least_profile;

	if (!least || profile_covers(profile_find(profile), profile_find(least)))
		return 0;
	return fail(d->err, EPERM, "profile %s: %s allows no profile that is looser than %s",
		profile, d->policy->name, least);
}

static int take_policy(struct decision *d)
{
	const struct policy_grants *grants = d->policy->grants;
	int r = 0;

	for (size_t i = 0; grants && i < grants->given.n && r == 0; i++)
		r = add_grant(d, grants->given.items[i], BY_POLICY);
	return r;
}

static int take_command_line(struct decision *d, const struct policy_request *request)
{
	const struct policy_grants *grants = d->policy->grants;
	const struct oci_strings *wanted = &request->grants;
	int r;

	if (request->profile) {
		/* The profile is from an option or from the program's name. */
		r = harden_profile_check(request->profile, d->err);
		if (r < 0)
			return r;
		d->request.profile = request->profile;
	}
	r = check_least(d, d->request.profile);
	if (r < 0)
		return r;
	for (size_t i = 0; i < wanted->n; i++) {
		if (add_grant(d, wanted->items[i], BY_COMMAND) < 0)
			return fail_prefix(d->err, "--allow");
		if (grants && grants->has_allowed &&
			!policy_matches(&grants->allowed, wanted->items[i]))
			return fail(d->err, EPERM,
				"--allow %s: the grant is not listed in grants.allowed of %s",
				wanted->items[i], d->policy->name);
	}
	return 0;
}

/* --- annotations --- */

static int take_profile(struct decision *d, const char *value)
{
	int r;

	r = check_profile("annotation run.nacre.profile", value, d->err);
	if (r < 0)
		return r;
	if (!profile_covers(profile_find(value), profile_find(d->request.profile)))
		return fail(d->err, EPERM,
			"annotation run.nacre.profile: %s is looser than %s: an annotation may "
			"only tighten",
			value, d->request.profile);
	d->request.profile = value;
	return 0;
}

static int take_allow(struct decision *d, const char *value)
{
	static const struct oci_strings none;
	const struct policy_annotations *annotations = d->policy->annotations;
	static const char space[] = " \t\n";

	for (value += strspn(value, space); *value; value += strspn(value, space)) {
		size_t length = strcspn(value, space);
		const char *grant = arena_strndup(d->arena, value, length);

		if (!grant)
			return arena_fail(d->arena, "annotations", d->err);
		if (add_grant(d, grant, BY_ANNOTATION) < 0)
			return fail_prefix(d->err, "annotation run.nacre.allow");
		if (!policy_matches(annotations ? &annotations->may_allow : &none, grant))
			return fail(d->err, EPERM,
				"annotation run.nacre.allow: %s: the grant is not listed in "
				"annotations.may_allow of %s",
				grant, d->policy->name);
		value += length;
	}
	return 0;
}

static int take_annotation(struct decision *d, const struct oci_pair *pair)
{
	static const char prefix[] = "run.nacre.", of_pods[] = "io.kubernetes.";

	d->request.in_pod |= !strncmp(pair->key, of_pods, strlen(of_pods));
	if (strncmp(pair->key, prefix, strlen(prefix)))
		return 0;
	if (!strcmp(pair->key, "run.nacre.profile"))
		return take_profile(d, pair->value);
	if (!strcmp(pair->key, ANNOTATION_ALLOW))
		return take_allow(d, pair->value);
	if (policy_egress_has_key(pair->key))
		return 0;
	if (!strcmp(pair->key, ANNOTATION_WORKSPACE)) {
		d->workspace = pair->value;
		return 0;
	}
	if (!strcmp(pair->key, ANNOTATION_USERNS)) {
		d->userns = pair->value;
		return 0;
	}
	/* A misspelled key must not mean "unprotected". */
	return fail(d->err, EINVAL,
		"annotation \"%.128s\": nacre does not know this key; valid are run.nacre.profile, "
		"run.nacre.allow, run.nacre.egress, run.nacre.userns and run.nacre.workspace",
		pair->key);
}

/* Joins both lists, without duplicates. */
static int take_required(struct decision *d, const struct oci_strings *also)
{
	const struct oci_strings *lists[] = {&d->policy->require, also};
	struct oci_strings *all = &d->request.require;

	all->items = arena_array(d->arena, lists[0]->n + lists[1]->n, sizeof(*all->items));
	if (!all->items)
		return arena_fail(d->arena, "required rules", d->err);
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < lists[i]->n; k++) {
			if (!strcmp(lists[i]->items[k], REQUIRE_RECEIPT))
				d->request.receipt = true;
			else if (!oci_strings_have(all, lists[i]->items[k]))
				all->items[all->n++] = lists[i]->items[k];
		}
	}
	return 0;
}

static const struct policy no_policy = {.name = "/etc/nacre/policy.json, which does not exist"};

int policy_decide(struct arena *arena, const struct policy *policy,
	const struct policy_request *request, const struct oci_map *annotations,
	struct harden_request *ret_request, struct nacre_error *err)
{
	struct decision d = {.arena = arena, .policy = policy ? policy : &no_policy, .err = err};
	const char *egress = NULL;
	int r;

	d.request.profile = d.policy->default_profile ? d.policy->default_profile : PROFILE_DEFAULT;
	r = take_policy(&d);
	if (r == 0)
		r = take_command_line(&d, request);
	for (size_t i = 0; i < annotations->n && r == 0; i++)
		r = take_annotation(&d, &annotations->items[i]);
	if (r == 0)
		r = take_required(&d, &request->require);
	if (r == 0)
		r = policy_egress_find(annotations, &egress, err);
	if (r == 0)
		r = policy_egress_decide(arena, d.policy,
			&(struct policy_egress_request){&request->egress, egress}, &d.request, err);
	if (r < 0)
		return r;
	r = policy_userns_decide(d.policy, request, d.userns, &d.request, err);
	if (r < 0)
		return r;
	r = policy_workspace_decide(arena, d.policy, request, d.workspace, &d.request, err);
	if (r < 0)
		return r;
	d.request.oom_group = d.policy->oom_group;
	d.request.tmp_bytes = d.policy->tmp_bytes;
	*ret_request = d.request;
	return 0;
}

int policy_decide_update(struct arena *arena, const struct policy *policy,
	const struct oci_strings *asked, struct harden_request *request, struct nacre_error *err)
{
	const struct policy_egress_request only = {.asked = asked};
	struct harden_request decided = {.profile = request->profile};
	int r = policy_egress_decide(arena, policy ? policy : &no_policy, &only, &decided, err);

	if (r < 0)
		return r;
	request->egress = decided.egress;
	request->egress_given = decided.egress_given;
	request->egress_replaces = true;
	return 0;
}
