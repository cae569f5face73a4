/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

enum {
	V4_BITS = 32,
	V6_BITS = 128,
};

struct planning {
	struct egress_sockets *sockets;
	struct nacre_error *err;
};

bool egress_socket_is_single(const struct egress_socket *socket)
{
	return socket->at.prefix == (socket->at.v6 ? V6_BITS : V4_BITS);
}

/* Returns whether both have the same family, protocol and port. A socket on every address leaves no
 * room for another of these. */
static bool meet(const struct egress_socket *a, const struct egress_socket *b)
{
	return a->port == b->port && a->udp == b->udp && a->at.v6 == b->at.v6;
}

static bool covers(const struct egress_socket *there, const struct egress_socket *wanted)
{
	return meet(there, wanted) && (!egress_socket_is_single(there) ||
					      (egress_socket_is_single(wanted) &&
						      !memcmp(there->at.address, wanted->at.address,
							      sizeof(wanted->at.address))));
}

static int add(struct planning *p, const struct egress_socket *wanted)
{
	struct egress_sockets *sockets = p->sockets;
	size_t kept = 0;

	for (size_t i = 0; i < sockets->n; i++)
		if (covers(&sockets->items[i], wanted))
			return 0;
	for (size_t i = 0; i < sockets->n; i++)
		if (egress_socket_is_single(wanted) || !meet(&sockets->items[i], wanted))
			sockets->items[kept++] = sockets->items[i];
	sockets->n = kept;
	if (sockets->n == EGRESS_SOCKETS_MAX)
		return fail(p->err, E2BIG,
			"egress rules: without root on the host, each port of a name or network "
			"needs a socket, and more than %d are needed; allow fewer ports",
			EGRESS_SOCKETS_MAX);
	sockets->items[sockets->n++] = *wanted;
	return 0;
}

static struct egress_network network_of(uint32_t address, uint8_t prefix)
{
	const uint32_t bytes = htonl(address);
	struct egress_network network = {.prefix = prefix};

	memcpy(network.address, &bytes, sizeof(bytes));
	return network;
}

static int add_ports(
	struct planning *p, const struct egress_rule *rule, const struct egress_network *at)
{
	int r = 0;

	for (size_t i = 0; i < rule->n_ports && r == 0; i++)
		for (unsigned port = rule->ports[i].first; port <= rule->ports[i].last && r == 0;
			port++) {
			const struct egress_socket wanted = {*at, (uint16_t)port, rule->udp};

			r = add(p, &wanted);
		}
	return r;
}

static int add_name(
	struct planning *p, const struct egress_policy *policy, const struct egress_rule *rule)
{
	const struct egress_network at =
		rule->wildcard ? network_of(EGRESS_FIRST_BELOW, EGRESS_BELOW_PREFIX)
			       : network_of(egress_names_address(policy, rule->name), V4_BITS);

	if (egress_rule_has_port(rule, EGRESS_RESOLVER_PORT))
		return fail(p->err, EINVAL, EGRESS_RESOLVER_PORT_TAKEN);
	return add_ports(p, rule, &at);
}

bool egress_rule_is_loopback(const struct egress_rule *rule)
{
	static const struct egress_network loopback = {.address = {127}, .prefix = 8};

	return rule->kind == EGRESS_ADDRESS && egress_network_within(&rule->network, &loopback);
}

static int refuse(const struct planning *p, const struct egress_rule *rule, const char *why)
{
	return fail(p->err, ENOTSUP, "egress rule \"%.128s\": %s", rule->text, why);
}

/* Returns whether a socket on every address would take the place of the resolver's. */
static bool takes_resolver(const struct egress_policy *policy, const struct egress_rule *rule)
{
	const struct egress_socket socket = {.at = rule->network};

	return egress_names_any(policy) && !rule->network.v6 && !egress_socket_is_single(&socket) &&
	       egress_rule_has_port(rule, EGRESS_RESOLVER_PORT);
}

static int add_address(
	struct planning *p, const struct egress_policy *policy, const struct egress_rule *rule)
{
	if (egress_rule_is_loopback(rule))
		return 0;
	if (rule->udp)
		return refuse(p, rule, "a rule for UDP needs root on the host; allow TCP instead");
	if (!rule->n_ports)
		return refuse(p, rule,
			"without root on the host, a rule for addresses must name its ports: "
			"CIDR:PORT");
	for (size_t i = 0; i < egress_n_nowhere; i++)
		if (egress_network_within(&rule->network, &egress_nowhere[i]))
			return refuse(p, rule,
				"without root on the host, the relay cannot reach these addresses; "
				"leave it out");
	if (takes_resolver(policy, rule))
		return refuse(p, rule,
			"nacre's resolver uses port 53 inside the container; give single "
			"addresses, or no names");
	return add_ports(p, rule, &rule->network);
}

/* Adds both sockets of the resolver. */
static int add_resolver(struct planning *p)
{
	const struct egress_socket udp = {
		network_of(EGRESS_RESOLVER, V4_BITS), EGRESS_RESOLVER_PORT, true};
	const struct egress_socket tcp = {
		network_of(EGRESS_RESOLVER, V4_BITS), EGRESS_RESOLVER_PORT, false};
	int r = add(p, &udp);

	return r < 0 ? r : add(p, &tcp);
}

int egress_sockets_plan(const struct egress_policy *policy, struct egress_sockets *ret_sockets,
	struct nacre_error *err)
{
	struct planning p = {ret_sockets, err};
	int r = 0;

	ret_sockets->n = 0;
	if (egress_names_any(policy))
		r = add_resolver(&p);
	for (size_t i = 0; i < policy->n_rules && r == 0; i++)
		r = policy->rules[i].kind == EGRESS_NAME
			    ? add_name(&p, policy, &policy->rules[i])
			    : add_address(&p, policy, &policy->rules[i]);
	return r;
}

/* --- allowed addresses --- */

enum egress_judgement egress_address_judge(const struct egress_policy *policy, bool metadata,
	const struct egress_answer *address, uint16_t port)
{
	const struct egress_answer judged = egress_answer_inner(address);

	if (egress_answer_in(&judged, &egress_names_network, 1))
		return EGRESS_NO_NAME;
	if (egress_answer_in(&judged, egress_nowhere, egress_n_nowhere))
		return EGRESS_IS_NOWHERE;
	if (!metadata && port != EGRESS_DNS_PORT &&
		egress_answer_in(&judged, egress_metadata, egress_n_metadata))
		return EGRESS_IS_METADATA;
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct egress_rule *rule = &policy->rules[i];

		if (rule->kind == EGRESS_ADDRESS && !rule->udp &&
			egress_rule_has_port(rule, port) &&
			egress_answer_in(&judged, &rule->network, 1))
			return EGRESS_ALLOWED;
	}
	return EGRESS_NO_RULE;
}
