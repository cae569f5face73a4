/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress.h"

#include <errno.h>
#include <string.h>

#include "specs/egress_names.h"

/* Lists of egress rules. */

bool egress_rule_names(const struct egress_rule *rule, const char *name)
{
	const size_t length = strlen(name), tail = rule->name ? strlen(rule->name) : 0;

	if (rule->kind != EGRESS_NAME)
		return false;
	if (!rule->wildcard)
		return !strcmp(rule->name, name);
	return length > tail + 1 && name[length - tail - 1] == '.' &&
	       !strcmp(name + length - tail, rule->name);
}

bool egress_rule_has_port(const struct egress_rule *rule, uint16_t port)
{
	for (size_t i = 0; i < rule->n_ports; i++) {
		if (port >= rule->ports[i].first && port <= rule->ports[i].last)
			return true;
	}
	return !rule->n_ports;
}

/* --- reading --- */

struct list {
	struct arena *arena;
	const struct oci_strings *words;
	struct egress_policy policy;
	bool none;
	struct nacre_error *err;
};

static bool have(const struct egress_policy *policy, const char *text)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		if (!strcmp(policy->rules[i].text, text))
			return true;
	}
	return false;
}

static int add(struct list *l, const char *word)
{
	struct egress_policy *policy = &l->policy;
	struct egress_rule rule;
	int r = egress_rule_parse(l->arena, word, &rule, l->err);

	if (r < 0 || have(policy, rule.text))
		return r;
	if (policy->n_rules == EGRESS_RULES_MAX)
		return fail(l->err, E2BIG, "egress rules: a container can have at most %d",
			EGRESS_RULES_MAX);
	policy->rules[policy->n_rules++] = rule;
	return 0;
}

static int check_name_ports(const struct list *l)
{
	uint16_t ports[EGRESS_NAME_PORTS_MAX + 1];

	if (egress_names_ports(&l->policy, ports) <= EGRESS_NAME_PORTS_MAX)
		return 0;
	return fail(l->err, E2BIG,
		"egress rules: the names have more than %d different ports; give addresses instead "
		"of some names",
		EGRESS_NAME_PORTS_MAX);
}

static int check_list(const struct list *l)
{
	const struct egress_policy *policy = &l->policy;

	if (l->none && l->words->n > 1)
		return fail(l->err, EINVAL,
			"egress rule \"none\" cannot stand beside other rules; leave it or the "
			"others out");
	if (policy->open && policy->n_rules)
		return fail(l->err, EINVAL,
			"egress rule \"open\" already allows \"%.128s\"; give only one of them",
			policy->rules[0].text);
	if (policy->private_answers && !policy->open && !policy->n_rules)
		return fail(l->err, EINVAL,
			"egress rule \"private\" applies to the addresses of names; add a rule "
			"with a NAME");
	return check_name_ports(l);
}

int egress_policy_parse(struct arena *arena, const struct oci_strings *words,
	struct egress_policy *ret_policy, struct nacre_error *err)
{
	struct list l = {.arena = arena, .words = words, .err = err};
	const size_t most = words->n < EGRESS_RULES_MAX ? words->n : EGRESS_RULES_MAX;
	int r = 0;

	l.policy.rules = arena_array(arena, most, sizeof(*l.policy.rules));
	if (!l.policy.rules)
		return arena_fail(arena, "egress rules", err);
	for (size_t i = 0; i < words->n && r == 0; i++) {
		const char *word = words->items[i];

		if (!strcmp(word, "none"))
			l.none = true;
		else if (!strcmp(word, "open"))
			l.policy.open = true;
		else if (!strcmp(word, "private"))
			l.policy.private_answers = true;
		else
			r = add(&l, word);
	}
	if (r == 0)
		r = check_list(&l);
	if (r < 0)
		return r;
	*ret_policy = l.policy;
	return 0;
}

int egress_policy_words(struct arena *arena, const struct egress_policy *policy,
	struct oci_strings *ret_words, struct nacre_error *err)
{
	struct oci_strings words = {
		.items = arena_array(arena, policy->n_rules + 2, sizeof(*words.items))};

	if (!words.items)
		return arena_fail(arena, "egress rules", err);
	if (policy->open)
		words.items[words.n++] = "open";
	else if (!policy->n_rules)
		words.items[words.n++] = "none";
	for (size_t i = 0; i < policy->n_rules; i++)
		words.items[words.n++] = policy->rules[i].text;
	if (policy->private_answers)
		words.items[words.n++] = "private";
	*ret_words = words;
	return 0;
}
