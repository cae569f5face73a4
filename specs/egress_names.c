/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress_names.h"

#include <errno.h>
#include <string.h>

#include "specs/spec.h"

const struct egress_network egress_names_network = {
	.address = {EGRESS_NAMES_NETWORK >> 24, EGRESS_NAMES_NETWORK >> 16 & 0xff},
	.prefix = EGRESS_NAMES_PREFIX,
};

static const struct egress_network link_local = {.address = {169, 254}, .prefix = 16};

static bool is_exact(const struct egress_rule *rule)
{
	return rule->kind == EGRESS_NAME && !rule->wildcard;
}

bool egress_names_any(const struct egress_policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (policy->rules[i].kind == EGRESS_NAME)
			return true;
	return false;
}

bool egress_names_in(const struct oci_strings *words)
{
	cleanup_arena struct arena *arena = words->n ? arena_new(SIZE_MAX) : NULL;
	struct egress_policy policy;
	struct nacre_error ignored;

	return arena && egress_policy_parse(arena, words, &policy, &ignored) == 0 &&
	       egress_names_any(&policy);
}

static int add_name(struct oci_strings *names, const char *name, struct nacre_error *err)
{
	if (oci_strings_have(names, name))
		return 0;
	if (names->n == EGRESS_NAMES_MAX)
		return fail(err, E2BIG,
			"egress rules: the container has had more than %d different names in its "
			"rules; create it anew",
			EGRESS_NAMES_MAX);
	names->items[names->n++] = name;
	return 0;
}

int egress_names_assign(struct arena *arena, const struct oci_strings *before,
	struct egress_policy *policy, struct nacre_error *err)
{
	struct oci_strings names = {
		.items = arena_array(arena, before->n + policy->n_rules, sizeof(*names.items))};
	int r = 0;

	if (!names.items)
		return arena_fail(arena, "egress rules", err);
	for (size_t i = 0; i < before->n && r == 0; i++) {
		if (!egress_is_name(before->items[i], strlen(before->items[i])))
			return fail(err, EINVAL,
				"nacre.egressNames: expected a host name, found \"%.128s\"",
				before->items[i]);
		r = add_name(&names, before->items[i], err);
	}
	for (size_t i = 0; i < policy->n_rules && r == 0; i++)
		if (is_exact(&policy->rules[i]))
			r = add_name(&names, policy->rules[i].name, err);
	if (r < 0)
		return r;
	policy->names = names;
	return 0;
}

uint32_t egress_names_address(const struct egress_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->names.n; i++)
		if (strcmp(policy->names.items[i], name) == 0)
			return EGRESS_FIRST_NAME + (uint32_t)i;
	return 0;
}

const char *egress_names_at(const struct egress_policy *policy, uint32_t address)
{
	return address >= EGRESS_FIRST_NAME && address - EGRESS_FIRST_NAME < policy->names.n
		       ? policy->names.items[address - EGRESS_FIRST_NAME]
		       : NULL;
}

bool egress_names_allow(const struct egress_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (egress_rule_names(&policy->rules[i], name))
			return true;
	return false;
}

static bool applies(const struct egress_rule *rule, const char *name, uint16_t port, bool unchecked)
{
	return egress_rule_names(rule, name) && egress_rule_has_port(rule, port) &&
	       (rule->unchecked || !unchecked);
}

bool egress_names_allow_port(
	const struct egress_policy *policy, const char *name, uint16_t port, bool unchecked)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (applies(&policy->rules[i], name, port, unchecked))
			return true;
	return false;
}

static bool have(const uint16_t *ports, size_t n, unsigned port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i] == port)
			return true;
	return false;
}

size_t egress_names_ports(
	const struct egress_policy *policy, uint16_t ret_ports[EGRESS_NAME_PORTS_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct egress_rule *rule = &policy->rules[i];

		for (size_t j = 0; rule->kind == EGRESS_NAME && j < rule->n_ports; j++)
			for (unsigned port = rule->ports[j].first;
				port <= rule->ports[j].last && n <= EGRESS_NAME_PORTS_MAX; port++)
				if (!have(ret_ports, n, port))
					ret_ports[n++] = (uint16_t)port;
	}
	return n;
}

bool egress_answer_in(
	const struct egress_answer *answer, const struct egress_network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (egress_network_has(&networks[i], answer->address, answer->v6))
			return true;
	return false;
}

struct egress_answer egress_answer_inner(const struct egress_answer *answer)
{
	struct egress_answer of_v4 = {.v6 = false};

	return answer->v6 && egress_address_inside(answer->address, of_v4.address) ? of_v4
										   : *answer;
}

bool egress_names_allow_answer(const struct egress_policy *policy, bool metadata, const char *name,
	uint16_t port, bool unchecked, const struct egress_answer *answer)
{
	const struct egress_answer judged = egress_answer_inner(answer);
	const bool is_metadata = egress_answer_in(&judged, egress_metadata, egress_n_metadata);
	const bool is_private = egress_answer_in(&judged, egress_private, egress_n_private);
	const bool is_never = egress_answer_in(&judged, egress_nowhere, egress_n_nowhere) ||
			      egress_answer_in(&judged, &link_local, 1);

	if (is_metadata ? !metadata : is_never)
		return false;
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct egress_rule *rule = &policy->rules[i];

		if (!applies(rule, name, port, unchecked))
			continue;
		if (rule->n_within ? egress_answer_in(&judged, rule->within, rule->n_within)
				   : !is_private || policy->private_answers || is_metadata)
			return true;
	}
	return false;
}
