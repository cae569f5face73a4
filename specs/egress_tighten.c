/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/egress_reading.h"

/* Checks that one list allows no more than another. A rule that is allowed only in part is refused
 * as a whole, and so is a network that only several rules together cover: an error of this check
 * refuses too much, never too little. */

struct tightening {
	struct arena *arena;
	const struct egress_policy *held;
	struct egress_rule *asked; /* tighten_rule may change it */
	struct nacre_error *err;
};

static int refuse(const struct tightening *t)
{
	return fail(t->err, EPERM, "egress rule \"%.128s\" allows more than the rules in force",
		t->asked->text);
}

/* --- ports --- */

static const struct egress_port_range every_port = {0, UINT16_MAX};

static const struct egress_port_range *ports(const struct egress_rule *rule, size_t *ret_n)
{
	*ret_n = rule->n_ports ? rule->n_ports : 1;
	return rule->n_ports ? rule->ports : &every_port;
}

/* Returns the last port of RULE's range that contains PORT, or -1. */
static int range_end(const struct egress_rule *rule, int port)
{
	size_t n;
	const struct egress_port_range *range = ports(rule, &n);

	for (size_t i = 0; i < n; i++) {
		if (port >= range[i].first && port <= range[i].last)
			return range[i].last;
	}
	return -1;
}

/* Returns whether those of the N_HELD rules that COVER the destination of ASKED together have all
 * of its ports. */
static bool have_ports(const struct egress_rule *held, size_t n_held,
	const struct egress_rule *asked,
	bool (*cover)(const struct egress_rule *held, const struct egress_rule *asked))
{
	size_t n;
	const struct egress_port_range *range = ports(asked, &n);

	for (size_t i = 0; i < n; i++) {
		for (int port = range[i].first; port <= range[i].last; port++) {
			int last = -1;

			for (size_t k = 0; k < n_held; k++) {
				const int end = cover(&held[k], asked) ? range_end(&held[k], port)
								       : -1;

				last = end > last ? end : last;
			}
			if (last < 0)
				return false;
			port = last;
		}
	}
	return true;
}

/* --- what a rule covers, apart from ports --- */

static bool covers_network(const struct egress_rule *held, const struct egress_rule *asked)
{
	return held->kind == EGRESS_ADDRESS && held->udp == asked->udp &&
	       egress_network_within(&asked->network, &held->network);
}

static bool covers_name(const struct egress_rule *held, const struct egress_rule *asked)
{
	if (held->kind != EGRESS_NAME || (asked->unchecked && !held->unchecked))
		return false;
	/* *.a.b is covered by *.b and by itself, but b is not covered by *.b. */
	return (held->wildcard == asked->wildcard && !strcmp(held->name, asked->name)) ||
	       (held->wildcard && egress_rule_names(held, asked->name));
}

static bool covers_name_anywhere(const struct egress_rule *held, const struct egress_rule *asked)
{
	return covers_name(held, asked) && !held->n_within;
}

/* Returns whether HELD allows addresses that the name may lead to: by TCP, or by the networks of a
 * name. */
static bool covers_addresses(const struct egress_rule *held, const struct egress_rule *asked)
{
	return held->kind == EGRESS_ADDRESS ? !held->udp
					    : covers_name(held, asked) && held->n_within;
}

/* --- names limited to networks --- */

static int add_network(const struct tightening *t, struct egress_network *networks, size_t *n,
	const struct egress_network *network)
{
	for (size_t i = 0; i < *n; i++) {
		if (egress_network_within(network, &networks[i]))
			return 0;
	}
	if (*n == EGRESS_WITHIN_MAX)
		return fail(t->err, E2BIG,
			"egress rule \"%.128s\": more than %d networks are allowed; choose one: "
			"NAME:PORT@CIDR",
			t->asked->text, EGRESS_WITHIN_MAX);
	networks[(*n)++] = *network;
	return 0;
}

/* Finds the networks in which the name may lie. */
static int find_networks(const struct tightening *t, struct egress_network *networks, size_t *ret_n)
{
	const struct egress_policy *held = t->held;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < held->n_rules && r == 0; i++) {
		const struct egress_rule *rule = &held->rules[i];

		if (!have_ports(rule, 1, t->asked, covers_addresses))
			continue;
		if (rule->kind == EGRESS_ADDRESS)
			r = add_network(t, networks, &n, &rule->network);
		for (size_t k = 0; k < rule->n_within && r == 0; k++)
			r = add_network(t, networks, &n, &rule->within[k]);
	}
	*ret_n = n;
	return r;
}

static bool within_one(
	const struct egress_network *network, const struct egress_network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (egress_network_within(network, &networks[i]))
			return true;
	}
	return false;
}

static int limit_name(const struct tightening *t)
{
	struct egress_rule *asked = t->asked;
	struct egress_network *networks = arena_array(
		t->arena, EGRESS_WITHIN_MAX, sizeof(*networks));
	size_t n;
	int r;

	if (!networks)
		return arena_fail(t->arena, "egress rules", t->err);
	r = find_networks(t, networks, &n);
	if (r < 0)
		return r;
	if (n == 0)
		return refuse(t);
	for (size_t i = 0; i < asked->n_within; i++) {
		if (!within_one(&asked->within[i], networks, n))
			return refuse(t);
	}
	if (asked->n_within)
		return 0;
	asked->within = networks;
	asked->n_within = n;
	return egress_rule_write(t->arena, asked, t->err);
}

static int tighten_rule(const struct tightening *t)
{
	const struct egress_policy *held = t->held;

	if (t->asked->kind == EGRESS_ADDRESS)
		return have_ports(held->rules, held->n_rules, t->asked, covers_network) ? 0
											: refuse(t);
	/* A rule with @ allows private addresses; for a name without one only "private" allows
	 * them. */
	if ((held->private_answers || !t->asked->n_within) &&
		have_ports(held->rules, held->n_rules, t->asked, covers_name_anywhere))
		return 0;
	return limit_name(t);
}

static int tighten(struct arena *arena, const struct egress_policy *held,
	const struct egress_policy *asked, struct nacre_error *err)
{
	int r = 0;

	if (held->open)
		return 0;
	if (asked->open)
		return fail(err, EPERM, "egress rule \"open\" allows more than the rules in force");
	if (asked->private_answers && !held->private_answers)
		return fail(
			err, EPERM, "egress rule \"private\" allows more than the rules in force");
	for (size_t i = 0; i < asked->n_rules && r == 0; i++) {
		const struct tightening t = {
			.arena = arena, .held = held, .asked = &asked->rules[i], .err = err};

		r = tighten_rule(&t);
	}
	return r;
}

int egress_policy_tighten(struct arena *arena, const struct oci_strings *held,
	const struct oci_strings *asked, struct oci_strings *ret_words, struct nacre_error *err)
{
	struct egress_policy above = {.open = true}, below;
	int r = held->n ? egress_policy_parse(arena, held, &above, err) : 0;

	if (r == 0)
		r = egress_policy_parse(arena, asked, &below, err);
	if (r == 0)
		r = tighten(arena, &above, &below, err);
	return r < 0 ? r : egress_policy_words(arena, &below, ret_words, err);
}
