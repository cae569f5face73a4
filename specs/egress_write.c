/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/egress_reading.h"

/* Writes the canonical text of a rule. */

const char *egress_network_text(
	const struct egress_network *network, char ret_text[static EGRESS_NETWORK_TEXT])
{
	char address[INET6_ADDRSTRLEN];
	const bool single = network->prefix == (network->v6 ? 128 : 32);

	inet_ntop(network->v6 ? AF_INET6 : AF_INET, network->address, address, sizeof(address));
	if (single)
		(void)snprintf(ret_text, EGRESS_NETWORK_TEXT, network->v6 ? "[%s]" : "%s", address);
	else
		(void)snprintf(ret_text, EGRESS_NETWORK_TEXT, network->v6 ? "[%s/%u]" : "%s/%u",
			address, network->prefix);
	return ret_text;
}

struct writing {
	char text[EGRESS_TEXT_MAX];
	size_t used;
};

static void put(struct writing *w, const char *separator, const char *word)
{
	if (w->used < sizeof(w->text))
		w->used += (size_t)snprintf(
			w->text + w->used, sizeof(w->text) - w->used, "%s%s", separator, word);
}

static void put_ports(struct writing *w, const struct egress_rule *rule)
{
	char range[sizeof("65535-65535")];

	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct egress_port_range *p = &rule->ports[i];

		(void)snprintf(range, sizeof(range), p->first == p->last ? "%u" : "%u-%u", p->first,
			p->last);
		put(w, i ? "," : ":", range);
	}
}

int egress_rule_write(struct arena *arena, struct egress_rule *rule, struct nacre_error *err)
{
	struct writing w = {.used = 0};
	char network[EGRESS_NETWORK_TEXT];

	if (rule->kind == EGRESS_NAME) {
		put(&w, rule->unchecked ? "tcp:" : rule->wildcard ? "*." : "", rule->name);
	} else {
		put(&w, rule->udp ? "udp:" : "", egress_network_text(&rule->network, network));
	}
	put_ports(&w, rule);
	for (size_t i = 0; i < rule->n_within; i++)
		put(&w, i ? "," : "@", egress_network_text(&rule->within[i], network));
	if (w.used >= sizeof(w.text))
		return fail(err, E2BIG, "egress rule \"%.128s\": the rule is longer than %d bytes",
			w.text, EGRESS_TEXT_MAX);
	rule->text = arena_strdup(arena, w.text);
	return rule->text ? 0 : arena_fail(arena, "egress rules", err);
}
