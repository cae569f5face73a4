/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/harden_opened.h"
#include "specs/harden_rules.h"
#include "specs/nearest.h"

/*
 * The rules, and the loop over them. A rule reads the config, changes it only to be tighter, and
 * notes every change; or it refuses, if an edit would silently give something other than what was
 * asked for. Three laws apply to each, and tests check them with all of their configs:
 * harden(harden(x)) = harden(x); harden(x) is never looser than x; a valid x stays valid.
 */

/* clang-format off */
const struct rule harden_rules[] = {
#define ROW(id, name, loosest, effect, scope, why) \
	{name, RULE_##id, RULE_EFFECT_##effect, RULE_SCOPE_##scope, rule_##id, why},
	PROFILE_RULES(ROW)
#undef ROW
	{.name = NULL},
};
/* clang-format on */

void harden_rule_each(void (*each)(void *data, const char *name, const char *why), void *data)
{
	for (const struct rule *rule = harden_rules; rule->name; rule++)
		each(data, rule->name, rule->why);
}

int harden_rule_check(const char *name, struct nacre_error *err)
{
	struct nearest nearest = {.given = name};
	char hint[NEAREST_HINT];

	for (const struct rule *rule = harden_rules; rule->name; rule++) {
		if (!strcmp(rule->name, name))
			return 0;
		nearest_offer(&nearest, rule->name);
	}
	return fail(err, EINVAL, "\"%s\" is not a rule%s; see nacre help rules", name,
		nearest_hint(&nearest, hint));
}

/* Egress rules apply in every profile if anything gives them, config.json included. */
static bool has_rule(const struct hardening *h, enum profile_rule rule)
{
	return harden_has_rule(h->request, rule) ||
	       (rule == RULE_egress &&
		       (h->request->egress.n || h->request->egress_stays ||
			       (h->config && harden_egress_holds(h->config->nacre))));
}

static int check_required(const struct hardening *h)
{
	const struct oci_strings *require = &h->request->require;

	for (size_t i = 0; i < require->n; i++) {
		const struct rule *rule = harden_rules;

		if (harden_rule_check(require->items[i], h->err) < 0)
			return -h->err->code;
		while (strcmp(rule->name, require->items[i]))
			rule++;
		if (!has_rule(h, rule->id))
			return fail(h->err, EPERM,
				"rule %s is required, but profile %s does not have it; choose a "
				"profile that has it",
				rule->name, h->profile->name);
	}
	return 0;
}

void harden_profile_each(
	void (*each)(void *data, const char *name, const char *summary), void *data)
{
	for (const struct profile *profile = profiles; profile->name; profile++)
		each(data, profile->name, profile->summary);
}

int harden_profile_check(const char *name, struct nacre_error *err)
{
	struct nearest nearest = {.given = name};
	char hint[NEAREST_HINT], names[128] = "";
	size_t used = 0;

	for (const struct profile *profile = profiles; profile->name; profile++) {
		if (!strcmp(profile->name, name))
			return 0;
		nearest_offer(&nearest, profile->name);
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
				!used		  ? ""
				: profile[1].name ? ", "
						  : " and ",
				profile->name);
	}
	return fail(err, EINVAL, "unknown profile \"%s\"%s; valid are %s", name,
		nearest_hint(&nearest, hint), names);
}

int harden_list_rules(
	struct arena *arena, const char *profile, bool shifted, struct oci_strings *ret_rules)
{
	const struct harden_request request = {.profile = profile, .shifted = shifted};

	*ret_rules = (struct oci_strings){.n = 0};
	for (const struct rule *rule = harden_rules; profile && rule->name; rule++) {
		const bool has = rule->id == RULE_user_namespace
					 ? shifted
					 : harden_has_rule(&request, rule->id);

		if (has && !harden_append_word(arena, ret_rules, rule->name))
			return -ENOMEM;
	}
	return 0;
}

static bool applies(const struct hardening *h, const struct rule *rule)
{
	return has_rule(h, rule->id) && (rule->scope == RULE_SCOPE_PROCESS || h->config);
}

/* Prepares everything except the copy of the config. */
static int prepare(struct hardening *h)
{
	const struct harden_request *request = h->request;

	h->profile = profile_find(request->profile);
	if (!h->profile)
		return harden_profile_check(request->profile, h->err);
	for (size_t i = 0; i < request->grants.n; i++) {
		int r = harden_grant_check(request->grants.items[i], h->err);

		if (r < 0)
			return r;
	}
	if (check_required(h) < 0)
		return -h->err->code;
	h->report = arena_alloc(h->arena, sizeof(*h->report));
	h->used = arena_array(h->arena, request->grants.n + 1, sizeof(*h->used));
	if (!h->report || !h->used)
		return harden_out_of_memory(h);
	h->report->profile = h->profile->name;
	h->report->request = *request;
	return 0;
}

static int run_rules(struct hardening *h)
{
	struct oci_strings *names = &h->report->rules;

	names->items = arena_array(h->arena, N_PROFILE_RULES, sizeof(*names->items));
	if (!names->items)
		return harden_out_of_memory(h);
	for (h->rule = harden_rules; h->rule->name; h->rule++) {
		int r;

		if (!applies(h, h->rule))
			continue;
		names->items[names->n++] = h->rule->name;
		r = h->rule->function(h);
		r = r < 0 ? r : h->failed;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Lists each used grant once, in the order in which they were given. */
static int list_granted(struct hardening *h)
{
	struct oci_strings *granted_list = &h->report->granted;

	for (size_t i = 0; i < h->request->grants.n; i++) {
		const char *grant = h->request->grants.items[i];

		if (!h->used[i] || oci_strings_have(granted_list, grant))
			continue;
		grant = arena_strdup(h->arena, grant);
		if (!grant || !harden_append_word(h->arena, granted_list, grant))
			return harden_out_of_memory(h);
	}
	return 0;
}

int harden(struct arena *arena, const struct oci_config *config,
	const struct harden_request *request, struct oci_config **ret_config,
	struct harden_report **ret_report, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};
	int r = prepare(&h);

	if (r == 0)
		r = oci_config_copy(arena, config, &h.config, err);
	if (r < 0)
		return r;
	h.process = h.config->process;
	r = harden_workspaces(&h);
	if (r == 0)
		r = run_rules(&h);
	if (r == 0)
		r = list_granted(&h);
	if (r < 0)
		return r;
	if (h.config->nacre && !h.config->nacre->limits_required)
		h.report->best_effort = h.config->nacre->best_effort;
	if (workspace_words(arena, h.config, &h.report->workspaces) < 0)
		return harden_out_of_memory(&h);
	*ret_config = h.config;
	*ret_report = h.report;
	return 0;
}

int harden_process(struct arena *arena, const struct oci_process *process,
	const struct harden_request *request, struct oci_process **ret_process,
	struct harden_report **ret_report, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};
	int r = prepare(&h);

	if (r == 0)
		r = oci_process_copy(arena, process, &h.process, err);
	if (r == 0)
		r = run_rules(&h);
	if (r == 0)
		r = list_granted(&h);
	if (r < 0)
		return r;
	*ret_process = h.process;
	*ret_report = h.report;
	return 0;
}
