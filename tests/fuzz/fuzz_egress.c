/* SPDX-License-Identifier: Apache-2.0 */
/* Two lists of rules, words with blanks between them, and NUL between the lists: what holds, and
 * what somebody asks for who may only tighten. A rule has one canonical text; and of what is
 * settled nothing is allowed that is not by what holds, as a simple judge sees it, who knows no
 * rules but destinations. */
#include "specs/egress.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST = 12, /* of names, addresses and ports that are tried */
};

struct address {
	uint8_t bytes[16];
	bool v6;
};

struct destination {
	const char *name; /* NULL: the address itself */
	struct address address; /* of a name: what it leads to */
	uint16_t port;
	bool udp;
	bool checked; /* the name is asked for by TLS or HTTP */
};

/* --- the judge --- */

static bool any_has(const struct egress_network *networks, size_t n, const struct address *address)
{
	for (size_t i = 0; i < n; i++) {
		if (egress_network_has(&networks[i], address->bytes, address->v6))
			return true;
	}
	return false;
}

static bool rule_allows(const struct egress_policy *policy, const struct egress_rule *rule,
	const struct destination *to)
{
	if (!egress_rule_has_port(rule, to->port))
		return false;
	/* A name is no more than a way to an address. */
	if (rule->kind == EGRESS_ADDRESS)
		return rule->udp == to->udp && any_has(&rule->network, 1, &to->address);
	if (!to->name || to->udp || !egress_rule_names(rule, to->name))
		return false;
	if (!to->checked && !rule->unchecked)
		return false;
	if (rule->n_within)
		return any_has(rule->within, rule->n_within, &to->address);
	return policy->private_answers || !any_has(egress_private, egress_n_private, &to->address);
}

static bool allows(const struct egress_policy *policy, const struct destination *to)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		if (rule_allows(policy, &policy->rules[i], to))
			return true;
	}
	return policy->open;
}

/* --- what is tried: what the rules name, and what lies beside --- */

struct trials {
	const char *names[MOST];
	size_t n_names;
	struct address addresses[MOST];
	size_t n_addresses;
	uint16_t ports[MOST];
	size_t n_ports;
};

static void try_address(struct trials *t, const struct egress_network *network)
{
	struct address first = {.v6 = network->v6}, last = first;
	const size_t size = network->v6 ? 16 : 4;

	memcpy(first.bytes, network->address, sizeof(first.bytes));
	last = first;
	for (size_t i = network->prefix; i < 8 * size; i++)
		last.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (t->n_addresses + 2 > MOST)
		return;
	t->addresses[t->n_addresses++] = first;
	t->addresses[t->n_addresses++] = last;
}

static void try_port(struct trials *t, unsigned port)
{
	if (t->n_ports < MOST && port >= 1 && port <= UINT16_MAX)
		t->ports[t->n_ports++] = (uint16_t)port;
}

static void try_name(struct arena *arena, struct trials *t, const char *name)
{
	if (t->n_names + 2 > MOST)
		return;
	t->names[t->n_names++] = name;
	t->names[t->n_names++] = arena_printf(arena, "x.%s", name);
	require_of(t->names[t->n_names - 1], "memory", name);
}

static void collect(struct arena *arena, struct trials *t, const struct egress_policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct egress_rule *rule = &policy->rules[i];

		if (rule->name)
			try_name(arena, t, rule->name);
		else
			try_address(t, &rule->network);
		for (size_t k = 0; k < rule->n_within; k++)
			try_address(t, &rule->within[k]);
		for (size_t k = 0; k < rule->n_ports; k++) {
			try_port(t, rule->ports[k].first);
			try_port(t, rule->ports[k].last + 1u);
		}
	}
}

static void compare(const struct egress_policy *settled, const struct egress_policy *held,
	const struct trials *t, struct destination *to)
{
	for (size_t i = 0; i < t->n_ports; i++) {
		for (unsigned bits = 0; bits < 4; bits++) {
			to->port = t->ports[i];
			to->udp = bits & 1;
			to->checked = bits & 2;
			require_of(!allows(settled, to) || allows(held, to),
				"what is settled allows no more than what holds",
				to->name ? to->name : "an address");
		}
	}
}

static void check_tightened(
	struct arena *arena, const struct egress_policy *settled, const struct egress_policy *held)
{
	static const struct egress_network others[] = {
		{.address = {10, 1, 2, 3}, .prefix = 32},
		{.address = {1, 1, 1, 1}, .prefix = 32},
		{.address = {0xfd}, .prefix = 8, .v6 = true},
	};
	struct trials t = {.names = {NULL}, .n_names = 1, .ports = {443, 80}, .n_ports = 2};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		try_address(&t, &others[i]);
	collect(arena, &t, settled);
	collect(arena, &t, held);
	for (size_t i = 0; i < t.n_names; i++) {
		for (size_t k = 0; k < t.n_addresses; k++) {
			struct destination to = {.name = t.names[i], .address = t.addresses[k]};

			compare(settled, held, &t, &to);
		}
	}
}

/* --- the input --- */

static struct oci_strings split(struct arena *arena, const char *text)
{
	struct oci_strings list = {.items = arena_array(arena, strlen(text) + 1, sizeof(char *))};

	for (text += strspn(text, " "); list.items && *text; text += strspn(text, " ")) {
		const size_t length = strcspn(text, " ");

		list.items[list.n] = arena_strndup(arena, text, length);
		require_of(list.items[list.n++], "memory", text);
		text += length;
	}
	return list;
}

static void check_canonical(struct arena *arena, const struct oci_strings *words)
{
	struct egress_rule rule, again;
	struct nacre_error err = {0};

	for (size_t i = 0; i < words->n; i++) {
		if (egress_rule_parse(arena, words->items[i], &rule, &err) < 0) {
			require_of(
				err.code && err.text[0], "a refusal has a reason", words->items[i]);
			continue;
		}
		require_of(egress_rule_parse(arena, rule.text, &again, &err) == 0 &&
				   !strcmp(again.text, rule.text) &&
				   again.n_ports == rule.n_ports && again.n_within == rule.n_within,
			"a canonical text is its own", rule.text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64 * 1024 * 1024);
	const char *text = arena ? arena_strndup(arena, (const char *)data, size) : NULL;
	const char *second = text && strlen(text) < size
				     ? arena_strndup(arena, (const char *)data + strlen(text) + 1,
					       size - strlen(text) - 1)
				     : NULL;
	struct oci_strings held, asked, words;
	struct egress_policy above = {.open = true}, settled;
	struct nacre_error err = {0};

	if (text && second) {
		held = split(arena, text);
		asked = split(arena, second);
		check_canonical(arena, &held);
		check_canonical(arena, &asked);
		if (egress_policy_tighten(arena, &held, &asked, &words, &err) == 0) {
			require_of(egress_policy_parse(arena, &words, &settled, &err) == 0,
				"what is settled can be read", err.text);
			require_of(!held.n || egress_policy_parse(arena, &held, &above, &err) == 0,
				"what holds can be read", err.text);
			check_tightened(arena, &settled, &above);
		}
	}
	arena_free(arena);
	return 0;
}
