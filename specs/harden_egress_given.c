/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/egress.h"
#include "specs/egress_names.h"
#include "specs/harden_opened.h"
#include "specs/harden_rules.h"

/* A relay connects through the host's network. So rules for it may be given only by those who may
 * give that network: neither by an annotation nor by config.json. */

enum about {
	NAMES, /* only names: a relay handles them, BPF programs the rest */
	ALL, /* all rules: there is only a relay */
};

/* Collects the rules of WORDS that are ABOUT names, or all. */
static int add_rules(struct hardening *h, const struct oci_strings *words, enum about about,
	struct oci_strings *ret_rules)
{
	struct egress_policy rules;
	int r = words->n ? egress_policy_parse(h->arena, words, &rules, h->err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; words->n && i < rules.n_rules; i++)
		if ((about == ALL || rules.rules[i].kind == EGRESS_NAME) &&
			!harden_append_word(h->arena, ret_rules, rules.rules[i].text))
			return harden_out_of_memory(h);
	if (words->n && rules.private_answers && !oci_strings_have(ret_rules, "private") &&
		!harden_append_word(h->arena, ret_rules, "private"))
		return harden_out_of_memory(h);
	return 0;
}

/* Collects the rules given by those who may give the host's network. Parses each word on its own:
 * "none" of one list may stand beside rules of another. */
static int find_given(struct hardening *h, enum about about, struct oci_strings *ret_rules)
{
	const struct harden_request *request = h->request;
	int r = 0;

	for (size_t i = 0; i < request->egress_given.n && r == 0; i++) {
		const struct oci_strings one = {&request->egress_given.items[i], 1};

		if (!strcmp(one.items[0], "private"))
			r = harden_append_word(h->arena, ret_rules, "private")
				    ? 0
				    : harden_out_of_memory(h);
		else
			r = add_rules(h, &one, about, ret_rules);
	}
	for (size_t i = 0; i < request->grants.n && r == 0; i++) {
		const char *rule = harden_grant_item(request->grants.items[i], "egress");
		const struct oci_strings one = {&rule, rule ? 1 : 0};

		r = add_rules(h, &one, about, ret_rules);
	}
	return r;
}

/* Returns whether GIVEN allows all of ASKED without further limits: a name whose addresses are in a
 * given network was not itself given. */
static bool are_given(
	struct hardening *h, const struct oci_strings *asked, const struct oci_strings *given)
{
	struct oci_strings held;
	struct nacre_error ignored; /* a list may be invalid, as without a name */

	return egress_policy_tighten(h->arena, given, asked, &held, &ignored) == 0 &&
	       oci_strings_same(asked, &held);
}

/* Returns whether all rules of WORDS that are ABOUT names, or all, were given. 1, 0 or -errno. */
static int is_given(struct hardening *h, const struct oci_strings *words, enum about about)
{
	struct oci_strings asked = {.n = 0}, given = {.n = 0};
	int r = add_rules(h, words, about, &asked);

	if (r == 0)
		r = find_given(h, about, &given);
	if (r < 0)
		return r;
	return asked.n == 0 || (given.n && are_given(h, &asked, &given));
}

/* Profile oci applies config.json unchanged. */
static bool takes_config(const struct harden_request *request)
{
	return !request->egress.n && !profile_hardens(profile_find(request->profile));
}

int harden_check_names(struct hardening *h, const struct oci_strings *words)
{
	int r;

	if (!oci_has_new_namespace(h->config, "network") || h->request->egress_stays ||
		!egress_names_in(words) || takes_config(h->request) ||
		(harden_takes_grants(h->request, RULE_host_network) &&
			harden_granted(h, "host-network")))
		return 0;
	r = is_given(h, words, NAMES);
	if (r != 0)
		return r < 0 ? r : 0;
	return harden_refuse(h, "host-network", "egress rules",
		"connections to names go through the host's network, and only --egress or the "
		"policy can give that to a container with a network namespace of its own");
}

int harden_egress_check_relay(struct arena *arena, const struct oci_config *config,
	const struct harden_request *request, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};
	int r;

	if (takes_config(request) || !oci_has_new_namespace(config, "network") ||
		harden_has_grant(request, RULE_host_network, "host-network"))
		return 0;
	r = is_given(&h, &config->nacre->egress, ALL);
	if (r != 0)
		return r < 0 ? r : 0;
	return fail(err, EPERM,
		"egress rules: without root and a cgroup, connections go through the host's "
		"network, and only --egress or the policy can give that to a container with a "
		"network namespace of its own; give the rules by --egress");
}
