/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_EGRESS_SOCKETS_H
#define NACRE_EGRESS_SOCKETS_H

#include "specs/egress_names.h"

/*
 * Rules of egress without a filter at the container's cgroup, which takes root of the host: the
 * container has a network namespace of its own that leads nowhere, and what rules allow is an
 * address of that namespace, where the relay listens at the port itself. A server inside cannot
 * have such a port on all addresses.
 */

enum {
	EGRESS_SOCKETS_MAX = 256,
	EGRESS_DNS_PORT = 53, /* which clouds serve at addresses of egress_metadata, too */
};

struct egress_socket {
	/* A single address, or a network: then it listens on every address of the namespace. */
	struct egress_network at;
	uint16_t port;
	bool udp;
};

struct egress_sockets {
	/* With names the first two are the resolver's, by UDP and by TCP. */
	struct egress_socket items[EGRESS_SOCKETS_MAX];
	size_t n;
};

/* What POLICY, which is not open, needs. -ENOTSUP names the rule that cannot be kept in this way,
 * and the remedy; -E2BIG: more sockets than that. */
int egress_sockets_plan(const struct egress_policy *policy, struct egress_sockets *ret_sockets,
	struct nacre_error *err);

/* Whether RULE is one for the container's own loopback, which leads to no relay. */
bool egress_rule_is_loopback(const struct egress_rule *rule);

/* Whether the relay may connect to PORT of ADDRESS by TCP, since a rule has it: as the filter would
 * judge, egress_nowhere and egress_metadata, unless METADATA, apart. */
enum egress_judgement {
	EGRESS_ALLOWED,
	EGRESS_NO_RULE,
	EGRESS_NO_NAME, /* an address that would stand for one */
	EGRESS_IS_NOWHERE,
	EGRESS_IS_METADATA,
};
enum egress_judgement egress_address_judge(const struct egress_policy *policy, bool metadata,
	const struct egress_answer *address, uint16_t port);

/* Whether SOCKET listens on one address alone. */
bool egress_socket_is_single(const struct egress_socket *socket);

#endif
